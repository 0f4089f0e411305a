"""The fake Zendesk refuses what the real one would."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, ClassVar

import httpx
import pytest

from connectors.fakes import zendesk
from connectors.fakes.zendesk import FakeZendesk
from connectors.testing import CANARY
from tests.connectors.zendesk_account import ZendeskAccount, a_user, tickets

USER = f"/api/v2/users/{CANARY.reference}"
TRASH = f"/api/v2/deleted_users/{CANARY.reference}"


class TestFake(ZendeskAccount):
    """Each rule that the connector works around holds in the fake."""

    canary: ClassVar[dict[str, Any]] = {"tickets": tickets(41)}

    @pytest.fixture
    def client(
        self, fake: FakeZendesk, served: tuple[FakeZendesk, str]
    ) -> Iterator[httpx.Client]:
        """Lend a client with the account's token."""
        assert fake.data["users"]
        headers = {"authorization": zendesk.AUTHORIZATION}
        with httpx.Client(
            base_url=served[1], headers=headers, trust_env=False
        ) as client:
            yield client

    def test_open_tickets_forbid_a_users_deletion(self, client: httpx.Client) -> None:
        """The refusal is a 422 in Zendesk's own words."""
        answer = client.delete(USER)

        assert answer.status_code == 422
        assert answer.json()["error"] == "RecordInvalid"

    def test_nothing_is_destroyed_that_was_not_deleted_softly(
        self, client: httpx.Client, fake: FakeZendesk
    ) -> None:
        """The second step finds only what the first put into the trash."""
        user = client.delete(TRASH)
        client.delete("/api/v2/deleted_tickets/destroy_many?ids=41")
        fake.command("run", None)

        (job,) = fake.data["jobs"].values()
        assert user.json()["error"] == "RecordNotFound"
        assert [it["success"] for it in job["results"]] == [False]
        assert "41" in fake.data["tickets"]

    @pytest.mark.parametrize(
        ("path", "status"),
        [
            pytest.param("/deleted_tickets/destroy_many", 400, id="no ids"),
            pytest.param("/deleted_tickets/destroy_many?ids=", 400, id="empty"),
            pytest.param("/deleted_tickets/destroy_many?ids=[1]", 400, id="brackets"),
            pytest.param(
                "/deleted_tickets/destroy_many?ids=" + ",".join("1" * 100),
                200,
                id="100",
            ),
            pytest.param(
                "/deleted_tickets/destroy_many?ids=" + ",".join("1" * 101),
                400,
                id="101",
            ),
            pytest.param("/tickets/9", 404, id="no such ticket"),
            pytest.param("/users/9", 404, id="no such user"),
        ],
    )
    def test_deletion_takes_only_documented_lists(
        self, client: httpx.Client, path: str, status: int
    ) -> None:
        """Up to 100 numbers between commas, without brackets."""
        assert client.delete(f"/api/v2{path}").status_code == status

    def test_700_users_in_ten_minutes_are_the_most(
        self, client: httpx.Client, fake: FakeZendesk
    ) -> None:
        """The next one is told how long to wait."""
        fake.seed([a_user(CANARY, active=False)])
        fake.data["users_left"] = 0

        spent = client.delete(TRASH)
        fake.command("pass", None)

        assert (spent.status_code, spent.headers["retry-after"]) == (429, "600")
        assert client.delete(TRASH).status_code == 200

    def test_admin_is_not_deleted(
        self, client: httpx.Client, fake: FakeZendesk
    ) -> None:
        """The account's owner cannot go."""
        fake.seed([a_user(CANARY, role="admin")])

        assert client.delete(USER).status_code == 403

    def test_other_token_is_refused(self, client: httpx.Client) -> None:
        """A request without the token gets nothing."""
        answer = client.get(USER, headers={"authorization": "Bearer other"})

        assert answer.status_code == 401
