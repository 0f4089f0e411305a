"""The fake commercetools refuses what the real one would."""

from __future__ import annotations

from collections.abc import Iterator

import httpx
import pytest

from connectors.fakes.commercetools import CLIENT_ID, CLIENT_SECRET, FakeCommercetools
from connectors.fakes.commercetools_records import a_record, a_shopper, an_id
from tests.connectors.commercetools_shop import Shop

ANNA = "anna@birds.example"
ANNAS_ID = an_id("customers", ANNA)
FORM = {"grant_type": "client_credentials"}


class TestFake(Shop):
    """The fake obeys the documented rules."""

    @pytest.fixture
    def client(
        self, fake: FakeCommercetools, served: tuple[FakeCommercetools, str]
    ) -> Iterator[httpx.Client]:
        """Lend a client with a token for everything."""
        fake.seed([*a_shopper(ANNA, orders=30), *a_shopper("bob@birds.example")])
        with httpx.Client(base_url=served[1], trust_env=False) as client:
            token = client.post(
                "/oauth/token", data=FORM, auth=(CLIENT_ID, CLIENT_SECRET)
            ).json()
            client.headers["authorization"] = f"Bearer {token['access_token']}"
            yield client

    @pytest.mark.parametrize(
        ("form", "secret", "status"),
        [
            pytest.param(FORM, "wrong", 401, id="secret"),
            pytest.param({"grant_type": "password"}, CLIENT_SECRET, 400, id="grant"),
        ],
    )
    def test_token_takes_the_clients_own_secret(
        self, client: httpx.Client, form: dict[str, str], secret: str, status: int
    ) -> None:
        """A wrong secret or another grant gives no token."""
        answer = client.post("/oauth/token", data=form, auth=(CLIENT_ID, secret))

        assert answer.status_code == status

    def test_unknown_token_is_refused(self, client: httpx.Client) -> None:
        """A token that was never given, or has ended, opens nothing."""
        client.headers["authorization"] = "Bearer invented"

        answer = client.get("/a-shop")

        assert answer.status_code == 401
        assert answer.json()["errors"][0]["code"] == "invalid_token"

    def test_token_opens_its_own_project_only(self, client: httpx.Client) -> None:
        """Another project's key is out of the token's scope."""
        assert client.get("/a-shop").json()["key"] == "a-shop"
        assert client.get("/other-shop").status_code == 403

    @pytest.mark.parametrize(
        "query",
        [
            pytest.param({"limit": "501"}, id="page too large"),
            pytest.param({"limit": "ten"}, id="no number"),
            pytest.param({"offset": "10001"}, id="too far"),
            pytest.param({"sort": "password asc"}, id="unknown order"),
            pytest.param({"where": "email = :email"}, id="variable missing"),
            pytest.param({"where": "email like 'a'"}, id="unknown operator"),
            pytest.param({"where": 'email = "a" and'}, id="unfinished"),
            pytest.param({"where": 'email = "a")'}, id="closed too often"),
            pytest.param({"where": 'email = ("a", "b")'}, id="several for one"),
            pytest.param({"where": "email = a"}, id="bare word"),
        ],
    )
    def test_malformed_query_is_refused(
        self, client: httpx.Client, query: dict[str, str]
    ) -> None:
        """What the vendor cannot read is a 400, never everybody."""
        answer = client.get("/a-shop/customers", params={"sort": "id asc", **query})

        assert answer.status_code == 400
        assert answer.json()["errors"][0]["code"] == "InvalidInput"

    @pytest.mark.parametrize(
        ("where", "count"),
        [
            pytest.param(f'lowercaseEmail = "{ANNA}"', 1, id="equal"),
            pytest.param('email in ("anna@birds.example", "x")', 1, id="in"),
            pytest.param('email = "x" or email is defined', 2, id="or"),
            pytest.param("email is not defined", 0, id="not defined"),
            pytest.param('(email = "x" or version = "1") and email = "x"', 0, id="and"),
        ],
    )
    def test_predicate_matches_as_documented(
        self, client: httpx.Client, where: str, count: int
    ) -> None:
        """The few forms that are understood mean what the vendor says."""
        query = {"where": where, "sort": "id asc"}

        answer = client.get("/a-shop/customers", params=query)

        assert answer.json()["count"] == count

    def test_pages_are_of_twenty_unless_asked(self, client: httpx.Client) -> None:
        """A page holds twenty by default; the total is counted unless told not to."""
        first = client.get("/a-shop/orders", params={"sort": "id asc"}).json()
        query = {"sort": "id asc", "offset": "20", "withTotal": "false"}
        second = client.get("/a-shop/orders", params=query).json()

        assert (first["count"], first["total"], second["count"]) == (20, 31, 11)
        assert "total" not in second

    @pytest.mark.parametrize(
        ("query", "status"),
        [
            pytest.param({}, 400, id="no version"),
            pytest.param({"version": "7"}, 409, id="another version"),
            pytest.param({"version": "1"}, 200, id="its version"),
        ],
    )
    def test_deletion_takes_the_current_version(
        self,
        query: dict[str, str],
        status: int,
        client: httpx.Client,
        fake: FakeCommercetools,
    ) -> None:
        """A stale or missing version deletes nothing; a conflict names the current."""
        answer = client.delete(f"/a-shop/customers/{ANNAS_ID}", params=query)

        assert answer.status_code == status
        assert (ANNAS_ID in fake.objects("customers")) == (status != 200)
        if status == 409:
            assert answer.json()["errors"][0]["currentVersion"] == 1

    def test_plain_deletion_leaves_the_messages(
        self, client: httpx.Client, fake: FakeCommercetools
    ) -> None:
        """Only `dataErasure` takes an object's messages with it."""
        fake.seed([a_record("customers", id="kept")])
        before = len(fake.objects("messages"))

        client.delete(f"/a-shop/customers/{ANNAS_ID}", params={"version": "1"})

        assert len(fake.objects("messages")) == before
        assert fake.data["erased"] == [
            {"kind": "customers", "id": ANNAS_ID, "data_erasure": False}
        ]

    def test_unknown_id_is_not_found(self, client: httpx.Client) -> None:
        """An id nobody has is the vendor's own kind of 404."""
        answer = client.get("/a-shop/orders/none")

        assert answer.status_code == 404
        assert answer.json()["errors"][0]["code"] == "ResourceNotFound"
