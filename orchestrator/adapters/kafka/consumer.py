"""
Reading from Kafka: positions from the database, one thread for the client.

kafka-python is not to be called from two threads, cannot be interrupted, and
may wait inside itself for ever.  So it lives on a `Lane` of its own; the caller
waits beside it, where `wake` and the watchdog can reach.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future, wait
from dataclasses import dataclass
from typing import Any, Final, TypeVar

import kafka
from kafka.errors import KafkaError, RetriableError

from orchestrator.adapters.kafka.assignment import Assignment
from orchestrator.adapters.kafka.clients import Sweeper, open_client
from orchestrator.adapters.kafka.lane import Lane
from orchestrator.adapters.kafka.sentences import explain
from orchestrator.adapters.kafka.settings import KafkaSettings
from orchestrator.adapters.kafka.trouble import Trouble
from orchestrator.ports.event_log import LogUnavailable, Record, Stored, TopicPartition

Result = TypeVar("Result")

MAX_RECORDS: Final = 500

# With everything paused the library sleeps for all of a poll's time: ask briefly.
_BRIEFLY_MS: Final = 20
_AT_A_TIME_MS: Final = 200
_COUNT_SECONDS: Final = 1.0
_CLOSE_SECONDS: Final = 5.0


@dataclass(frozen=True, slots=True)
class Patience:
    """
    How long the consumer bears silence, in seconds.

    After `probe` without a record the broker is asked for a sign of life; after
    `outage` without one, or when the client itself has been silent for
    `watchdog`, `poll` raises.
    """

    probe: float = 5.0
    outage: float = 30.0
    watchdog: float = 60.0


class KafkaConsumer:
    """
    Reads topics as a member of a consumer group.

    With a *slot*, the same at every start of one process and different in each,
    the group gives a restarted process its partitions back at once, instead of
    after the session time-out of 6 seconds.
    """

    def __init__(
        self,
        settings: KafkaSettings,
        topics: Sequence[str],
        *,
        group: str,
        stored: Stored,
        slot: str | None = None,
        patience: Patience = Patience(),
    ) -> None:
        self._bootstrap = settings.bootstrap
        self._patience = patience
        self._first_topic = topics[0]
        self._stored = stored
        self._bell = threading.Event()
        self._woken = threading.Event()
        self._job: Future[list[Record]] | None = None
        self._job_since = 0.0
        self._is_rewinding = False
        self._heard = time.monotonic()
        self._counted = 0.0
        self._lag: int | None = None
        self._sweeper = Sweeper()
        self._trouble = Trouble()
        self._client: Any = open_client(
            kafka.KafkaConsumer, settings, self._trouble, **_options(group, slot)
        )
        self._assignment = Assignment(self._client)
        self._client.subscribe(list(topics), listener=self._assignment)
        self._lane = Lane(f"kafka-{group}")

    def poll(self, timeout: float) -> Sequence[Record]:
        """Wait up to *timeout* seconds for at most `MAX_RECORDS` records."""
        deadline = time.monotonic() + timeout
        while True:
            self._place()
            records = self._turn(deadline)
            if records or self._take_wake() or time.monotonic() >= deadline:
                return records

    def rewind(self) -> None:
        """Drop what was fetched and go on from what the database says."""
        # Before anything that can fail: until it is done the next poll does it.
        self._is_rewinding = True
        self._place()

    def committed(self, positions: Mapping[TopicPartition, int]) -> None:
        """Tell Kafka how far we are, for its displays, without waiting."""
        offsets = {
            kafka.TopicPartition(at.topic, at.partition): kafka.OffsetAndMetadata(
                offset, "", -1
            )
            for at, offset in positions.items()
        }
        self._lane.submit(lambda: self._client.commit_async(offsets))

    def lag(self) -> int | None:
        """Count what the broker has for us as of the last poll."""
        return self._lag

    def wake(self) -> None:
        """Let this poll, or else the next one, return at once."""
        self._woken.set()
        self._bell.set()

    def close(self) -> None:
        """Leave the group; a client that does not come back is left to the process."""
        milliseconds = int(_CLOSE_SECONDS * 1000)
        self._lane.submit(
            lambda: self._client.close(autocommit=False, timeout_ms=milliseconds)
        )
        self._lane.close(_CLOSE_SECONDS * 2)

    # What follows runs on the caller's thread.

    def _place(self) -> None:
        """Give partitions that wait for it their position from the database."""
        if self._is_rewinding:
            self._drop_job()
            self._on_lane(self._assignment.hold_all)
            self._is_rewinding = False
        number, waiting = self._assignment.waiting()
        if not waiting:
            return
        positions = self._stored(waiting)
        self._on_lane(lambda: self._assignment.release(number, positions))

    def _turn(self, deadline: float) -> Sequence[Record]:
        """Let the client poll once; nothing if that outlasts *deadline* or `wake`."""
        if self._job is None:
            left = max(0.0, deadline - time.monotonic())
            self._job_since = time.monotonic()
            self._job = self._lane.submit(lambda: self._fetch(left))
            self._job.add_done_callback(lambda _: self._bell.set())
        while not self._job.done():
            if self._woken.is_set() or not self._wait(deadline):
                return ()
        return self._collect()

    def _wait(self, deadline: float) -> bool:
        """Wait for the bell; False if *deadline* passed, raise if the client hangs."""
        given_up = self._job_since + self._patience.watchdog
        left = min(deadline, given_up) - time.monotonic()
        rang = self._bell.wait(max(0.0, left))
        self._bell.clear()
        if not rang and time.monotonic() >= given_up:
            raise self._hangs()
        return rang

    def _collect(self) -> Sequence[Record]:
        """Take the result of the client's poll, or raise what it came to."""
        job, self._job = self._job, None
        if job is None:
            return ()
        try:
            records = job.result()
        except RetriableError as error:
            self._bear(error)
            return ()
        except KafkaError as error:
            raise explain(error, self._bootstrap, self._trouble.sentence) from error
        self._bear(None)
        return records

    def _drop_job(self) -> None:
        """Wait for the client's poll, if there is one, and drop what it comes to."""
        if self._job is not None:
            wait([self._job], self._patience.watchdog)
            if not self._job.done():
                raise self._hangs()
            self._job = None

    def _bear(self, error: RetriableError | None) -> None:
        """Raise if the broker has been silent for longer than we bear."""
        silent = time.monotonic() - self._heard
        if silent > self._patience.outage:
            raise LogUnavailable(
                self._trouble.sentence
                or f"Kafka at {self._bootstrap} has not answered, or not let us into "
                f"the group, for {silent:.0f} s: check the broker; we go on trying."
            ) from error

    def _on_lane(self, function: Callable[[], Result]) -> Result:
        """Run *function* on the client's thread and wait for it."""
        return self._finish(self._lane.submit(function))

    def _finish(self, future: Future[Result]) -> Result:
        try:
            return future.result(self._patience.watchdog)
        except TimeoutError:
            raise self._hangs() from None
        except KafkaError as error:
            raise explain(error, self._bootstrap, self._trouble.sentence) from error

    def _hangs(self) -> LogUnavailable:
        return LogUnavailable(
            f"The Kafka client has not come back for {self._patience.watchdog:.0f} s: "
            "restart this process."
        )

    def _take_wake(self) -> bool:
        """Tell whether somebody woke us, once for all who did so until now."""
        if not self._woken.is_set():
            return False
        self._woken.clear()
        return True

    # What follows runs on the lane.

    def _fetch(self, seconds: float) -> list[Record]:
        """Poll the client once and note what it shows of the broker."""
        self._assignment.mend()
        longest = _AT_A_TIME_MS if self._assignment.is_reading else _BRIEFLY_MS
        batches = self._client.poll(
            timeout_ms=min(int(seconds * 1000), longest), max_records=MAX_RECORDS
        )
        records = [as_record(raw) for batch in batches.values() for raw in batch]
        silent = time.monotonic() - self._heard
        if records or (silent > self._patience.probe and self._is_alive()):
            self._heard = time.monotonic()
        elif silent > self._patience.probe:
            self._sweeper.sweep()
        if not records or time.monotonic() - self._counted > _COUNT_SECONDS:
            self._counted = time.monotonic()
            self._lag = self._assignment.lag()
        return records

    def _is_alive(self) -> bool:
        """Ask the group's coordinator something small, which needs no partition."""
        if self._assignment.is_joining:
            return False
        try:
            self._client.committed(
                kafka.TopicPartition(self._first_topic, 0), timeout_ms=1000
            )
        except KafkaError:
            return False
        return True


def _options(group: str, slot: str | None) -> dict[str, Any]:
    return {
        "group_id": group,
        "group_instance_id": slot,
        "enable_auto_commit": False,
        # Where the database names no offset, or one the topic no longer has.
        "auto_offset_reset": "earliest",
        # What a portal's transaction took back was never said.
        "isolation_level": "read_committed",
        "allow_auto_create_topics": False,
        "session_timeout_ms": 6000,
        "heartbeat_interval_ms": 2000,
        # A rewound partition waits for the fetch under way: keep that short.
        "fetch_max_wait_ms": 250,
        "request_timeout_ms": 10_000,
        # Larger records come all the same, one at a time; this bounds memory.
        "max_partition_fetch_bytes": 1_048_576,
        "fetch_max_bytes": 8_388_608,
        "max_poll_records": MAX_RECORDS,
    }


def as_record(raw: Any) -> Record:  # noqa: ANN401 - kafka-python has no types
    """Return a record of kafka-python as one of ours."""
    return Record(
        topic=raw.topic,
        partition=raw.partition,
        offset=raw.offset,
        key=raw.key,
        headers=tuple((name, value) for name, value in raw.headers),
        value=raw.value,
    )
