"""
The protocol every connector keeps, and a base class for one person at a time.

A connector knows one processor's HTTP API and nothing of Kafka, SQL, cases or
clocks.  Rate windows, retries, durable calls, credentials, the egress policy and
dry run belong to the shell, which hands a connector its `Api`
(connectors/transport/http.py).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import ClassVar, Protocol, runtime_checkable

from pydantic import BaseModel, ConfigDict

from connectors.errors import NotGenuine
from connectors.transport.http import Api
from schemas.connecting import (
    Absent,
    Accepted,
    Action,
    Ambiguous,
    Callback,
    Cancelled,
    Candidate,
    CannotTell,
    ConnectorSpec,
    Done,
    Effect,
    Evidence,
    Exported,
    Failed,
    Finding,
    HandedOver,
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
    Notified,
    NotTold,
    Operation,
    Outcome,
    Person,
    Present,
    Progress,
    Proof,
    Provenance,
    Rate,
    ReadBack,
    Redacted,
    Replay,
    Reply,
    Retry,
    Row,
    StillOpen,
    TaskId,
    Ticket,
    TooLate,
    Work,
)


class Options(BaseModel):
    """
    What the register may set for one account of this connector.

    Subclass it; unknown keys are refused at start.  `yields` maps a field of the
    processor's record to the identifier type it holds (register data, because every
    retailer names its fields differently), for example
    `{"mixpanel_id": "mixpanel.distinct_id"}`.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    yields: Mapping[str, IdentifierType] = {}

    def declared(self, spec: ConnectorSpec) -> ConnectorSpec:
        """Return what the connector declares once these options are known."""
        return spec


class Sink(Protocol):
    """Where an export's rows go; encrypted before they touch a disk."""

    async def write(self, row: Row) -> None:
        """Keep *row*; raises `WrongPerson` if it is bound to somebody else."""


@runtime_checkable
class Connector(Protocol):
    """
    One processor's API in the words of the workflow.

    Every method may raise the errors of `connectors.errors`; none decides
    silently.  Each answer maps every task it was asked for: a task missing in an
    answer is a retry, never done.
    """

    spec: ClassVar[ConnectorSpec]
    options: ClassVar[type[Options]]

    def __init__(self, api: Api, options: Options) -> None: ...

    async def ping(self) -> Installation:
        """Ask for the account's own name; reads only."""

    async def locate(self, people: Sequence[Person]) -> Mapping[TaskId, Finding]:
        """Search by each person's identifiers; reads only."""

    async def erase(self, work: Sequence[Work]) -> Mapping[TaskId, Reply]:
        """Erase the frozen items of each work; never anything else."""

    async def notify(self, work: Sequence[Work]) -> Mapping[TaskId, Reply]:
        """Tell a controller of its own that these people are erased."""

    async def export(self, work: Work, sink: Sink) -> Reply:
        """Write all that the processor holds on the items to *sink*."""

    async def poll(self, ticket: Ticket, sink: Sink | None) -> Mapping[TaskId, Reply]:
        """Ask how an accepted job is going; an export job's rows go to *sink*."""

    async def cancel(self, ticket: Ticket) -> Cancelled | TooLate:
        """
        Call a job back for `ticket.members` alone; only if `spec.cancels` names it.

        A job that also works for others is `TooLate`, unless the processor can take
        these members out of it.
        """

    async def poll_many(self, tickets: Sequence[Ticket]) -> Mapping[TaskId, Reply]:
        """Ask about several jobs of one action, at most `polls_per_call` of it."""

    async def read_back(self, work: Sequence[Work]) -> Mapping[TaskId, ReadBack]:
        """Look whether the items are gone; reads only."""

    async def on_callback(self, headers: Mapping[str, str], body: bytes) -> Callback:
        """
        Verify what the processor says by itself on the raw *body*, then read it.

        Names of *headers* are lower-case.  Raises `NotGenuine` for whatever is not
        signed by whom it says or not meant for us; may read, for a certificate.
        """


