"""The imitated VTEX refuses what VTEX refuses."""

from __future__ import annotations

from collections.abc import Mapping

import httpx
import pytest

from connectors.fakes.vtex import APP_KEY, APP_TOKEN, FakeVtex
from connectors.testing import CANARY
from tests.connectors.vtex_store import PLAIN, VtexStore

_KEY = {"X-VTEX-API-AppKey": APP_KEY}
_TOKEN = {"X-VTEX-API-AppToken": APP_TOKEN}
_ORDERS = "/api/oms/pvt/orders"
_JOBS = "/api/user-rights/forget/jobs"


class TestFake(VtexStore):
    """Its rules are the file's."""

    @pytest.fixture
    def client(
        self,
        fake: FakeVtex,  # noqa: ARG002 (seeded)
        served: tuple[FakeVtex, str],
    ) -> httpx.Client:
        """Lend a client that is signed in."""
        return httpx.Client(base_url=served[1], headers={**_KEY, **_TOKEN})

    @pytest.mark.parametrize(
        "headers",
        [
            pytest.param(_KEY, id="key alone"),
            pytest.param(_TOKEN, id="token alone"),
            pytest.param({**_KEY, "X-VTEX-API-AppToken": "x"}, id="wrong token"),
        ],
    )
    def test_key_and_token_go_together(
        self, headers: Mapping[str, str], served: tuple[FakeVtex, str]
    ) -> None:
        """One header without the other is nobody."""
        answer = httpx.get(f"{served[1]}/api/vlm/account", headers=headers)

        assert answer.status_code == 401

    @pytest.mark.parametrize(
        "query",
        [
            pytest.param({"q": "a+b@birds.example"}, id="plus sign"),
            pytest.param({"q": ""}, id="empty"),
            pytest.param({"q": PLAIN, "per_page": "101"}, id="page too large"),
            pytest.param({"q": PLAIN, "page": "31"}, id="page too far"),
        ],
    )
    def test_undocumented_search_is_refused(
        self, query: Mapping[str, str], client: httpx.Client
    ) -> None:
        """The file sets the limits of the list of orders."""
        assert client.get(_ORDERS, params=query).status_code == 400

    def test_master_data_gives_a_hundred_documents(self, client: httpx.Client) -> None:
        """A range of more is refused."""
        answer = client.get(
            "/api/dataentities/CL/search",
            params={"email": PLAIN},
            headers={"REST-Range": "resources=0-100"},
        )

        assert answer.status_code == 400

    def test_job_for_nobody_ends_with_success(self, client: httpx.Client) -> None:
        """That is why a shopper is searched first."""
        job = client.post(_JOBS, json={"email": "nobody@birds.example"})
        name = job.json()["jobId"]

        states = [client.get(f"{_JOBS}/{name}").json()["status"] for _ in range(2)]

        assert (job.status_code, states) == (201, ["InProgress", "Success"])

    def test_old_order_is_erased_and_never_shown(
        self, client: httpx.Client, fake: FakeVtex
    ) -> None:
        """VTEX shows two years only."""
        fake.seed([{"email": PLAIN, "orders": [{"orderId": "v-1", "old": True}]}])
        shown = client.get(_ORDERS, params={"q": PLAIN}).json()["list"]
        read = client.get(f"{_ORDERS}/v-1")

        client.post(_JOBS, json={"email": PLAIN})
        fake.command("end", None)

        assert [it["orderId"] for it in shown] == [CANARY.reference]
        assert (read.status_code, read.json()["error"]["code"]) == (404, "OMS003")
        assert "v-1" not in fake.data["orders"]

    def test_address_hides_behind_an_alias(self, client: httpx.Client) -> None:
        """By default an order shows nothing of its address."""
        order = client.get(f"{_ORDERS}/{CANARY.reference}").json()

        email = order["clientProfileData"]["email"]
        assert email.endswith("@ct.vtex.com.br")
        assert PLAIN not in email

    @pytest.mark.parametrize("body", [{}, {"email": "x"}, {"email": None}])
    def test_job_without_an_address_is_refused(
        self, body: object, client: httpx.Client
    ) -> None:
        """The file requires an e-mail address."""
        assert client.post(_JOBS, json=body).status_code == 400
