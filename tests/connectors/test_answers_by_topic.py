"""What is heard of a participant, and what is not."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from connectors.base import (
    Callback,
    Connector,
    Done,
    Evidence,
    Exported,
    Failed,
    JobAccepted,
    NeedsHuman,
    NothingFound,
    Reply,
    Ticket,
)
from connectors.errors import ContractChanged, EgressRefused, NotGenuine
from connectors.fakes import participant
from connectors.fakes.participant import FakeParticipant
from connectors.fakes.serving import serve
from connectors.fakes.team_keys import SIGNING, public, signed
from connectors.participant import Participant, ParticipantOptions
from connectors.signed.sealing import seal
from connectors.testing import (
    CANARY,
    TASK,
    Bench,
    CollectingSink,
    MappingSecrets,
    work_of,
)
from connectors.testing.office import OUR_SEALING_KEY, OUR_SIGNING_KEY
from schemas.connecting import Action, Mode
from schemas.instructions import ANSWER_MEDIA_TYPE, INSTRUCTION_MEDIA_TYPE
from tests.connectors.in_house import a_member, of

OTHER = Ed25519PrivateKey.generate()
ROW = {"category": "visits", "provenance": "observed", "subject": CANARY.email}


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    """Serve nothing: the bench wants an address, and nobody asks it."""
    with serve(FakeParticipant()) as address:
        yield address


@pytest.fixture
def bench(url: str) -> Bench:
    """Lend the connector beside a club that knows the canary."""
    fake = FakeParticipant()
    fake.command("trusts", OUR_SIGNING_KEY)
    fake.command("seals_to", OUR_SEALING_KEY)
    fake.seed([a_member(CANARY)])
    options = {
        "signing_keys": [participant.SIGNING_KEY],
        "sealing_key": participant.SEALING_KEY,
    }
    return Bench(
        connector=Participant,
        fake=fake,
        url=url,
        options=ParticipantOptions.model_validate(options),
        secrets=MappingSecrets({}),
        settle=lambda _: None,
    )


def said(**changes: object) -> dict[str, Any]:
    """Return an answer to the erasure `call-1`."""
    answer = {
        "specversion": "1",
        "instruction_id": "call-1.erase",
        "account": "fake",
        "status": "done",
    }
    return {**answer, **changes}


def spelled(answer: Mapping[str, object], key: Ed25519PrivateKey = SIGNING) -> bytes:
    """Sign an answer."""
    return signed(json.dumps(answer).encode(), ANSWER_MEDIA_TYPE, key)


def heard(bench: Bench, body: bytes) -> Callback:
    """Let the connector hear *body*."""

    async def hear(connector: Connector) -> Callback:
        return await connector.on_callback({}, body)

    return bench.run(hear)


def altered(body: bytes) -> bytes:
    """Change what an envelope says, and leave its signature."""
    envelope = json.loads(body)
    payload = json.loads(base64.b64decode(envelope["payload"]))
    payload["status"] = "nothing_found"
    envelope["payload"] = base64.b64encode(json.dumps(payload).encode()).decode()
    return json.dumps(envelope).encode()


@pytest.mark.parametrize(
    ("body", "code"),
    [
        pytest.param(spelled(said(), OTHER), "bad_signature", id="another key"),
        pytest.param(altered(spelled(said())), "bad_signature", id="altered"),
        pytest.param(
            signed(json.dumps(said()).encode(), INSTRUCTION_MEDIA_TYPE),
            "other_type",
            id="signed as something else",
        ),
        pytest.param(json.dumps(said()).encode(), "not_an_envelope", id="unsigned"),
        pytest.param(b"\xff\x00", "not_an_envelope", id="garbage"),
        pytest.param(
            spelled(said(account="other")), "answer_of_another_account", id="account"
        ),
        pytest.param(
            spelled(said(instruction_id="call-1")),
            "unknown_instruction",
            id="no action",
        ),
        pytest.param(
            spelled(said(instruction_id="call-1.locate")),
            "unknown_instruction",
            id="an action that is never asked by topic",
        ),
    ],
)
def test_what_is_not_genuine_is_not_heard(bench: Bench, body: bytes, code: str) -> None:
    """A forged, altered, foreign or unsigned answer settles nothing."""
    with pytest.raises(NotGenuine, match=code):
        heard(bench, body)


@pytest.mark.parametrize("change", [{"status": "erased"}, {"specversion": "2"}])
def test_genuine_answer_of_another_shape_is_a_changed_contract(
    bench: Bench, change: dict[str, object]
) -> None:
    """A word that we do not know is never taken for done."""
    with pytest.raises(ContractChanged):
        heard(bench, spelled(said(**change)))


@pytest.mark.parametrize(
    ("answer", "reply"),
    [
        pytest.param(said(), Done("deleted", Evidence.E3), id="done"),
        pytest.param(
            said(method="redacted"), Done("redacted", Evidence.E3), id="redacted"
        ),
        pytest.param(
            said(status="nothing_found"), NothingFound(Evidence.E3), id="nothing"
        ),
        pytest.param(
            said(status="needs_person", code="open_dispute"),
            NeedsHuman("system:open_dispute"),
            id="a person",
        ),
        pytest.param(
            said(instruction_id="call-1.export"),
            NeedsHuman("copy_without_rows"),
            id="a copy that is no copy",
        ),
    ],
)
def test_signed_answer_means_what_it_says(
    bench: Bench, answer: dict[str, Any], reply: Reply
) -> None:
    """What the participant signs is E3, and is of the call that its id names."""
    word = heard(bench, spelled(answer))

    assert (word.call, word.reply) == ("call-1", reply)
    assert answer["instruction_id"] == f"call-1.{word.action}"


def test_refusal_fails_with_the_systems_own_word(bench: Bench) -> None:
    """A refusal is for good, and a person reads why."""
    reply = heard(bench, spelled(said(status="refused", code="no_consent"))).reply

    assert isinstance(reply, Failed)
    assert reply.code == "system:no_consent"


def test_either_key_is_heard_while_keys_are_rotated(bench: Bench) -> None:
    """The old and the new signing key stand side by side."""
    keys = [participant.SIGNING_KEY, public(OTHER)]
    bench.options = bench.options.model_copy(update={"signing_keys": tuple(keys)})

    for key in (SIGNING, OTHER):
        assert heard(bench, spelled(said(), key)).reply == Done("deleted", Evidence.E3)


def test_unfinished_answer_leaves_the_instruction_to_be_repeated(bench: Bench) -> None:
    """`in_progress` changes when we ask again, and not what."""
    reply = heard(bench, spelled(said(status="in_progress", check_after=90))).reply

    assert isinstance(reply, JobAccepted)
    assert reply.check_after == timedelta(seconds=90)
    assert reply.ticket.value == ""


@pytest.mark.parametrize(
    ("change", "wait"),
    [
        pytest.param({}, timedelta(days=1), id="the next day"),
        pytest.param({"check_after": 90}, timedelta(seconds=90), id="as it asks"),
    ],
)
def test_open_order_is_asked_about_the_next_day(
    bench: Bench, change: dict[str, Any], wait: timedelta
) -> None:
    """Never done, as it is: the same instruction comes again, until its horizon."""
    answer = said(status="still_open", code="order_open", **change)

    reply = heard(bench, spelled(answer)).reply

    assert reply == JobAccepted(
        Ticket("", Action.ERASE), wait, Participant.spec.horizon
    )


@pytest.mark.parametrize(
    ("answer", "code"),
    [
        pytest.param(
            {"code": "no_consent"}, "without_reason", id="for no reason that we know"
        ),
        pytest.param(
            {"code": "order_open", "instruction_id": "call-1.export"},
            "out_of_place",
            id="a copy",
        ),
    ],
)
def test_what_is_open_without_sense_goes_to_a_person(
    bench: Bench, answer: dict[str, Any], code: str
) -> None:
    """A copy has nothing to leave alone, and a reason is one of three."""
    reply = heard(bench, spelled(said(status="still_open", **answer))).reply

    assert reply == NeedsHuman(f"still_open_{code}")


@pytest.mark.parametrize(
    ("rows", "key", "count", "reply"),
    [
        pytest.param([{**ROW, "data": {}}], OUR_SEALING_KEY, 1, Exported(1), id="one"),
        pytest.param([], OUR_SEALING_KEY, 0, NothingFound(), id="none"),
        pytest.param(
            [{**ROW, "data": {}}],
            OUR_SEALING_KEY,
            2,
            NeedsHuman("rows_do_not_match"),
            id="fewer than counted",
        ),
        pytest.param(
            [{**ROW, "data": {}}],
            participant.SEALING_KEY,
            1,
            NeedsHuman("copy_does_not_open"),
            id="sealed to another key",
        ),
        pytest.param(
            [{"data": {}}],
            OUR_SEALING_KEY,
            1,
            NeedsHuman("copy_does_not_open"),
            id="rows of another shape",
        ),
    ],
)
def test_copy_is_opened_counted_and_written(
    bench: Bench, rows: list[object], key: str, count: int, reply: Reply
) -> None:
    """A copy comes sealed to us, and is whole or nothing."""
    sealed = seal(json.dumps({"rows": rows}).encode(), key)
    answer = said(instruction_id="call-1.export", count=count, sealed_rows=sealed)
    job = heard(bench, spelled(answer)).reply
    assert isinstance(job, JobAccepted)
    assert job.check_after == timedelta(0)
    sink = CollectingSink({CANARY.email})

    async def poll(connector: Connector) -> Reply:
        ticket = Ticket(job.ticket.value, Action.EXPORT, (TASK,))
        return (await connector.poll(ticket, sink))[TASK]

    assert bench.run(poll) == reply
    assert sink.count == (1 if isinstance(reply, Exported) else 0)


def test_instruction_is_repeated_byte_for_byte(bench: Bench) -> None:
    """A poll without an answer says the same again, under the same id."""
    bench.fake.command("is_away", True)  # noqa: FBT003 (JSON)
    job = bench.erase_once(work_of((), of(CANARY)))
    assert isinstance(job, JobAccepted)

    async def poll(connector: Connector) -> Reply:
        return (await connector.poll(replace(job.ticket), None))[TASK]

    assert bench.run(poll) == job
    first, second = bench.office.published
    assert first == second


def test_publishing_passes_the_gate(bench: Bench) -> None:
    """A dry run publishes nothing, and a live instruction counts as a write."""
    bench.mode = Mode.DRY_RUN
    with pytest.raises(EgressRefused, match="dry_run"):
        bench.erase_once(work_of((), of(CANARY)))
    assert bench.office.published == []

    bench.mode = Mode.LIVE
    bench.erase_once(work_of((), of(CANARY)))

    assert [str(one) for one in bench.gate.sends] == ["write"]
