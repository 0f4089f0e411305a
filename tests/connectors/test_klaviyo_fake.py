"""The fake Klaviyo refuses what the real one would."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from connectors.fakes import klaviyo
from connectors.fakes.klaviyo import FakeKlaviyo
from connectors.testing import (
    CANARY,
)
from tests.connectors.klaviyo_account import (
    KlaviyoAccount,
    a_profile,
)

HEADERS = {
    "authorization": f"Klaviyo-API-Key {klaviyo.API_KEY}",
    "revision": "2026-07-15",
}


def a_deletion(**profile: object) -> dict[str, Any]:
    """Return the body of a deletion."""
    data = {"type": "profile", "attributes": {}, **profile}
    attributes = {"profile": {"data": data}}
    job = {"type": "data-privacy-deletion-job", "attributes": attributes}
    return {"data": job}


class TestFake(KlaviyoAccount):
    """The fake refuses what Klaviyo would refuse."""

    @pytest.fixture
    def client(
        self, fake: FakeKlaviyo, served: tuple[FakeKlaviyo, str]
    ) -> Iterator[httpx.Client]:
        """Lend a client that obeys the rules for every request."""
        fake.seed([a_profile(CANARY)])
        with httpx.Client(
            base_url=served[1], headers=HEADERS, trust_env=False
        ) as client:
            yield client

    @pytest.mark.parametrize(
        ("headers", "status"),
        [
            pytest.param({"authorization": "Bearer klaviyo-key"}, 401, id="bearer"),
            pytest.param({"authorization": ""}, 401, id="no key"),
            pytest.param({"revision": ""}, 400, id="no revision"),
            pytest.param({"revision": "2019-01-01"}, 400, id="old revision"),
        ],
    )
    def test_wrong_headers_are_refused(
        self, client: httpx.Client, headers: dict[str, str], status: int
    ) -> None:
        """The key's own scheme and a known revision are both needed."""
        answer = client.get("/api/accounts", headers=headers)

        assert answer.status_code == status

    @pytest.mark.parametrize(
        "query",
        [
            pytest.param({}, id="no filter"),
            pytest.param({"filter": 'equals(first_name,"x")'}, id="other field"),
            pytest.param({"filter": "equals(email,x)"}, id="no quotes"),
            pytest.param(
                {"filter": 'equals(email,"x")', "page[size]": "101"}, id="large page"
            ),
            pytest.param(
                {
                    "filter": f'equals(email,"{CANARY.email}")',
                    "fields[profile]": "shoe_size",
                },
                id="field",
            ),
        ],
    )
    def test_undocumented_search_is_refused(
        self, client: httpx.Client, query: dict[str, str]
    ) -> None:
        """A filter outside the documented ones is an error, not everything."""
        answer = client.get("/api/profiles", params=query)

        assert answer.status_code == 400

    @pytest.mark.parametrize(
        "body",
        [
            pytest.param(a_deletion(), id="nobody"),
            pytest.param(
                a_deletion(id="1", attributes={"email": "a@b.example"}), id="two"
            ),
            pytest.param(a_deletion(attributes={"shoe_size": 7}), id="other"),
            pytest.param({"data": {"type": "profile"}}, id="no job"),
        ],
    )
    def test_deletion_without_exactly_one_identifier_is_refused(
        self, client: httpx.Client, body: dict[str, Any]
    ) -> None:
        """Both id and e-mail is an error, as the vendor says."""
        answer = client.post("/api/data-privacy-deletion-jobs", json=body)

        assert answer.status_code == 400

    def test_deletion_by_email_takes_every_matching_profile(
        self, client: httpx.Client, fake: FakeKlaviyo
    ) -> None:
        """That is why the connector never sends one."""
        fake.seed([a_profile(CANARY, id="second")])
        body = a_deletion(attributes={"email": CANARY.email})

        answer = client.post("/api/data-privacy-deletion-jobs", json=body)
        fake.command("settle", None)

        assert (answer.status_code, answer.content) == (202, b"")
        assert fake.data["profiles"] == {}
