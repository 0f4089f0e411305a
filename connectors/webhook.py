"""
In-house systems that offer one HTTPS endpoint: signed instruction in, answer out.

The protocol is ours (docs/connectors/webhook.md, version 1).  The endpoint answers at
once, or accepts and is asked later; what its team signs is E3, and a search that no
longer finds a record is E4.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import date, timedelta
from hashlib import sha256
from types import MappingProxyType
from typing import Any, ClassVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from connectors.answer import Answer as HttpAnswer
from connectors.base import (
    Absent,
    Action,
    Api,
    Callback,
    CannotTell,
    ConnectorSpec,
    Effect,
    Exported,
    Failed,
    Finding,
    Identifier,
    IdentifierType,
    Installation,
    Item,
    ItemId,
    JobAccepted,
    Located,
    NeedsHuman,
    NotApplicable,
    NothingFound,
    OneAtATime,
    Operation,
    Options,
    Person,
    Present,
    Proof,
    Rate,
    ReadBack,
    Replay,
    Reply,
    Sink,
    TaskId,
    Ticket,
    Work,
)
from connectors.durations import Duration
from connectors.signed.instructing import (
    Heard,
    Unusable,
    about,
    about_work,
    asked_of,
    ended,
    erased,
    genuine,
    heard,
    instruction_id,
    left_open,
    seconds,
    write_rows,
)
from connectors.signed.public_keys import SigningKey
from schemas.connecting import CUSTOMER_ID, EMAIL, PHONE, HeaderAuth
from schemas.instructions import Draft, FoundRecord, InstructionId
from schemas.record_classes import RECORD_CLASSES

_ACTIONS = (Action.ERASE, Action.EXPORT)
_NOTHING: Mapping[str, ItemId] = MappingProxyType({})


class WebhookOptions(Options):
    """
    What the register may set for one endpoint.

    `signing_keys` are the public keys of the team that signs the answers; while a key
    is rotated both stand here.  Without any, unsigned answers are taken (E2).
    """

    signing_keys: tuple[SigningKey, ...] = Field(default=(), max_length=8)
    check_after: Duration = Field(default=timedelta(minutes=5), gt=timedelta(0))


class _Job(BaseModel):
    """A ticket's value: the instruction that was accepted, and what it names."""

    model_config = ConfigDict(frozen=True, hide_input_in_errors=True)

    instruction_id: InstructionId
    items: Mapping[str, ItemId] = Field(default={}, repr=False)


class _Name(BaseModel):
    model_config = ConfigDict(frozen=True, hide_input_in_errors=True)

    name: str = Field(min_length=1, max_length=200)


