"""The orchestrator in this process, watched: receipts, commits, CPU, memory."""

from __future__ import annotations

import resource
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import and_, event, func, or_, select

from benchmarks.places import ACCOUNTS
from benchmarks.requests import requests
from orchestrator.adapters.logs import configure_logs
from orchestrator.adapters.sql.tables import cases, outbox, tasks
from orchestrator.bootstrap.installation import Installation
from orchestrator.entrypoints.collecting import collect_seldom
from orchestrator.entrypoints.running import Running
from orchestrator.ports.event_log import Message, Publisher
from orchestrator.settings import load_settings
from schemas.receipts import RECEIPT_SEALED

PATIENCE = 200.0  # seconds until a run counts as stuck
_LOOK = 0.005


@dataclass(frozen=True, slots=True)
class Use:
    """What a stretch of work took of this process."""

    seconds: float
    cpu_seconds: float
    commits: int


class _Witness:
    """Counts the receipts that are durably in the event log."""

    def __init__(self, publisher: Publisher) -> None:
        """Stand before *publisher*."""
        self._publisher = publisher
        self._changed = threading.Condition()
        self.receipts = 0
        self.last_at = 0.0

    def publish(self, messages: Sequence[Message]) -> Sequence[bool]:
        """Publish, and note which receipts were acknowledged."""
        acknowledged = self._publisher.publish(messages)
        sent = sum(
            is_sent and ("ce_type", RECEIPT_SEALED.encode()) in message.headers
            for message, is_sent in zip(messages, acknowledged, strict=True)
        )
        if sent:
            with self._changed:
                self.receipts += sent
                self.last_at = time.perf_counter()
                self._changed.notify_all()
        return acknowledged

    def close(self) -> None:
        """Close the publisher."""
        self._publisher.close()

    def wait_for(self, receipts: int, failed: Callable[[], bool]) -> None:
        """Wait until so many receipts were sent since the start."""
        end = time.monotonic() + PATIENCE
        with self._changed:
            while self.receipts < receipts:
                assert not failed(), "a stage failed; the log says which"
                assert time.monotonic() < end, f"{self.receipts} of {receipts} receipts"
                self._changed.wait(0.5)


class Watched:
    """A running installation and what it used."""

    def __init__(self, stages: Sequence[str] | None = None) -> None:
        """Build the installation of the environment; nothing runs yet."""
        settings = load_settings()
        configure_logs(settings.log_format, settings.log_level)
        self.installation = Installation(settings)
        self.witness = _Witness(self.installation.publisher)
        self.installation.publisher = self.witness
        self._running = Running(self.installation)
        if stages is not None:
            self._running.stages = stages
        self._commits = 0
        event.listen(self.installation.database.engine, "commit", self._count)

    def start(self) -> None:
        """Start every stage, as `erasure run` does."""
        collect_seldom()
        self._running.start()

    def stop(self) -> None:
        """Stop every stage and wait for the end."""
        self._running.stop()
        failure = self._running.wait()
        if failure is not None:
            raise failure

    def handle(self, names: Sequence[str]) -> None:
        """Publish a request of each person, and return when all is over."""
        messages = requests(names)
        receipts, closed = self.witness.receipts, self.closed()
        self.installation.publisher.publish(messages)
        self.witness.wait_for(receipts + len(names), self._has_failed)
        self.wait_until(lambda: self.closed() == closed + len(names))
        self.wait_until(lambda: not self._count_rows(outbox.c.sent_at.is_(None)))

    def answer(self, name: str) -> float:
        """Return the seconds from one request in the log to its receipt in the log."""
        (message,) = requests([name])
        receipts, closed = self.witness.receipts, self.closed()
        began = time.perf_counter()
        self.installation.publisher.publish([message])
        self.witness.wait_for(receipts + 1, self._has_failed)
        seconds = self.witness.last_at - began
        self.wait_until(lambda: self.closed() == closed + 1)
        return seconds

    def closed(self) -> int:
        """Count the cases that are over, but for what is owed days later."""
        is_forgotten = and_(cases.c.status == "answered", cases.c.wants.is_(None))
        return self._count_rows(or_(cases.c.status == "closed", is_forgotten))

    def opened(self) -> int:
        """Count all cases."""
        return self._count_rows(cases.c.version > 0)

    def waits(self) -> bool:
        """Tell whether each erasure waits for another look."""
        return self._count_rows(tasks.c.status == "waiting") == len(ACCOUNTS)

    def wait_until(self, is_so: Callable[[], bool]) -> None:
        """Look again and again until *is_so*."""
        end = time.monotonic() + PATIENCE
        while not is_so():
            assert not self._has_failed(), "a stage failed; the log says which"
            assert time.monotonic() < end, "a run got stuck"
            time.sleep(_LOOK)

    @contextmanager
    def using(self) -> Iterator[list[Use]]:
        """Measure a block; the list holds its use afterwards."""
        uses: list[Use] = []
        commits, cpu, began = self._commits, cpu_seconds(), time.perf_counter()
        yield uses
        seconds = time.perf_counter() - began
        uses.append(Use(seconds, cpu_seconds() - cpu, self._commits - commits))

    def _has_failed(self) -> bool:
        """Tell whether a stage ended the process."""
        return bool(self._running.failures)

    def _count(self, _connection: object) -> None:
        """Count a commit."""
        self._commits += 1

    def _count_rows(self, condition: object) -> int:
        """Count rows that meet *condition*."""
        query = select(func.count()).where(condition)  # type: ignore[arg-type]
        with self.installation.database.reading() as connection:
            found: int = connection.execute(query).scalar_one()
        return found


def cpu_seconds() -> float:
    """Return the CPU time of this process, all threads."""
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return usage.ru_utime + usage.ru_stime


def peak_bytes() -> int:
    """Return the most memory this process ever had resident."""
    status = Path("/proc/self/status").read_text()
    line = next(it for it in status.splitlines() if it.startswith("VmHWM:"))
    return int(line.split()[1]) * 1024
