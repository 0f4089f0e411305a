"""
What the two connectors of one's own systems share: whom it is about, what it means.

An answer that a registered key signed is E3.  Where the register names no key, a
plain JSON answer is taken and is E2; where it names one, nothing unsigned is heard.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import get_args

from pydantic import ValidationError

from connectors.base import (
    Action,
    Done,
    Evidence,
    Failed,
    Identifier,
    Item,
    ItemId,
    NeedsHuman,
    NothingFound,
    Provenance,
    Reply,
    Row,
    Sink,
    StillOpen,
    Work,
)
from connectors.errors import ContractChanged, EgressRefused, NotGenuine
from connectors.signed.dsse import NotVerified, verified
from schemas.connecting import OpenReason
from schemas.instructions import (
    ANSWER_MEDIA_TYPE,
    About,
    Answer,
    AnswerRow,
    NamedIdentifier,
    NamedRecord,
)

_ASKED = (Action.ERASE, Action.EXPORT)
REFUSED_HINT = "The system refuses it; its team knows the code."


@dataclass(frozen=True, slots=True)
class Heard:
    """An answer that passed every check, and how well it is proven."""

    answer: Answer
    evidence: Evidence


class Unusable(Exception):  # noqa: N818 (a verdict, not a fault)
    """The answer is not one to this instruction; the message is a code."""


@dataclass(frozen=True, slots=True)
class Asked:
    """What an instruction's id says: the call, and what it asked."""

    call: str
    action: Action


def instruction_id(work: Work, action: Action) -> str:
    """
    Name the instruction of one call; the same call asks the same instruction.

    The action is in it, so that no answer to a copy passes for one to an erasure.
    """
    return f"{work.idempotency_key}.{action}"


def asked_of(id_: str) -> Asked:
    """Read an id that came back; raises `NotGenuine` for one that is not ours."""
    call, _, action = id_.rpartition(".")
    if not call or action not in _ASKED:
        raise NotGenuine("unknown_instruction")
    return Asked(call, Action(action))


def about(identifiers: Sequence[Identifier], items: Sequence[Item] = ()) -> About:
    """Say whom an instruction is about; raises `EgressRefused` for a blank name."""
    try:
        return About(
            identifiers=tuple(
                NamedIdentifier(type=it.type, value=it.value) for it in identifiers
            ),
            records=tuple(
                NamedRecord(reference=it.reference, kind=it.kind) for it in items
            ),
        )
    except ValidationError:
        # Raised below, outside the handler: the validation error quotes the values.
        pass
    raise EgressRefused("name_refused")


def about_work(work: Work) -> About:
    """Say whom, and which of the records that a search found."""
    return about(work.identifiers, work.items)


def heard(body: bytes, keys: Sequence[str], account: str, instruction: str) -> Heard:
    """
    Read the answer to one instruction of one account; raises `Unusable`.

    Verified on the raw bytes before anything of them is read.
    """
    answer = read_answer(body, keys)
    if answer.account != account:
        raise Unusable("answer_of_another_account")
    if answer.instruction_id != instruction:
        # An old answer, or one that is somebody else's.
        raise Unusable("answer_to_another_instruction")
    return Heard(answer, Evidence.E3 if keys else Evidence.E2)


def genuine(body: bytes, keys: Sequence[str], account: str) -> Heard:
    """
    Read an answer that came by itself: signed, and about this account.

    Raises `NotGenuine`, or `ContractChanged` for what is genuine and not an answer.
    """
    try:
        payload = verified(body, keys, ANSWER_MEDIA_TYPE)
    except NotVerified as error:
        raise NotGenuine(str(error)) from None
    answer = _parsed(payload)
    if answer is None:
        raise ContractChanged("not_an_answer")
    if answer.account != account:
        raise NotGenuine("answer_of_another_account")
    return Heard(answer, Evidence.E3)


def read_answer(body: bytes, keys: Sequence[str]) -> Answer:
    """Verify and read; without *keys* a plain answer is read.  Raises `Unusable`."""
    try:
        payload = verified(body, keys, ANSWER_MEDIA_TYPE) if keys else body
    except NotVerified as error:
        raise Unusable(str(error)) from None
    answer = _parsed(payload)
    if answer is None:
        raise Unusable("not_an_answer")
    return answer


def _parsed(payload: bytes) -> Answer | None:
    """Parse; the caller raises, because a validation error quotes what it read."""
    try:
        return Answer.model_validate_json(payload)
    except ValidationError:
        return None


def erased(said: Heard) -> Reply | None:
    """Return what ended an erasure, or nothing while it goes on."""
    answer = said.answer
    if answer.status == "done":
        return Done(answer.method, said.evidence)
    return ended(said)


def ended(said: Heard) -> Reply | None:
    """Return what the ends of every action mean, or nothing while it goes on."""
    answer = said.answer
    match answer.status:
        case "nothing_found":
            return NothingFound(said.evidence)
        case "refused":
            return Failed(coded(answer.code, "refused"), REFUSED_HINT)
        case "still_open":
            return NeedsHuman(
                "still_open_out_of_place"
                if open_reason(said)
                else "still_open_without_reason"
            )
        case "needs_person":
            return NeedsHuman(coded(answer.code, "asked_by_system"))
        case _:
            return None


def left_open(said: Heard, items: Mapping[str, ItemId]) -> Reply:
    """
    Return an erasure that left alone what is not over, and erased the rest.

    *items* has what was to be erased, by the system's own references.
    """
    reason = open_reason(said)
    named = [it.reference for it in said.answer.records]
    if reason is None:
        return NeedsHuman("still_open_without_reason")
    if not named or not items.keys() >= {*named}:
        return NeedsHuman("still_open_without_records")
    left = tuple(id_ for reference, id_ in items.items() if reference in named)
    done = tuple(id_ for id_ in items.values() if id_ not in left)
    return StillOpen(left, reason, done, said.evidence)


def open_reason(said: Heard) -> OpenReason | None:
    """Return what of an answer is not over, if it is a word that we know."""
    known: tuple[OpenReason, ...] = get_args(OpenReason)
    return next((one for one in known if one == said.answer.code), None)


def coded(code: str | None, otherwise: str) -> str:
    """Mark a system's own code, so that nobody takes it for one of ours."""
    return f"system:{code}" if code else otherwise


def seconds(value: int | None, otherwise: timedelta) -> timedelta:
    """Return how long the system asked us to wait."""
    return otherwise if value is None else timedelta(seconds=value)


async def write_rows(rows: Sequence[AnswerRow], sink: Sink) -> int:
    """Write rows to *sink* and count them."""
    for row in rows:
        await sink.write(
            Row(
                category=row.category,
                provenance=Provenance(row.provenance),
                subject=row.subject,
                data=row.data,
                third_party=row.third_party,
            )
        )
    return len(rows)