class OneAtATime:
    """Turns one-person methods into the protocol's; `Options` and `Api` are kept."""

    spec: ClassVar[ConnectorSpec]
    options: ClassVar[type[Options]] = Options

    def __init__(self, api: Api, options: Options) -> None:
        self._api = api
        self._options = options

    async def locate(self, people: Sequence[Person]) -> Mapping[TaskId, Finding]:
        """Search for one person after the other."""
        return {person.task: await self.locate_one(person) for person in people}

    async def erase(self, work: Sequence[Work]) -> Mapping[TaskId, Reply]:
        """Erase one person's items after the other's."""
        return {one.task: await self.erase_one(one) for one in work}

    async def notify(self, work: Sequence[Work]) -> Mapping[TaskId, Reply]:
        """Tell of one person after the other."""
        return {one.task: await self.notify_one(one) for one in work}

    async def poll(self, ticket: Ticket, sink: Sink | None) -> Mapping[TaskId, Reply]:
        """Give every member of the job the same answer."""
        reply = await self.poll_one(ticket, sink)
        return dict.fromkeys(ticket.members, reply)

    async def poll_many(self, tickets: Sequence[Ticket]) -> Mapping[TaskId, Reply]:
        """Ask about one job after the other."""
        replies: dict[TaskId, Reply] = {}
        for ticket in tickets:
            replies.update(await self.poll(ticket, None))
        return replies

    async def read_back(self, work: Sequence[Work]) -> Mapping[TaskId, ReadBack]:
        """Look for one person's items after the other's."""
        return {one.task: await self.read_back_one(one) for one in work}

    async def on_callback(self, headers: Mapping[str, str], body: bytes) -> Callback:  # noqa: ARG002
        """Refuse it: this processor says nothing by itself."""
        raise NotGenuine("no_callbacks")

    async def locate_one(self, person: Person) -> Finding:  # noqa: ARG002
        """Search for *person*; a connector without a search says so."""
        return NotApplicable("no_search")

    async def erase_one(self, work: Work) -> Reply:  # noqa: ARG002
        """Erase *work*; a connector that cannot says so."""
        return NotApplicable("no_erasure")

    async def notify_one(self, work: Work) -> Reply:  # noqa: ARG002
        """Tell of *work*; a connector that cannot says so."""
        return NotTold("no_notice")

    async def export(self, work: Work, sink: Sink) -> Reply:  # noqa: ARG002
        """Export *work*; a connector that cannot says so."""
        return NotApplicable("no_export")

    async def poll_one(self, ticket: Ticket, sink: Sink | None) -> Reply:  # noqa: ARG002
        """Ask about *ticket*; a connector without jobs never gets one."""
        return NeedsHuman("unexpected_ticket")

    async def cancel(self, ticket: Ticket) -> Cancelled | TooLate:  # noqa: ARG002
        """Call *ticket*'s job back; a connector that cannot says so."""
        return TooLate("not_supported")

    async def read_back_one(self, work: Work) -> ReadBack:  # noqa: ARG002
        """Look for *work*; a connector that cannot says so."""
        return CannotTell()


__all__ = [
    "Absent", "Accepted", "Action", "Ambiguous", "Api", "Callback", "Cancelled",
    "Candidate", "CannotTell", "Connector", "ConnectorSpec", "Done", "Effect",
    "Evidence", "Exported", "Failed", "Finding", "HandedOver", "Identifier",
    "IdentifierType", "Installation", "Item", "ItemId", "JobAccepted", "Located",
    "NeedsHuman", "NotApplicable", "NotTold", "NothingFound", "Notified",
    "OneAtATime", "Operation", "Options", "Outcome", "Person", "Present", "Progress",
    "Proof", "Provenance", "Rate", "ReadBack", "Redacted", "Replay", "Reply", "Retry",
    "Row", "Sink", "StillOpen", "TaskId", "Ticket", "TooLate", "Work",
]  # fmt: skip
