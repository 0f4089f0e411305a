"""
The OpenDSR protocol: create, ask, cancel, fetch results, believe what is signed.

There is no search, so `locate` hands back the person's identities as unproven items.
The request's own id is our idempotency key, so that a request that arrived although
its answer was lost is found again.  A poll that says completed is E2, a callback that
the processor signed is E3.  The protocol knows no failure: a state that is not
documented goes to a person.
"""

from __future__ import annotations

import contextlib
from collections.abc import Mapping
from datetime import datetime, timedelta
from email.utils import parsedate_to_datetime
from hashlib import sha256
from types import MappingProxyType
from typing import ClassVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from connectors.answer import Answer
from connectors.base import (
    Accepted,
    Action,
    Api,
    Callback,
    Cancelled,
    ConnectorSpec,
    Done,
    Effect,
    Evidence,
    Exported,
    Failed,
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
    Operation,
    Options,
    Person,
    Proof,
    Provenance,
    Rate,
    Replay,
    Reply,
    Retry,
    Row,
    Sink,
    TaskId,
    Ticket,
    TooLate,
    Work,
)
from connectors.errors import ContractChanged, NotGenuine, Refused
from connectors.opendsr import messages
from connectors.opendsr.certificates import Certificates
from connectors.opendsr.dialects import OWN_TYPES, State, own_type
from connectors.opendsr.identities import dumped, loaded, sets_of, worded
from connectors.opendsr.options import RECORD_CLASSES, OpenDsrOptions
from connectors.opendsr.signatures import check_signature, signed_by
from connectors.transport.json_lines import records_in
from schemas.connecting import CUSTOMER_ID, EMAIL, HeaderAuth

_EXISTS, _CONFLICT, _EXPIRED = 400, 409, 410
# Nobody's request: asking about it checks the credentials.
NOBODY = "00000000-0000-4000-8000-000000000000"


class _Job(BaseModel):
    """A ticket's value: the request's id, and whom the rows of a copy belong to."""

    model_config = ConfigDict(frozen=True, hide_input_in_errors=True)

    request_id: str = Field(min_length=1)
    subject: str | None = None


