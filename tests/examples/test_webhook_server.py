"""The sample server of the webhook protocol is one: the connector speaks to it."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
)

from connectors.base import (
    Absent,
    Done,
    Evidence,
    Exported,
    NothingFound,
    Present,
)
from connectors.errors import AnswerLost
from connectors.fakes.team_keys import SIGNING, public
from connectors.fakes.webhook import FakeWebhook
from connectors.testing import (
    BYSTANDER,
    CANARY,
    Bench,
    CollectingSink,
    MappingSecrets,
)
from connectors.testing.office import OUR_SIGNING_KEY, Office
from connectors.webhook import Webhook, WebhookOptions
from schemas.connecting import StillOpen
from tests.connectors.in_house import a_member, of
from tests.support.lines_of_code import lines_of_code
from tests.support.processes import free_port, is_listening, wait_until

SERVER = Path(__file__).parents[2] / "examples" / "webhook" / "server.py"


@pytest.fixture
def members(tmp_path: Path) -> Path:
    """Write a file with the canary and a bystander."""
    path = tmp_path / "members.json"
    people = {one.reference: a_member(one) for one in (CANARY, BYSTANDER)}
    path.write_text(json.dumps(people), "utf-8")
    return path


@pytest.fixture
def basket(members: Path) -> str:
    """Let the canary have an order that is not over, before the server starts."""
    known = json.loads(members.read_text("utf-8"))
    known["order-1"] = {**known[CANARY.reference], "is_open": True}
    members.write_text(json.dumps(known), "utf-8")
    return "order-1"


@pytest.fixture
def bench(tmp_path: Path, members: Path) -> Iterator[Bench]:
    """Start the server as a process, and lend the connector at work on it."""
    pem = tmp_path / "team.pem"
    pem.write_bytes(
        SIGNING.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    )
    port, log = free_port(), tmp_path / "server.log"
    command = [SERVER, str(port), members, OUR_SIGNING_KEY, pem]
    with log.open("wb") as output:
        process = subprocess.Popen([sys.executable, *map(str, command)], stderr=output)
    try:
        wait_until(lambda: is_listening(port), process, log)
        yield Bench(
            connector=Webhook,
            fake=FakeWebhook(),
            url=f"http://127.0.0.1:{port}",
            options=WebhookOptions(signing_keys=(public(SIGNING),)),
            secrets=MappingSecrets({"token": "for the gateway"}),
            settle=lambda _: None,
        )
    finally:
        process.kill()
        process.wait()


def test_server_copies_and_erases_the_person_and_nobody_else(
    bench: Bench, members: Path
) -> None:
    """A real case runs against the sample: found, copied, erased, proven gone."""
    work = bench.find(of(CANARY))
    sink = CollectingSink({item.reference for item in work.items})

    assert isinstance(bench.read_back(work), Present)
    assert bench.export(work, sink) == Exported(1)
    assert sink.rows[0].data["email"] == CANARY.email
    erasure = replace(work, idempotency_key="call-2")
    assert bench.erase(erasure) == [Done("deleted", Evidence.E3)]
    assert isinstance(bench.read_back(work), Absent)
    assert set(json.loads(members.read_text("utf-8"))) == {BYSTANDER.reference}
    assert bench.locate(of(CANARY)) == NothingFound(Evidence.E3)


def test_server_leaves_alone_what_is_open(
    basket: str, bench: Bench, members: Path
) -> None:
    """It names the record, which is thereby asked for again the next day."""
    work = bench.find(of(CANARY))
    (order,) = (it.id for it in work.items if it.reference == basket)
    (gone,) = (it.id for it in work.items if it.reference != basket)

    reply = bench.erase_once(work)

    assert reply == StillOpen((order,), "order_open", (gone,), Evidence.E3)
    assert set(json.loads(members.read_text("utf-8"))) == {
        BYSTANDER.reference,
        basket,
    }


def test_server_does_nothing_that_we_did_not_sign(bench: Bench, members: Path) -> None:
    """An instruction with another signature changes nothing and gets no answer."""
    work = bench.find(of(CANARY))
    bench.office = Office(key=Ed25519PrivateKey.generate())

    with pytest.raises(AnswerLost):
        bench.erase(work)

    assert CANARY.reference in members.read_text("utf-8")


def test_server_has_at_most_sixty_lines_of_code() -> None:
    """It stays something that a team reads during a coffee."""
    assert lines_of_code(SERVER) <= 60
