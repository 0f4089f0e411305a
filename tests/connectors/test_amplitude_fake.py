"""The imitated Amplitude refuses what Amplitude refuses."""

from __future__ import annotations

from collections.abc import Mapping

import httpx
import pytest

from connectors.fakes.amplitude import ORG_KEY, PROJECT_KEY, FakeAmplitude
from connectors.testing import CANARY
from tests.connectors.amplitude_project import AmplitudeProject

_JOBS = "/api/2/deletions/users"
_COPIES = "/api/2/dsar/requests"
_DAYS = {"start_day": "2026-11-01", "end_day": "2026-12-31"}
_COPY = {"userId": CANARY.reference, "startDate": "2012-01-01", "endDate": "2026-11-20"}


def _pair(key: str) -> tuple[str, str]:
    name, _, word = key.partition(":")
    return name, word


class TestFake(AmplitudeProject):
    """Its rules are the pages'."""

    @pytest.fixture
    def client(
        self,
        fake: FakeAmplitude,  # noqa: ARG002 (seeded)
        served: tuple[FakeAmplitude, str],
    ) -> httpx.Client:
        """Lend a client with the project's key."""
        return httpx.Client(base_url=served[1], auth=_pair(PROJECT_KEY))

    def test_one_unknown_id_fails_the_call_unless_asked_otherwise(
        self, client: httpx.Client, fake: FakeAmplitude
    ) -> None:
        """By default nobody is marked then."""
        body = {"user_ids": [CANARY.reference, "nobody-1"], "requester": "x"}

        refused = client.post(_JOBS, json=body)
        before = dict(fake.data["jobs"])
        taken = client.post(_JOBS, json={**body, "ignore_invalid_id": True})

        assert (refused.status_code, before) == (400, {})
        assert taken.json()[0]["invalid_ids"] == ["nobody-1"]

    @pytest.mark.parametrize(
        "body",
        [
            pytest.param(
                {"user_ids": [str(n) for n in range(101)], "requester": "x"},
                id="too many",
            ),
            pytest.param({"user_ids": [CANARY.reference]}, id="no requester"),
        ],
    )
    def test_undocumented_deletion_is_refused(
        self, body: Mapping[str, object], client: httpx.Client
    ) -> None:
        """A hundred users a call, and somebody who asks."""
        body = {**body, "ignore_invalid_id": True}

        assert client.post(_JOBS, json=body).status_code == 400

    @pytest.mark.parametrize(
        "days",
        [
            pytest.param({"start_day": "2026-11-01"}, id="one day missing"),
            pytest.param({**_DAYS, "start_day": "2026-01-01"}, id="over six months"),
            pytest.param({**_DAYS, "start_day": "2027-01-01"}, id="backwards"),
        ],
    )
    def test_undocumented_days_are_refused(
        self, days: Mapping[str, str], client: httpx.Client
    ) -> None:
        """Jobs are listed for six months at most."""
        assert client.get(_JOBS, params=days).status_code == 400

    def test_each_key_is_good_for_its_own_only(
        self, client: httpx.Client, served: tuple[FakeAmplitude, str]
    ) -> None:
        """Deletions take the project's key, copies the organisation's."""
        organisation = httpx.Client(base_url=served[1], auth=_pair(ORG_KEY))

        statuses = [
            client.get(_JOBS, params=_DAYS).status_code,
            organisation.get(_JOBS, params=_DAYS).status_code,
            client.post(_COPIES, json=_COPY).status_code,
            organisation.post(_COPIES, json=_COPY).status_code,
        ]

        assert statuses == [200, 401, 401, 202]

    def test_object_store_takes_no_credentials(
        self, client: httpx.Client, fake: FakeAmplitude
    ) -> None:
        """A signed link that comes with others is refused."""
        fake.data["copies"]["1"] = {"status": "done", "rows": []}

        with_credentials = client.get("/storage/1")
        without = httpx.get(str(client.base_url.join("/storage/1")))

        assert (with_credentials.status_code, without.status_code) == (401, 200)