class OpenDsr(OneAtATime):
    """Export and erase people at one processor that speaks OpenDSR."""

    options: ClassVar[type[Options]] = OpenDsrOptions
    spec: ClassVar = ConnectorSpec(
        name="opendsr",
        version="1",
        vendor="OpenDSR",
        source="https://github.com/opengdpr/OpenDSR, version 2.0, 2026-11",
        actions=frozenset({Action.LOCATE, Action.EXPORT, Action.ERASE}),
        accepts=frozenset({EMAIL, CUSTOMER_ID, *map(own_type, OWN_TYPES)}),
        yields=frozenset(),
        operations=MappingProxyType(
            {
                "discovery": Operation("GET", "/discovery", Effect.READ),
                "create": Operation("POST", "/{requests}", Effect.WRITE),
                "read": Operation("GET", "/{requests}/{id}", Effect.READ),
                "cancel": Operation("DELETE", "/{requests}/{id}", Effect.WRITE),
                # Both are links of an answer, followed without credentials.
                "certificate": Operation("GET", "/certificate", Effect.READ),
                "results": Operation("GET", "/results/{name}", Effect.READ),
            }
        ),
        # The whole value of the header: each vendor wants another scheme.
        auth=HeaderAuth(secret="authorization", template="{secret}"),  # noqa: S106
        rates=(Rate(10, timedelta(seconds=1)),),
        proof=Proof.STATUS,
        replay=MappingProxyType(
            {Action.ERASE: Replay.REPEAT, Action.EXPORT: Replay.REPEAT}
        ),
        horizon=timedelta(days=30),
        record_classes=RECORD_CLASSES,
        writes=frozenset({Action.ERASE, Action.EXPORT}),
        cancels=frozenset({Action.ERASE}),
        items_per_call=MappingProxyType({Action.ERASE: 1, Action.EXPORT: 1}),
        hears=True,
    )

    def __init__(self, api: Api, options: OpenDsrOptions) -> None:
        super().__init__(api, options)
        self._settings = options
        self._dialect = options.speaks
        self._certificates = Certificates(api, options)
        self._told: datetime | None = None  # the processor's own time

    async def ping(self) -> Installation:
        """
        Ask for the discovery, and about nobody's request, which wants credentials.

        The protocol has no name for an account; the processor's domain stands for it.
        """
        await self._discover()
        await self._read(NOBODY)
        return Installation(self._dialect.processor_domain or "opendsr")

    async def locate_one(self, person: Person) -> Finding:
        """Return the person's identities; the protocol cannot search for them."""
        sets = sets_of(person.identifiers, self._dialect)
        if not sets:
            return NotApplicable("no_identifier")
        return Located(tuple(self._item(person.task, dumped(one)) for one in sets))

    async def erase_one(self, work: Work) -> Reply:
        """Ask for the erasure of one set of identities."""
        return await self._create(work, Action.ERASE, "erasure")

    async def export(self, work: Work, sink: Sink) -> Reply:  # noqa: ARG002
        """Ask for a copy; its file comes with a later poll."""
        return await self._create(work, Action.EXPORT, self._settings.export_type)

    async def poll_one(self, ticket: Ticket, sink: Sink | None) -> Reply:
        """Ask how a request is going."""
        job = _job(ticket)
        if job is None:
            return NeedsHuman("unreadable_ticket")
        status = await self._read(job.request_id)
        if status is None:
            return Failed("job_not_found", "Retry makes a new request.")
        return await self._told_of(status, job, ticket, sink)

    async def _told_of(
        self, status: messages.Status, job: _Job, ticket: Ticket, sink: Sink | None
    ) -> Reply:
        """Say what a request's state means."""
        match self._dialect.state(status.request_status):
            case State.PENDING | State.IN_PROGRESS:
                within = self._left(status)
                return JobAccepted(ticket, self._settings.check_after, within)
            case State.COMPLETED if ticket.action is Action.ERASE:
                return Done("deleted", Evidence.E2)
            case State.COMPLETED:
                return await self._copied(status, job, sink)
            case State.CANCELLED:
                return Cancelled()
            case None:
                return NeedsHuman("unknown_job_state")

    async def cancel(self, ticket: Ticket) -> Cancelled | TooLate:
        """Call a request back, which works while it is pending."""
        job = _job(ticket)
        if job is None:
            return TooLate("unreadable_ticket")
        refused = None
        try:
            await self._api.call("cancel", path=self._path(job.request_id))
        except Refused as error:
            refused = error
        return TooLate() if refused else Cancelled()

    async def on_callback(self, headers: Mapping[str, str], body: bytes) -> Callback:
        """
        Verify who signed the raw bytes and that they are meant for us, then read them.

        In the order of the guidelines: the domain, its certificate, the signature,
        the address.  A signature that does not fit is tried once more with a fresh
        certificate, because processors renew theirs.
        """
        ours = self._settings.callback_url
        if ours is None:
            raise NotGenuine("no_callbacks_asked_for")
        domain, signature = signed_by(headers, self._dialect.header_prefixes)
        if domain != self._dialect.processor_domain:
            raise NotGenuine("wrong_domain")
        await self._certificates.verified(
            domain, lambda key: check_signature(key, signature, body)
        )
        said = _callback(body)
        if said.status_callback_url != ours:
            raise NotGenuine("not_for_us")
        return Callback(said.subject_request_id, self._meaning(said))

    # --- asking -------------------------------------------------------------------

    async def _create(self, work: Work, action: Action, type_: str) -> Reply:
        """Make a request under our own id; one that is there already is taken on."""
        if len(work.items) != 1:
            return NeedsHuman("wrong_number_of_identities")
        (item,) = work.items
        answer = await self._api.call(
            "create",
            path={"requests": self._dialect.requests},
            json=await self._body(work.idempotency_key, type_, item.reference),
            accept=(_EXISTS, _CONFLICT),
        )
        if answer.status == _CONFLICT:
            return Retry("already_in_progress", self._settings.busy_after)
        job = _Job(
            request_id=work.idempotency_key,
            subject=item.reference if action is Action.EXPORT else None,
        )
        within = await self._accepted(answer, job)
        ticket = Ticket(job.model_dump_json(), action, (work.task,))
        return JobAccepted(ticket, self._settings.check_after, within)

    async def _accepted(self, answer: Answer, job: _Job) -> timedelta | None:
        """Return how long it takes; a refusal of an id that is known accepts it."""
        if answer.status == _EXISTS:
            known = await self._read(job.request_id)
            if known is None:
                raise Refused(_EXISTS)
            return self._left(known)
        created = answer.parse(messages.Created)
        if created.subject_request_id != job.request_id:
            raise answer.unexpected()
        expected = created.expected_completion_time
        said_at = created.received_time or self._said_at(answer)
        return messages.expected_within(expected, said_at)

    async def _body(
        self, request_id: str, type_: str, reference: str
    ) -> Mapping[str, object]:
        """Return a request in the processor's dialect."""
        if self._told is None:
            await self._discover()
        # The last that we know of its clock: never later than now.
        now, ours = self._told, self._settings.callback_url
        extensions = self._dialect.extensions
        optional = {
            "api_version": self._dialect.api_version,
            "submitted_time": now.strftime("%Y-%m-%dT%H:%M:%SZ") if now else None,
            "status_callback_urls": [ours] if ours else None,
            "extensions": dict(extensions) if extensions else None,
        }
        return {
            **self._settings.fields,
            **{name: value for name, value in optional.items() if value is not None},
            "regulation": self._settings.regulation,
            "subject_request_id": request_id,
            "subject_request_type": type_,
            "subject_identities": worded(loaded(reference), self._dialect),
        }

    async def _discover(self) -> None:
        """Read the discovery, and with it what time it is there."""
        answer = await self._api.call("discovery")
        answer.parse(messages.Discovery)
        self._said_at(answer)

    async def _read(self, request_id: str) -> messages.Status | None:
        """Ask how a request is going; nothing where there is no such request."""
        answer = await self._api.call(
            "read", path=self._path(request_id), accept=(self._dialect.not_found,)
        )
        if answer.status == self._dialect.not_found:
            return None
        self._said_at(answer)
        status = answer.parse(messages.Status)
        if status.subject_request_id != request_id:
            raise ContractChanged("status_of_another_request")
        return status

    async def _copied(
        self, status: messages.Status, job: _Job, sink: Sink | None
    ) -> Reply:
        """Fetch the results; a link that has expired wants a new request."""
        if sink is None or job.subject is None:
            return NeedsHuman("unexpected_ticket")
        if status.results_url is None:
            is_none = status.results_count == 0
            return NothingFound() if is_none else NeedsHuman("no_results_url")
        rows, refused = 0, None
        try:
            pieces = self._api.download("results", status.results_url)
            async for record in records_in(pieces):
                await sink.write(
                    Row("records", Provenance.OBSERVED, job.subject, record)
                )
                rows += 1
        except Refused as error:
            refused = error
        if refused is None:
            return Exported(rows)
        if refused.status == _EXPIRED:
            return Retry("results_expired")
        raise refused

    # --- meaning ------------------------------------------------------------------

    def _meaning(self, said: messages.Callback) -> Reply:
        """Say what a verified word means; what is no end brings the poll forward."""
        state = self._dialect.state(said.request_status)
        if state is State.COMPLETED:
            # Of a copy the workflow takes it for the moment to fetch it.
            return Done("deleted", Evidence.E3)
        if state is None:
            return NeedsHuman("unknown_job_state")
        is_over = state is State.CANCELLED
        return Accepted(timedelta(0) if is_over else self._settings.check_after)

    def _left(self, status: messages.Status) -> timedelta | None:
        """Return how long the processor still wants, as of its last answer."""
        return messages.expected_within(status.expected_completion_time, self._told)

    def _said_at(self, answer: Answer) -> datetime | None:
        """Return when an answer was given, by the processor's own clock."""
        told = None
        with contextlib.suppress(TypeError, ValueError):
            told = parsedate_to_datetime(answer.header("date") or "")
        if told is not None and told.tzinfo is not None:
            self._told = told
        return self._told

    def _path(self, request_id: str) -> Mapping[str, str]:
        return {"requests": self._dialect.requests, "id": request_id}

    def _item(self, task: TaskId, reference: str) -> Item:
        # Salted with the task: a bare hash would betray an address.
        name = sha256(f"{task}/{reference}".encode()).hexdigest()[:32]
        return Item(
            id=ItemId(name),
            reference=reference,
            kind="identities",
            record_class=self._settings.record_class,
            proven=False,
        )


def _job(ticket: Ticket) -> _Job | None:
    """Read a ticket's value."""
    try:
        return _Job.model_validate_json(ticket.value)
    except ValidationError:
        return None


def _callback(body: bytes) -> messages.Callback:
    """Read a verified body; a shape that nobody documents is a changed contract."""
    try:
        return messages.Callback.model_validate_json(body)
    except ValidationError:
        pass
    raise ContractChanged("unexpected_callback")
