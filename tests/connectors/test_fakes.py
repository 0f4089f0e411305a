"""What the fakes' common frame does, over real HTTP."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator

import httpx
import pytest

from connectors.fakes import hubspot
from connectors.fakes.every import Street, every_fake
from connectors.fakes.faults import Fault, FaultKind
from connectors.fakes.hubspot import TOKEN, FakeHubSpot
from connectors.fakes.serving import serve
from connectors.registry import connectors
from tests.support.patience import PATIENCE

_AUTH = {"Authorization": f"Bearer {TOKEN}"}
_DELETE = "/crm/v3/objects/contacts/gdpr-delete"


@pytest.fixture
def fake() -> FakeHubSpot:
    """Return a fake with one contact."""
    fake = hubspot.app()
    fake.seed([{"id": "1", "properties": {"email": "a@b.example"}}])
    return fake


@pytest.fixture
def client(fake: FakeHubSpot) -> Iterator[httpx.Client]:
    """Lend a client at the served fake."""
    with (
        serve(fake) as url,
        httpx.Client(base_url=url, headers=_AUTH, timeout=PATIENCE) as client,
    ):
        yield client


def delete(client: httpx.Client, timeout: float = PATIENCE) -> httpx.Response:
    """Ask for the erasure of contact 1."""
    return client.post(_DELETE, json={"objectId": "1"}, timeout=timeout)


@pytest.mark.parametrize(
    ("kind", "status", "is_done"),
    [
        (FaultKind.THROTTLE, 429, False),
        (FaultKind.BUSY, 503, False),
        (FaultKind.FAIL, 500, False),
        (FaultKind.DIE, 503, False),
        (FaultKind.UNAUTHORISED, 401, False),
        (FaultKind.FORBIDDEN, 403, False),
        (FaultKind.REDIRECT, 307, False),
        (FaultKind.FAIL_AFTER, 500, True),
        (FaultKind.GARBAGE, 200, True),
        (FaultKind.LIE, 204, False),
        (FaultKind.STALL, None, False),
        (FaultKind.STALL_AFTER, None, True),
        (FaultKind.LOSE_ANSWER, None, True),
        (FaultKind.TRUNCATE, None, True),
    ],
)
def test_fault_does_what_its_name_says(
    kind: FaultKind,
    status: int | None,
    is_done: bool,  # noqa: FBT001 (a column of the table)
    client: httpx.Client,
    fake: FakeHubSpot,
) -> None:
    """Each fault answers as it should, and the effect took place or did not."""
    fake.faults.add(Fault(kind=kind))
    stalls = kind in {FaultKind.STALL, FaultKind.STALL_AFTER}

    try:
        # Long enough for what it does before it stalls, also on a slow machine.
        got = delete(client, 1 if stalls else PATIENCE).status_code
    except httpx.TransportError:
        got = None

    assert got == status
    assert ("1" not in fake.data["contacts"]) is is_done


def test_fault_is_aimed_counted_and_delayed(
    client: httpx.Client, fake: FakeHubSpot
) -> None:
    """A fault strikes its operation after the skipped requests, and then no more."""
    fake.faults.add(
        Fault(kind=FaultKind.FAIL, operation="gdpr_delete", skip=1, times=1)
    )

    statuses = [delete(client).status_code for _ in range(3)]

    assert client.get("/account-info/v3/details").status_code == 200
    assert statuses == [204, 500, 404]


def test_other_processes_drive_a_fake(client: httpx.Client, fake: FakeHubSpot) -> None:
    """Seeding, faults, state and log are reached over HTTP, and are not logged."""
    client.post("/_control/reset")
    client.post("/_control/seed", json=[{"id": "9", "properties": {}}])
    client.post("/_control/faults", json=[{"kind": "fail", "times": None}])
    failed = client.get("/account-info/v3/details?x=1").status_code
    client.delete("/_control/faults")
    worked = client.get("/account-info/v3/details").status_code

    assert [*client.get("/_control/state").json()["contacts"]] == ["9"]
    assert (failed, worked) == (500, 200)
    assert [it["query"] for it in client.get("/_control/log").json()] == ["x=1", ""]
    assert len(fake.log) == 2


def test_unknown_path_is_not_worded_like_the_vendor(client: httpx.Client) -> None:
    """Whatever stands at a wrong URL does not speak the vendor's language."""
    answer = client.get("/wrong/crm/v3/objects/contacts")

    assert answer.status_code == 404
    assert answer.headers["content-type"].startswith("text/plain")


def test_every_fake_stands_on_one_port_below_its_name() -> None:
    """One port serves all fakes, and the URLs they give keep their prefix."""
    fakes = every_fake()
    with serve(Street(fakes)) as url:
        klaviyo = httpx.get(
            f"{url}/klaviyo/api/accounts",
            headers={
                "Authorization": "Klaviyo-API-Key klaviyo-key",
                "revision": "2026-07-15",
            },
        )
        nobody = httpx.get(f"{url}/nobody/api")

    link = klaviyo.json()["data"][0]["links"]["self"]
    assert link.startswith(f"{url}/klaviyo/api/accounts/")
    assert nobody.status_code == 404
    speaking = {name for name, it in connectors().items() if it.spec.operations}
    # A participant has no HTTP of its own; its fake only hears what is published.
    assert {*fakes} == speaking | {"participant"}


def test_fakes_serve_as_a_command_and_stop_when_told() -> None:
    """`python -m connectors.fakes` prints where each fake is and ends on SIGTERM."""
    command = [sys.executable, "-m", "connectors.fakes", "--port", "0"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        places = dict(process.stdout.readline().split() for _ in range(4))
        answer = httpx.get(f"{places['hubspot']}/_control/state")
        process.terminate()
        status = process.wait(timeout=PATIENCE)

    assert answer.json() == {"contacts": {}, "blocklist": []}
    assert status == 0
