"""The fake Mixpanel refuses what the real one would."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from connectors.fakes import mixpanel
from connectors.fakes.mixpanel import FakeMixpanel
from tests.connectors.mixpanel_project import (
    MixpanelProject,
)


class TestFake(MixpanelProject):
    """The fake refuses what Mixpanel would refuse."""

    @pytest.fixture
    def client(
        self, fake: FakeMixpanel, served: tuple[FakeMixpanel, str]
    ) -> Iterator[httpx.Client]:
        """Lend a client that obeys the rules for every request."""
        assert fake.data["people"]
        headers = {"authorization": f"Bearer {mixpanel.OAUTH_TOKEN}"}
        token = {"token": mixpanel.PROJECT_TOKEN}
        with httpx.Client(
            base_url=served[1], headers=headers, params=token, trust_env=False
        ) as client:
            yield client

    @pytest.mark.parametrize(
        ("path", "body", "status"),
        [
            pytest.param("deletions", {}, 400, id="no ids"),
            pytest.param("deletions", {"distinct_ids": []}, 400, id="empty"),
            pytest.param("deletions", {"distinct_ids": "1"}, 400, id="no list"),
            pytest.param("deletions", {"distinct_ids": [1]}, 400, id="number"),
            pytest.param("deletions", {"distinct_ids": ["1"] * 1999}, 201, id="most"),
            pytest.param("deletions", {"distinct_ids": ["1"] * 2000}, 400, id="many"),
            pytest.param("retrievals", {"distinct_ids": ["1"] * 2000}, 201, id="copy"),
            pytest.param("retrievals", {"distinct_ids": ["1"] * 2001}, 400, id="too"),
            pytest.param(
                "deletions",
                {"distinct_ids": ["1"], "compliance_type": "LGPD"},
                400,
                id="other law",
            ),
        ],
    )
    def test_job_is_made_only_of_documented_lists(
        self, client: httpx.Client, path: str, body: dict[str, Any], status: int
    ) -> None:
        """Up to 1999 ids for a deletion, 2000 for a retrieval, all strings."""
        answer = client.post(f"/data-{path}/v3.0", json=body)

        assert answer.status_code == status

    @pytest.mark.parametrize(
        ("headers", "token", "status"),
        [
            pytest.param({"authorization": ""}, None, 401, id="no bearer"),
            pytest.param({"authorization": "Basic eDo="}, None, 401, id="basic"),
            pytest.param({}, "other", 403, id="another project"),
        ],
    )
    def test_wrong_credentials_are_refused(
        self,
        client: httpx.Client,
        headers: dict[str, str],
        token: str | None,
        status: int,
    ) -> None:
        """The OAuth token and the project's own token are both needed."""
        query = {"token": token} if token else {}

        answer = client.get("/data-deletions/v3.0/1", headers=headers, params=query)

        assert answer.status_code == status

    def test_file_is_refused_to_whoever_sends_credentials(
        self, client: httpx.Client, fake: FakeMixpanel
    ) -> None:
        """The download must not carry our token to another host."""
        fake.data["files"]["1"] = []

        with_token = client.get("/exports/1")
        without = httpx.get(f"{client.base_url}/exports/1", trust_env=False)

        assert (with_token.status_code, without.status_code) == (401, 200)
