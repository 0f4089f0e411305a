"""What a person does with a quarantined event: look at its shape, release, drop."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from orchestrator.adapters.intake.quarantine import WAITING, Done, DropReason, Ruling
from orchestrator.adapters.intake.quarantine_views import (
    QuarantineAction,
    QuarantinedLine,
)
from orchestrator.bootstrap.installation import QUARANTINE, Installation
from orchestrator.entrypoints.printing.masking import masked_json, masked_word
from orchestrator.errors import NotPossible
from orchestrator.ports.event_log import Record, unpack
from schemas.later_words import LATER_TYPES
from schemas.rejections import Rejection, RejectionCode
from schemas.requests import PrivacyRequest
from schemas.sealed_members import IDENTIFYING, SUFFIX
from schemas.signed_events import AUDIENCE, EXPIRY, take_apart
from schemas.topics import CONFIRMATIONS
from schemas.withdrawals import RequestWithdrawal

# Names of headers that the contract has; another one may hold anything.
_HEADERS = frozenset(
    {"ce_specversion", "ce_id", "ce_source", "ce_type", "ce_time", "content-type"}
)

# Everything that a publisher may say.
_SAID = (PrivacyRequest, RequestWithdrawal, *LATER_TYPES.values())

_ATTRIBUTES = frozenset(
    {"specversion", "id", "source", "type", "time", "datacontenttype", "data"}
    | {AUDIENCE, EXPIRY}
    | {f"{name}{SUFFIX}" for name in IDENTIFYING}
)


@dataclass(frozen=True, slots=True)
class QuarantinedView:
    """A quarantined event with the shape of its payload; values are masked."""

    event: QuarantinedLine
    headers: tuple[str, ...]
    value: str | None
    actions: Sequence[QuarantineAction]
    request_id: str | None = None


class Releasing:
    """Handles quarantined events; raises `NotPossible` where that does not fit."""

    def __init__(self, installation: Installation) -> None:
        """Keep the parts; nothing is opened yet."""
        self._parts = installation
        self._quarantine = installation.quarantine

    def shown(self, id_: str, by: str) -> QuarantinedView:
        """Return an event with its payload's shape; that somebody looked is kept."""
        line = self._quarantine.line(id_)
        if line.state != WAITING:
            return QuarantinedView(line, (), None, self._quarantine.actions(id_))
        record = self._record(line)
        self._note(id_, "shown", by)
        headers = tuple(
            f"{name if name.lower() in _HEADERS else '(unknown header)'}: "
            f"{masked_word(value.decode('utf-8', 'replace'))}"
            for name, value in record.headers
        )
        actions, request = self._quarantine.actions(id_), self._named(line, record)
        return QuarantinedView(line, headers, _shape(record), actions, request)

    def release(self, id_: str, by: str, *, although_expired: bool = False) -> None:
        """Feed an event in again; what is still wrong keeps it where it is."""
        line = self._quarantine.line(id_)
        record = self._record(line)
        if record.topic == CONFIRMATIONS:
            found = self._parts.collect(None, lambda: None).read(record)
        else:
            ingest = self._parts.ingest(None, lambda: None)
            found = ingest.read(record, line.seen_at, although_expired=although_expired)
        if found is not None:
            self._note(id_, "refused", by)
            place = f" at {found.pointer}" if found.pointer else ""
            raise NotPossible(
                f"It is still refused ({found.code.value}{place}): {found.rule}"
                f" {found.hint}"
            )
        self._quarantine.end(id_, self._ruling("released", by))

    def drop(self, id_: str, by: str, reason: DropReason) -> None:
        """Destroy an event's payload, for a reason."""
        line = self._quarantine.line(id_)
        if not self._quarantine.end(id_, self._ruling("dropped", by, reason)):
            raise NotPossible(f"{id_} is {line.state} already; nothing was changed.")

    def drop_all(self, code: RejectionCode, by: str, reason: DropReason) -> int:
        """Destroy what nobody of ours signed, by what was wrong with it."""
        ruling, clock = self._ruling("dropped", by, reason), self._parts.clock
        return self._quarantine.drop_unverified(code, ruling, lambda: clock.new_id("a"))

    def _named(self, line: QuarantinedLine, record: Record) -> str | None:
        """Return the request of a publisher's event, where that names nobody."""
        if record.topic == CONFIRMATIONS:
            return None
        requests = self._parts.requests
        said = requests.read(record.headers, record.value, line.seen_at)
        code = RejectionCode(line.code)
        found = said.what if isinstance(said.what, Rejection) else said.refused(code)
        return found.request_id

    def _ruling(
        self,
        state: Literal["released", "dropped"],
        by: str,
        reason: DropReason | None = None,
    ) -> Ruling:
        clock = self._parts.clock
        return Ruling(clock.new_id("a"), state, by, clock.now(), reason)

    def _note(self, id_: str, done: Done, by: str) -> None:
        clock = self._parts.clock
        self._quarantine.note(clock.new_id("a"), id_, done, by, clock.now())

    def _record(self, line: QuarantinedLine) -> Record:
        """Open a waiting event's payload."""
        sealed = self._quarantine.sealed(line.id)
        if line.state != WAITING or sealed is None:
            raise NotPossible(
                f"{line.id} is {line.state} already; its payload is destroyed."
            )
        content = self._parts.cipher.derived(QUARANTINE).open(sealed, line.id)
        return unpack(content, line.topic, line.partition, line.offset)


def _shape(record: Record) -> str:
    """Return the shape of a record's value."""
    if record.value is None:
        return "(no value)"
    # Of a signed record what was signed, verified or not: somebody must see it.
    parts = take_apart(record.value)
    value = record.value if isinstance(parts, Rejection) else parts.payload
    known = (_names(model.model_json_schema()) for model in _SAID)
    return masked_json(value, _ATTRIBUTES.union(*known))


def _names(schema: object) -> frozenset[str]:
    """Return every member name of a JSON Schema."""
    found: set[str] = set()
    match schema:
        case dict():
            properties = schema.get("properties")
            if isinstance(properties, dict):
                found.update(properties)
            for part in schema.values():
                found |= _names(part)
        case list():
            for part in schema:
                found |= _names(part)
        case _:
            pass
    return frozenset(found)