class Webhook(OneAtATime):
    """Instruct one in-house system over HTTPS."""

    options: ClassVar[type[Options]] = WebhookOptions
    spec: ClassVar = ConnectorSpec(
        name="webhook",
        version="1",
        vendor="A system of one's own",
        source="our own protocol, version 1: docs/connectors/webhook.md, 2026-11",
        actions=frozenset({Action.LOCATE, Action.EXPORT, Action.ERASE}),
        accepts=frozenset({EMAIL, PHONE, CUSTOMER_ID}),
        yields=frozenset(),
        operations=MappingProxyType(
            {
                "installation": Operation("GET", "/installation", Effect.READ),
                "search": Operation("POST", "/searches", Effect.READ),
                "export": Operation("POST", "/exports", Effect.READ),
                "erase": Operation("POST", "/erasures", Effect.WRITE),
                "follow": Operation(
                    "GET", "/instructions/{instruction_id}", Effect.READ
                ),
            }
        ),
        auth=HeaderAuth(),
        rates=(Rate(10, timedelta(seconds=1)),),
        proof=Proof.LOOKUP,
        # The same instruction again is the same instruction: its id says so.
        replay=MappingProxyType(
            {Action.ERASE: Replay.REPEAT, Action.EXPORT: Replay.REPEAT}
        ),
        horizon=timedelta(days=30),
        record_classes=RECORD_CLASSES,
        hears=True,
    )

    def __init__(self, api: Api, options: WebhookOptions) -> None:
        super().__init__(api, options)
        self._settings = options

    async def ping(self) -> Installation:
        """Ask the endpoint for its own name."""
        answer = await self._api.call("installation")
        return Installation(answer.parse(_Name).name)

    async def locate_one(self, person: Person) -> Finding:
        """Ask which records there are of the person."""
        if not person.identifiers:
            return NotApplicable("no_identifier")
        draft = Draft("locate", (person.task,), about=about(person.identifiers))
        said = await self._ask("search", draft)
        if said.answer.status != "done":
            return _not_located(said)
        records = said.answer.records
        if not records:
            # A misspelt member would look the same: nobody takes it for nothing.
            return NeedsHuman("no_records_told")
        if any(it.record_class not in RECORD_CLASSES for it in records):
            return NeedsHuman("unknown_record_class")
        known = set(person.identifiers)
        return Located(
            tuple(_item(person.task, it) for it in records),
            tuple(it for it in self._learned(said) if it not in known),
        )

    async def erase_one(self, work: Work) -> Reply:
        """Instruct the erasure of the records that were found, and of nothing else."""
        if not work.items:
            return NeedsHuman("no_items")
        id_ = instruction_id(work, Action.ERASE)
        draft = Draft("erase", (work.task,), id_, about=about_work(work))
        said = await self._ask("erase", draft)
        items = {it.reference: it.id for it in work.items}
        return _erased(said, items) or self._later(
            said, Action.ERASE, (work.task,), items
        )

    async def export(self, work: Work, sink: Sink) -> Reply:
        """Instruct a copy of the records, and write its pages to *sink*."""
        id_ = instruction_id(work, Action.EXPORT)
        draft = Draft("export", (work.task,), id_, about=about_work(work))
        said = await self._ask("export", draft)
        if said.answer.status == "done":
            return await self._copied(said, sink)
        return ended(said) or self._later(said, Action.EXPORT, (work.task,))

    async def poll_one(self, ticket: Ticket, sink: Sink | None) -> Reply:
        """Ask how an accepted instruction is going."""
        try:
            job = _Job.model_validate_json(ticket.value)
        except ValidationError:
            return NeedsHuman("unreadable_ticket")
        if ticket.action not in _ACTIONS:
            return NeedsHuman("unexpected_ticket")
        said = await self._follow(job.instruction_id)
        if said is None:
            return Failed("job_not_found", "Retry sends the instruction again.")
        if ticket.action is Action.ERASE:
            return _erased(said, job.items) or self._later(
                said, Action.ERASE, ticket.members, job.items
            )
        if said.answer.status == "done" and sink is not None:
            return await self._copied(said, sink)
        return ended(said) or self._later(said, Action.EXPORT, ticket.members)

    async def read_back_one(self, work: Work) -> ReadBack:
        """Search again, and look which of the records are still there."""
        if not work.identifiers:
            # Long after the answer nobody's are left, and a search by none finds none.
            return CannotTell()
        draft = Draft("locate", (work.task,), about=about_work(work))
        said = await self._ask("search", draft)
        match said.answer.status:
            case "nothing_found" if not said.answer.records:
                return Absent()
            case "done" if said.answer.records:
                return _looked(work, said.answer.records)
            case _:
                return CannotTell()

    async def on_callback(self, headers: Mapping[str, str], body: bytes) -> Callback:  # noqa: ARG002
        """Verify what the team signed, and say what it means; a copy is fetched."""
        said = genuine(body, self._settings.signing_keys, self._api.own.account)
        asked = asked_of(said.answer.instruction_id)
        polled = {Action.EXPORT: "done", Action.ERASE: "still_open"}
        if said.answer.status == polled[asked.action]:
            # Rows come by a poll, which has somewhere to put them; and what is still
            # open is told apart by the ticket, which only a poll has.
            ready = JobAccepted(Ticket(""), timedelta(0))
            return Callback(asked.call, ready, action=asked.action)
        end = erased(said) if asked.action is Action.ERASE else ended(said)
        meant = end or self._later(said, asked.action, ())
        return Callback(asked.call, meant, action=asked.action)

    # --- asking -------------------------------------------------------------------

    async def _ask(self, operation: str, draft: Draft) -> Heard:
        """Send a signed instruction, and read the answer to it."""
        signed = self._api.own.sign(draft)
        answer = await self._api.call(operation, json=_as_json(signed.envelope))
        return self._heard(answer, signed.instruction.instruction_id)

    async def _follow(self, id_: str, cursor: str | None = None) -> Heard | None:
        """Ask for the answer to an accepted instruction, or for a page of its copy."""
        answer = await self._api.call(
            "follow",
            path={"instruction_id": id_},
            query={"cursor": cursor} if cursor else None,
            accept={404},
        )
        if answer.status == 404 and not answer.content():  # noqa: PLR2004
            return None
        return self._heard(answer, id_)

    def _heard(self, answer: HttpAnswer, asked: str) -> Heard:
        """Verify the raw bytes; what cannot be used is as if it had not come."""
        keys, account = self._settings.signing_keys, self._api.own.account
        try:
            return heard(answer.content(), keys, account, asked)
        except Unusable:
            pass
        raise answer.unexpected()

    async def _copied(self, said: Heard, sink: Sink) -> Reply:
        """Write page after page; the last one counts the rows of all."""
        id_, seen = said.answer.instruction_id, {said.answer.next}
        rows = await write_rows(said.answer.rows, sink)
        while (cursor := said.answer.next) is not None:
            page = await self._follow(id_, cursor)
            if page is None or page.answer.status != "done":
                return NeedsHuman("copy_broke_off")
            if page.answer.cursor != cursor or page.answer.next in seen - {None}:
                return NeedsHuman("copy_out_of_order")
            said = page
            seen.add(page.answer.next)
            rows += await write_rows(page.answer.rows, sink)
        if said.answer.count != rows:
            return NeedsHuman("rows_do_not_match")
        return Exported(rows) if rows else NothingFound(said.evidence)

    def _learned(self, said: Heard) -> list[Identifier]:
        """Return the identifiers that the register maps the endpoint's names to."""
        return [
            Identifier(IdentifierType(type_), said.answer.learned[name])
            for name, type_ in sorted(self._settings.yields.items())
            if said.answer.learned.get(name)
        ]

    def _later(
        self,
        said: Heard,
        action: Action,
        members: tuple[TaskId, ...],
        items: Mapping[str, ItemId] = _NOTHING,
    ) -> Reply:
        """Return the job that an unfinished answer stands for."""
        job = _Job(instruction_id=said.answer.instruction_id, items=items)
        return JobAccepted(
            Ticket(job.model_dump_json(exclude_defaults=True), action, members),
            seconds(said.answer.check_after, self._settings.check_after),
            seconds(said.answer.expected_within, self.spec.horizon),
        )


