"""Requests by the hundred through the real ingest, on a database and a set clock."""

from __future__ import annotations

import json
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from itertools import count, islice

from pydantic import SecretBytes

from orchestrator.adapters.calendars import calendar_of
from orchestrator.adapters.intake.signed_requests import SignedRequests
from orchestrator.adapters.register.publishers import PublisherTable
from orchestrator.adapters.vault.cipher import Cipher
from orchestrator.core.intake.brake import BrakeLimits
from orchestrator.core.plan import Plan
from orchestrator.ports.event_log import Message, Record, TopicPartition
from orchestrator.stages.ingest import Ingest, IngestParts
from schemas.topics import REQUESTS
from tests.core.builders import a_plan
from tests.schemas.submissions import a_request, a_subject, a_verification, the_headers
from tests.stages.an_office import NAMES, Office
from tests.support.publisher import OURS, PUBLISHER, signed

PORTAL = "/portal/maison"
LIMITS = BrakeLimits(per_hour=50, factor=10, minimum=20)
_PUBLISHER = PublisherTable.model_validate(
    tomllib.loads(PUBLISHER)["publishers"]["portal"]
    | {"sources": [PORTAL], "controllers": ["maison"]}
)


@dataclass(slots=True)
class Lines:
    """A consumer of what a test lays out, one batch a poll."""

    batches: list[Sequence[Record]] = field(default_factory=list)

    def poll(self, timeout: float) -> Sequence[Record]:
        """Return the next batch, if there is one."""
        assert timeout == 0
        return self.batches.pop(0) if self.batches else []

    def committed(self, positions: Mapping[TopicPartition, int]) -> None:
        """Take note of nothing: the database knows the positions."""

    def rewind(self) -> None:
        """Be asked by nobody: a failed batch fails the test."""
        raise AssertionError("A batch could not be stored.")

    def lag(self) -> int | None:
        """Say nothing of what waits."""
        return None

    def wake(self) -> None:
        """Wait for nothing."""

    def close(self) -> None:
        """Let go of nothing."""


class Intake:
    """An office whose portal sends what a test wants, when it wants."""

    def __init__(
        self,
        office: Office,
        limits: BrakeLimits | Mapping[str, BrakeLimits] = LIMITS,
        plan: Plan | None = None,
        *,
        partition: int = 0,
        is_signed: bool = False,
        shares_people: bool = False,
    ) -> None:
        """Open a consumer of one partition; *limits* of each source, or of all."""
        self._shares_people = shares_people  # with the other partitions
        self._is_signed = is_signed
        self.office = office
        self._of = {} if isinstance(limits, BrakeLimits) else dict(limits)
        self._other = limits if isinstance(limits, BrakeLimits) else LIMITS
        self._plan = plan or a_plan()
        self._partition = partition
        self._offsets = count()
        self._lines = Lines()
        self._ingest = Ingest(self._lines, self._parts())

    def send(self, many: int, *, at_once: int = 500, **changes: object) -> None:
        """Take *many* requests of different people in, as erasures of the portal."""
        records = self._records(changes)
        while batch := list(islice(records, min(at_once, many))):
            many -= len(batch)
            self._lines.batches.append(batch)
            self._ingest.turn(0)

    def _parts(self) -> IngestParts:
        office = self.office
        return IngestParts(
            store=office.store,
            engine=office.engine,
            vault=office.vault,
            pseudonyms=NAMES,
            requests=SignedRequests(
                {"portal": _PUBLISHER},
                OURS,
                str.encode,
                controllers=[self._plan.controller],
                takes_unsigned=not self._is_signed,
            ),
            plan_for=lambda controller, *, on: self._plan,  # noqa: ARG005 (the protocol's)
            calendar_for=calendar_of,
            limits_for=self._limits_for,
            seal_quarantined=Cipher(SecretBytes(bytes(32))).derived("quarantine").seal,
            clock=office.clock,
            quarantine_for=timedelta(days=1),
            on_applied=lambda: None,
        )

    def _limits_for(self, controller: str, source: str) -> BrakeLimits:
        assert controller == self._plan.controller
        return self._of.get(source, self._other)

    def _records(self, changes: Mapping[str, object]) -> Iterator[Record]:
        source = str(changes.get("source", PORTAL))
        said = {name: value for name, value in changes.items() if name != "source"}
        for offset in self._offsets:
            own = f"{self._partition}-{offset}"
            name = str(offset) if self._shares_people else own
            yield self._record(offset, name, source, said)

    def _record(
        self, offset: int, name: str, source: str, changes: Mapping[str, object]
    ) -> Record:
        now = self.office.clock.now().isoformat()
        number = f"{self._partition:04d}{offset:08d}"
        identifiers = [{"type": "email", "value": f"person-{name}@example.com"}]
        usual: dict[str, object] = {
            "request_id": f"6f0e0d3c-8f5a-4f2b-9a55-{number}",
            "controller": self._plan.controller,
            "received_at": now,
            "subject": a_subject(customer_id=f"C-{name}", identifiers=identifiers),
            "verification": a_verification(verified_at=now),
        }
        data = a_request(**{**usual, **changes})
        headers = the_headers(
            ce_id=f"0b7f7c58-6df0-4a1e-8f0e-{number}".encode(),
            ce_source=source.encode(),
        )
        plain = tuple((key, value or b"") for key, value in headers)
        message = Message(REQUESTS, b"", plain, json.dumps(data).encode())
        if self._is_signed:
            message = signed(message, self.office.clock.now())
        return Record(
            topic=REQUESTS,
            partition=self._partition,
            offset=offset,
            key=message.key,
            headers=message.headers,
            value=message.value,
        )
