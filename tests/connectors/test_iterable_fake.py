"""The fake Iterable refuses what the real one would."""

from __future__ import annotations

from collections.abc import Iterator

import httpx
import pytest

from connectors.fakes import iterable
from connectors.fakes.iterable import FakeIterable
from connectors.testing import CANARY
from tests.connectors.iterable_project import IterableProject

EMAIL = {"email": CANARY.email}
USER_ID = {"userId": CANARY.reference}


class TestFake(IterableProject):
    """Each rule that the connector works around holds in the fake."""

    @pytest.fixture
    def client(
        self, fake: FakeIterable, served: tuple[FakeIterable, str]
    ) -> Iterator[httpx.Client]:
        """Lend a client with the project's key."""
        assert fake.data["profiles"]
        headers = {"api-key": iterable.API_KEY}
        with httpx.Client(
            base_url=f"{served[1]}/api", headers=headers, trust_env=False
        ) as client:
            yield client

    @pytest.mark.parametrize(
        ("project", "body", "status"),
        [
            pytest.param("email", EMAIL, 200, id="e-mail"),
            pytest.param("email", USER_ID, 400, id="id in an e-mail project"),
            pytest.param("user_id", USER_ID, 200, id="id"),
            pytest.param("user_id", EMAIL, 400, id="e-mail in an id project"),
            pytest.param("hybrid", EMAIL, 200, id="hybrid"),
            pytest.param("hybrid", {**EMAIL, **USER_ID}, 400, id="both at once"),
            pytest.param("hybrid", {}, 400, id="nobody"),
        ],
    )
    def test_forgetting_takes_one_key_of_the_project(
        self,
        client: httpx.Client,
        fake: FakeIterable,
        project: str,
        body: dict[str, str],
        status: int,
    ) -> None:
        """How people are told apart is the project's own setting."""
        fake.command("project", project)

        assert client.post("/users/forget", json=body).status_code == status

    def test_thousand_a_day_is_the_most(
        self, client: httpx.Client, fake: FakeIterable
    ) -> None:
        """The next day begins anew."""
        fake.data["forgets_left"] = 1
        statuses = [
            client.post("/users/forget", json=EMAIL).status_code for _ in range(2)
        ]
        fake.command("day", None)

        assert statuses == [200, 429]
        assert client.post("/users/forget", json=EMAIL).status_code == 200

    @pytest.mark.parametrize(
        ("project", "path"),
        [("user_id", "/users/forgotten"), ("email", "/users/forgottenUserIds")],
    )
    def test_list_of_the_other_kind_is_an_error(
        self, client: httpx.Client, fake: FakeIterable, project: str, path: str
    ) -> None:
        """An e-mail project has no forgotten user ids."""
        fake.command("project", project)

        assert client.get(path).status_code == 400

    def test_deletion_of_nobody_is_refused_in_its_own_words(
        self, client: httpx.Client
    ) -> None:
        """Deleting tells, reading does not: an empty object is nobody."""
        deleted = client.delete("/users/nobody@birds.example")
        read = client.get("/users/nobody@birds.example")

        assert deleted.status_code == 400
        assert deleted.json()["msg"].startswith("User does not exist")
        assert (read.status_code, read.json()) == (200, {})

    def test_deletion_ends_behind_the_call(
        self, client: httpx.Client, fake: FakeIterable
    ) -> None:
        """The profile is there until Iterable has come to it, and may come back."""
        client.delete(f"/users/{CANARY.email.replace('+', '%2B')}")
        there = len(fake.data["profiles"])
        fake.command("process", None)
        gone = len(fake.data["profiles"])
        fake.command("event", EMAIL)

        assert (there, gone, len(fake.data["profiles"])) == (2, 1, 2)

    def test_other_key_is_refused(self, client: httpx.Client) -> None:
        """A request without the key gets nothing."""
        answer = client.get("/channels", headers={"api-key": "other"})

        assert answer.status_code == 401