def _as_json(envelope: bytes) -> Any:  # noqa: ANN401 (JSON)
    """Return the envelope for the shell to send; what is signed is inside, as bytes."""
    return json.loads(envelope)


def _erased(said: Heard, items: Mapping[str, ItemId]) -> Reply | None:
    """Return what ended an erasure of *items*, or nothing while it goes on."""
    if said.answer.status == "still_open":
        return left_open(said, items)
    return erased(said)


def _not_located(said: Heard) -> Finding:
    """Return what a search that found nothing to name means."""
    if said.answer.status == "nothing_found" and said.answer.records:
        return NeedsHuman("answer_contradicts_itself")
    match ended(said):
        case NothingFound() | NeedsHuman() | Failed() as finding:
            return finding
        case _:
            return NeedsHuman("search_without_result")


def _looked(work: Work, records: tuple[FoundRecord, ...]) -> ReadBack:
    """Tell which of the work's items are among the records found now."""
    found = {it.reference: it.since for it in records}
    still = tuple(it.id for it in work.items if it.reference in found)
    since: list[date] = [
        day for it in work.items if (day := found.get(it.reference)) is not None
    ]
    return Present(still, min(since, default=None)) if still else Absent()


def _item(task: TaskId, record: FoundRecord) -> Item:
    return Item(
        # Salted with the task: a bare hash would betray a reference.
        id=ItemId(sha256(f"{task}/{record.reference}".encode()).hexdigest()[:32]),
        reference=record.reference,
        kind=record.kind,
        record_class=record.record_class,
        started_on=record.since,
    )
