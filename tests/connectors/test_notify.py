"""What the connector for recipients of their own promises, and what it sends."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator
from hashlib import sha256
from typing import Any, ClassVar

import pytest

from connectors.base import Failed, Identifier, Notified
from connectors.fakes import notify
from connectors.fakes.faults import Fault, FaultKind
from connectors.fakes.frame import Call, FakeProcessor
from connectors.fakes.notify import FakeNotify
from connectors.fakes.serving import serve
from connectors.notify import Notify, NotifyOptions, Spelling, spelled
from connectors.testing import (
    CANARY,
    TASK,
    Bench,
    MappingSecrets,
    Somebody,
    TellingContract,
    work_of,
)
from connectors.testing.office import OUR_SIGNING_KEY
from connectors.transport.http import AnswerLost
from schemas.connecting import CUSTOMER_ID, EMAIL, PHONE, Evidence, IdentifierType

SECRETS = {"token": notify.TOKEN}


def _hashed(value: str) -> str:
    return sha256(value.encode()).hexdigest()


class TestNotify(TellingContract):
    """A recipient that signs its answers is told as every connector promises."""

    connector = Notify
    fake_app = staticmethod(notify.app)
    option_values: ClassVar = {"signing_keys": [notify.TEAM_KEY]}
    secret_values: ClassVar = SECRETS
    installation = notify.NAME
    reading = "installation"
    changing = "tell"

    def told(self, fake: FakeProcessor) -> Collection[str]:
        """Return the notices that the recipient keeps."""
        return [json.dumps(it) for it in fake.data["notices"].values()]

    def names(self, notice: str, somebody: Somebody) -> bool:
        """Look for the person's hashed address."""
        return _hashed(somebody.email) in notice


class TestUnsigned(TestNotify):
    """A recipient that only answers 2xx is told as every connector promises."""

    option_values: ClassVar = {"spelling": "plain"}

    def names(self, notice: str, somebody: Somebody) -> bool:
        """Look for the address as it is."""
        return somebody.email in notice


@pytest.fixture
def fake() -> FakeNotify:
    """Lend a recipient that verifies what it is told."""
    fake = FakeNotify()
    fake.command("trusts", OUR_SIGNING_KEY)
    return fake


@pytest.fixture
def bench(fake: FakeNotify) -> Iterator[Bench]:
    """Lend the connector at work."""
    with serve(fake) as url:
        yield Bench(
            connector=Notify,
            fake=fake,
            url=url,
            options=NotifyOptions(),
            secrets=MappingSecrets(SECRETS),
            settle=lambda _: None,
        )


class _Forgetful(FakeNotify):
    """A recipient that answers an earlier notice each time."""

    def _notice(self, call: Call) -> dict[str, Any]:
        return {**super()._notice(call), "instruction_id": "earlier"}


WORK = work_of(
    (), [Identifier(EMAIL, "Serinus@Birds.example"), Identifier(PHONE, CANARY.phone)]
)


def _only(fake: FakeNotify) -> dict[str, Any]:
    """Return whom the only notice names."""
    (about,) = fake.data["notices"].values()
    return {it["type"]: it["value"] for it in about["identifiers"]}


def test_identifiers_are_hashed_as_advertising_platforms_match_them(
    bench: Bench, fake: FakeNotify
) -> None:
    """SHA-256 of the address in small letters, under a type that says so."""
    bench.notify(WORK)

    assert _only(fake) == {
        "email.sha256": _hashed("serinus@birds.example"),
        "phone.sha256": _hashed(CANARY.phone),
    }


def test_plain_identifiers_are_sent_as_they_are(bench: Bench, fake: FakeNotify) -> None:
    """A recipient that wants plain identifiers is told those."""
    bench.options = NotifyOptions(spelling=Spelling.PLAIN)

    bench.notify(WORK)

    assert _only(fake)["email"] == "Serinus@Birds.example"


@pytest.mark.parametrize("kind", [EMAIL, PHONE, CUSTOMER_ID])
def test_hash_takes_any_text(kind: IdentifierType) -> None:
    """No character of an identifier makes it unspeakable."""
    odd = Identifier(kind, " \udcff'; DROP TABLE ünicode ")

    assert len(spelled(odd, Spelling.SHA256).value) == 64


def test_signed_answer_is_better_proof_than_a_plain_one(
    bench: Bench, fake: FakeNotify
) -> None:
    """Signed by the recipient is E3, a 2xx is E1; each with the answer's digest."""
    fake.command("signs", body=False)
    plain = bench.notify(WORK)
    fake.command("signs", body=True)
    bench.options = NotifyOptions(signing_keys=(notify.TEAM_KEY,))
    signed = bench.notify(WORK)

    assert isinstance(plain, Notified)
    assert isinstance(signed, Notified)
    assert (plain.evidence, signed.evidence) == (Evidence.E1, Evidence.E3)
    assert plain.proof
    assert signed.proof
    assert plain.proof != signed.proof


@pytest.mark.parametrize("kind", [FaultKind.GARBAGE, None])
def test_unsigned_answer_of_a_signing_recipient_is_as_if_lost(
    kind: FaultKind | None, bench: Bench, fake: FakeNotify
) -> None:
    """Where the register names a key, nothing unsigned proves anything."""
    bench.options = NotifyOptions(signing_keys=(notify.TEAM_KEY,))
    fake.command("signs", body=False)
    if kind is not None:
        fake.faults.add(Fault(kind=kind, operation="tell"))

    with pytest.raises(AnswerLost):
        bench.notify(WORK)


def test_answer_to_another_notice_proves_nothing(
    bench: Bench,
) -> None:
    """A recipient that signs an old answer again has not answered this notice."""
    bench.options = NotifyOptions(signing_keys=(notify.TEAM_KEY,))
    with serve(_Forgetful()) as bench.url, pytest.raises(AnswerLost):
        bench.notify(WORK)


def test_signed_refusal_goes_to_a_person(bench: Bench, fake: FakeNotify) -> None:
    """A recipient that refuses the notice was not told; nobody claims it was."""
    bench.options = NotifyOptions(signing_keys=(notify.TEAM_KEY,))
    fake.command("refuses", "unknown_sender")

    reply = bench.notify(WORK)

    assert isinstance(reply, Failed)
    assert reply.code == "system:unknown_sender"
    assert fake.data["notices"] == {}


def test_notice_is_named_by_its_task(bench: Bench, fake: FakeNotify) -> None:
    """What the recipient keeps can be found again by the line of the receipt."""
    bench.notify(WORK)

    assert list(fake.data["notices"]) == [TASK]


def test_recipient_without_a_name_is_known_by_its_address(
    bench: Bench, fake: FakeNotify
) -> None:
    """Nothing is asked of a recipient that has no way to say its name."""
    bench.options = NotifyOptions(says_its_name=False)

    named = bench.run(lambda it: it.ping()).name

    assert named == "fake"
    assert fake.log == []
