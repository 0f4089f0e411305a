"""
Services of one's own that take part by topic: instructed there, and answering there.

The protocol is ours (docs/connectors/participant.md, version 1).  Whom an instruction
is about is sealed to the participant's key, so that a topic identifies nobody; it is
published again until it is answered.  A participant is not searched: what it signs is
E3, and the best there is.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from hashlib import sha256
from types import MappingProxyType
from typing import ClassVar, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from connectors.base import (
    Action,
    Api,
    Callback,
    ConnectorSpec,
    Effect,
    Exported,
    Finding,
    Installation,
    Item,
    ItemId,
    JobAccepted,
    Located,
    NeedsHuman,
    NotApplicable,
    NothingFound,
    OneAtATime,
    Options,
    Person,
    Proof,
    Rate,
    Replay,
    Reply,
    Sink,
    TaskId,
    Ticket,
    Work,
)
from connectors.durations import Duration
from connectors.signed.instructing import (
    Asked,
    Heard,
    about,
    asked_of,
    ended,
    erased,
    genuine,
    instruction_id,
    open_reason,
    seconds,
    write_rows,
)
from connectors.signed.public_keys import SealingKey, SigningKey, key_name, raw_key
from connectors.signed.sealing import seal
from schemas.connecting import CUSTOMER_ID, EMAIL, PHONE, Deed, NoAuth
from schemas.instructions import (
    INSTRUCTION_ISSUED,
    PUBLISHES,
    Draft,
    InstructionId,
    Publication,
    Rows,
    Sealed,
)
from schemas.record_classes import CUSTOMER_ACCOUNT, RECORD_CLASSES

_AT_ONCE = timedelta(0)
DAILY = timedelta(days=1)
"""How often it is asked again to erase what was of something open."""


class ParticipantOptions(Options):
    """
    What the register must say of one participant.

    While a signing key is rotated, the old and the new one stand in `signing_keys`;
    the participant keeps both private keys while `sealing_key` changes.
    """

    signing_keys: tuple[SigningKey, ...] = Field(min_length=1, max_length=8)
    sealing_key: SealingKey
    repeat_after: Duration = Field(default=timedelta(hours=1), gt=timedelta(0))
    record_class: str = CUSTOMER_ACCOUNT

    @field_validator("record_class")
    @classmethod
    def _is_a_class(cls, record_class: str) -> str:
        """Refuse a class that no retention rule could name."""
        if record_class not in RECORD_CLASSES:
            raise ValueError(f"use one of {sorted(RECORD_CLASSES)}")
        return record_class


class _Ticket(BaseModel):
    """What is kept of an instruction: enough to repeat it, and a copy that came."""

    model_config = ConfigDict(frozen=True, hide_input_in_errors=True)

    instruction_id: InstructionId
    envelope: str = Field(default="", repr=False)
    sealed_rows: Sealed | None = Field(default=None, repr=False)
    count: int = 0


class Participant(OneAtATime):
    """Instruct one service of one's own by topic."""

    options: ClassVar[type[Options]] = ParticipantOptions
    spec: ClassVar = ConnectorSpec(
        name="participant",
        version="1",
        vendor="A service of one's own",
        source="our own protocol, version 1: docs/connectors/participant.md, 2026-11",
        actions=frozenset({Action.LOCATE, Action.EXPORT, Action.ERASE}),
        accepts=frozenset({EMAIL, PHONE, CUSTOMER_ID}),
        yields=frozenset(),
        operations=MappingProxyType({}),
        deeds=MappingProxyType({PUBLISHES: Deed(Effect.WRITE)}),
        auth=NoAuth(),
        rates=(Rate(1000, timedelta(seconds=1)),),
        proof=Proof.SIGNED,
        # The same instruction again is the same instruction: its id says so.
        replay=MappingProxyType(
            {Action.ERASE: Replay.REPEAT, Action.EXPORT: Replay.REPEAT}
        ),
        horizon=timedelta(days=14),
        record_classes=RECORD_CLASSES,
        erases_by_identifier=True,
        writes=frozenset({Action.ERASE, Action.EXPORT}),
        hears=True,
    )

    def __init__(self, api: Api, options: ParticipantOptions) -> None:
        super().__init__(api, options)
        self._settings = options

    async def ping(self) -> Installation:
        """Name the key that it is sealed to; nobody can be asked by topic."""
        return Installation(key_name(raw_key(self._settings.sealing_key))[:16])

    async def locate_one(self, person: Person) -> Finding:
        """Take it that the participant may hold something; only it can say."""
        if not person.identifiers:
            return NotApplicable("no_identifier")
        # Salted with the task: the reference names the person's part, and nobody.
        reference = sha256(f"{person.task}/person".encode()).hexdigest()[:32]
        item = Item(
            id=ItemId(reference),
            reference=reference,
            kind="person",
            record_class=self._settings.record_class,
            proven=False,
        )
        return Located((item,))

    async def erase_one(self, work: Work) -> Reply:
        """Instruct the erasure of all that the identifiers name."""
        return await self._instruct(Action.ERASE, work)

    async def export(self, work: Work, sink: Sink) -> Reply:  # noqa: ARG002
        """Instruct a copy; its rows come with the answer."""
        return await self._instruct(Action.EXPORT, work)

    async def poll_one(self, ticket: Ticket, sink: Sink | None) -> Reply:
        """Read the copy that came, or say again what was not answered."""
        try:
            kept = _Ticket.model_validate_json(ticket.value)
        except ValidationError:
            return NeedsHuman("unreadable_ticket")
        if kept.sealed_rows is not None:
            if ticket.action is not Action.EXPORT or sink is None:
                return NeedsHuman("unexpected_ticket")
            return await self._copied(kept.sealed_rows, kept.count, sink)
        await self._publish(kept)
        return self._later(kept, ticket.action, ticket.members)

    async def on_callback(self, headers: Mapping[str, str], body: bytes) -> Callback:  # noqa: ARG002
        """Verify an answer on its raw bytes, and say what it means."""
        said = genuine(body, self._settings.signing_keys, self._api.own.account)
        asked = asked_of(said.answer.instruction_id)
        return Callback(asked.call, self._meaning(said, asked), action=asked.action)

    def _meaning(self, said: Heard, asked: Asked) -> Reply:
        """Return what an answer means for what was asked."""
        answer = said.answer
        is_left = answer.status == "still_open" and open_reason(said) is not None
        if asked.action is Action.ERASE:
            end = None if is_left else erased(said)
        elif answer.status == "done":
            if answer.sealed_rows is None or answer.count is None:
                return NeedsHuman("copy_without_rows")
            kept = _Ticket(
                instruction_id=answer.instruction_id,
                sealed_rows=answer.sealed_rows,
                count=answer.count,
            )
            return JobAccepted(_as_ticket(kept, Action.EXPORT), _AT_ONCE)
        else:
            end = ended(said)
        if end is not None:
            return end
        # The instruction that is repeated stays as it was: nothing to keep.
        wait = seconds(
            answer.check_after, DAILY if is_left else self._settings.repeat_after
        )
        within = seconds(answer.expected_within, self.spec.horizon)
        return JobAccepted(Ticket("", asked.action), wait, within)

    # --- the topic ------------------------------------------------------------------

    async def _instruct(self, action: Action, work: Work) -> Reply:
        """Sign, seal and publish; what was published is kept to be repeated."""
        sealed = seal(
            about(work.identifiers).model_dump_json().encode(),
            self._settings.sealing_key,
        )
        id_ = instruction_id(work, action)
        asked: Literal["erase", "export"]
        asked = "erase" if action is Action.ERASE else "export"
        signed = self._api.own.sign(Draft(asked, (work.task,), id_, sealed=sealed))
        kept = _Ticket(instruction_id=id_, envelope=signed.envelope.decode("ascii"))
        await self._publish(kept)
        return self._later(kept, action, (work.task,))

    async def _publish(self, kept: _Ticket) -> None:
        """Publish the instruction, the same bytes each time."""
        publication = Publication(
            message_id=kept.instruction_id,
            key=kept.instruction_id,
            type=INSTRUCTION_ISSUED,
            value=kept.envelope.encode("ascii"),
        )
        await self._api.own.publish(PUBLISHES, publication)

    def _later(
        self, kept: _Ticket, action: Action, members: tuple[TaskId, ...]
    ) -> JobAccepted:
        """Return the job that an unanswered instruction is."""
        ticket = _as_ticket(kept, action, members)
        return JobAccepted(ticket, self._settings.repeat_after, self.spec.horizon)

    async def _copied(self, sealed: Sealed, count: int, sink: Sink) -> Reply:
        """Open the copy and write its rows."""
        try:
            opened = Rows.model_validate_json(self._api.own.unseal(sealed)).rows
        except ValueError:
            return NeedsHuman("copy_does_not_open")
        if len(opened) != count:
            return NeedsHuman("rows_do_not_match")
        rows = await write_rows(opened, sink)
        return Exported(rows) if rows else NothingFound()


def _as_ticket(
    kept: _Ticket, action: Action, members: tuple[TaskId, ...] = ()
) -> Ticket:
    return Ticket(kept.model_dump_json(), action, members)
