"""
Run stages in one process: a thread each, woken by one another, stopped together.

A part that is away is waited for; what cannot be stored or is set up wrongly ends the
process with its sentence.  A stop lets calls in flight finish.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field
from typing import Final

import structlog

from orchestrator.adapters.inbox.callbacks import Callbacks
from orchestrator.adapters.inbox.http_server import HttpServer
from orchestrator.bootstrap.installation import INBOX, Installation
from orchestrator.core.words import AccountId
from orchestrator.errors import Conflict, Unavailable
from schemas.connecting import Mode
from schemas.topics import CONFIRMATIONS

log = structlog.get_logger()

STAGES: Final = (
    *("ingest", "collect", "work", "sweep"),
    *("seal", "sequence", "relay", "forget"),
)
IDLE: Final = 0.5  # seconds between looks for what other processes did
OUTAGE_PAUSE: Final = 0.5
FULL_TURN: Final = 50  # a turn that moved less took all there was
BUSY_PAUSE: Final = 0.05  # of a stage with much to do, for larger transactions
PATIENCE: Final = 0.05  # how long what nobody waits for lets others go first
AT_ONCE: Final = " at once"  # rings for a stage that would else be patient

Turn = Callable[[], int]


class Bells:
    """Wakes stages that wait; ringing twice is ringing once."""

    def __init__(self) -> None:
        """Begin silent."""
        self._wakers: list[tuple[str, Callable[[], None]]] = []

    def new(self, stage: str) -> threading.Event:
        """Return a bell that rings for *stage*."""
        bell = threading.Event()
        self.wake_by(stage, bell.set)
        return bell

    def wake_by(self, stage: str, wake: Callable[[], None]) -> None:
        """Call *wake* whenever it rings for *stage*."""
        self._wakers.append((stage, wake))

    def ring(self) -> None:
        """Wake everybody; from any thread."""
        for _, wake in self._wakers:
            wake()

    def ring_for(self, stages: Collection[str]) -> None:
        """Wake these stages; from any thread."""
        for stage, wake in self._wakers:
            if stage in stages:
                wake()


@dataclass(slots=True)
class Running:
    """The stages of one process and their end."""

    installation: Installation
    stages: Sequence[str] = STAGES
    accounts: Collection[AccountId] | None = None
    bells: Bells = field(default_factory=Bells)
    stopping: threading.Event = field(default_factory=threading.Event)
    failures: list[BaseException] = field(default_factory=list)
    _threads: list[threading.Thread] = field(default_factory=list)
    _at_stop: list[Callable[[], None]] = field(default_factory=list)
    _before_end: list[Callable[[], None]] = field(default_factory=list)

    def start(self) -> None:
        """Start every stage; returns at once."""
        starters = {
            "ingest": self._start_ingest,
            "collect": self._start_collect,
            "work": self._start_work,
            "sweep": self._start_sweep,
            "seal": self._start_seal,
            "sequence": self._start_sequence,
            "relay": self._start_relay,
            "forget": self._start_forget,
        }
        self.installation.engine.listen(self.bells.ring_for)
        for stage in self.stages:
            starters[stage]()
        self._start_callbacks()
        for thread in self._threads:
            thread.start()
        log.info("process_ready", stage=",".join(self.stages))

    def stop(self) -> None:
        """Ask every stage to end; from any thread or signal handler."""
        self.stopping.set()
        self.bells.ring()

    def wait(self) -> BaseException | None:
        """Wait for the end; returns what ended the process, or nothing after a stop."""
        self.stopping.wait()
        self.bells.ring()
        for stop in self._at_stop:
            stop()
        for thread in self._threads:
            thread.join()
        for end in self._before_end:
            try:
                end()
            except Unavailable as error:
                log.warning("end_unfinished", advice=str(error))
        self.installation.close()
        return self.failures[0] if self.failures else None

    def _start_ingest(self) -> None:
        """Read requests; the consumer waits by itself."""
        consumer = self.installation.consumer()
        ingest = self.installation.ingest(
            consumer, lambda: self.bells.ring_for({"relay"})
        )
        self.bells.wake_by(
            "ingest", lambda: consumer.wake() if self.stopping.is_set() else None
        )
        self._loop("ingest", lambda: ingest.turn(IDLE), waits_itself=True)
        self._before_end.append(consumer.close)

    def _start_collect(self) -> None:
        """Read the answers of systems of one's own, if there are any."""
        if not self.installation.participants:
            return
        consumer = self.installation.consumer(CONFIRMATIONS)
        collect = self.installation.collect(
            consumer, lambda: self.bells.ring_for({INBOX})
        )
        self.bells.wake_by(
            "collect", lambda: consumer.wake() if self.stopping.is_set() else None
        )
        self._loop("collect", lambda: collect.turn(IDLE), waits_itself=True)
        self._before_end.append(consumer.close)

    def _start_work(self) -> None:
        """Run the worker in an event loop of its own."""
        worker = self.installation.worker(self.accounts, _engine_rings)
        self.bells.wake_by("work", worker.wake)
        self.bells.wake_by(
            "work", lambda: worker.stop() if self.stopping.is_set() else None
        )
        self.bells.wake_by(INBOX, worker.hear)
        self._thread("work", lambda: asyncio.run(worker.run()))

    def _start_callbacks(self) -> None:
        """Take what processors say by themselves, where the settings say so."""
        parts = self.installation
        if parts.settings.callback_bind is None:
            return
        hearing = {
            id_
            for id_, entry in parts.register.accounts.items()
            if entry.spec.hears and entry.mode is not Mode.OFF
        }
        callbacks = Callbacks(hearing, parts.inbox, parts.clock, self._told)
        server = HttpServer(parts.settings.callback_bind, callbacks.asgi)
        server.start()
        log.info("callbacks_ready", count=len(hearing))
        self._at_stop += [server.stop, callbacks.close]

    def _told(self, failure: Exception | None) -> None:
        """Let a new letter be read at once; one that was not stored comes again."""
        if failure is None:
            self.bells.ring_for({INBOX})
        else:
            log.warning("callback_not_stored", cause=type(failure).__name__)

    def _start_sweep(self) -> None:
        """Let time pass now and then."""
        every = self.installation.settings.sweep_every.total_seconds()
        self._loop("sweep", self.installation.sweep(_engine_rings).turn, idle=every)

    def _start_seal(self) -> None:
        """Seal copies and statements."""
        seal = self.installation.seal(lambda: self.bells.ring_for({f"relay{AT_ONCE}"}))
        self._loop("seal", self.installation.unless_held(seal.turn), busy=3)

    def _start_sequence(self) -> None:
        """Append statements to the log."""
        sequencer = self.installation.sequencer(
            lambda: self.bells.ring_for({"relay", f"relay{AT_ONCE}"})
        )
        self._loop("sequence", sequencer.turn, busy=1)
        stamper = self.installation.stamper()
        if stamper is not None:
            # In a thread of its own: an authority that is slow delays nothing.
            self._loop("stamp", stamper.turn)

    def _start_relay(self) -> None:
        """Send the outbox: statements at once, and what is told of cases soon."""
        relay = self.installation.relay()
        self._loop("relay", relay.turn, busy=20, patience=PATIENCE)
        self._before_end.append(relay.close)

    def _start_forget(self) -> None:
        """Destroy keys, a little after the answer that others wait for."""
        forget = self.installation.forget()
        turn = self.installation.unless_held(forget.turn)
        self._loop("forget", turn, patience=PATIENCE)
        self._before_end.append(forget.close)

    def _loop(
        self,
        name: str,
        turn: Turn,
        *,
        idle: float = IDLE,
        busy: int | None = None,
        patience: float = 0.0,
        waits_itself: bool = False,
    ) -> None:
        """
        Take turns until stopped; wait for a bell unless a turn left more behind.

        A turn that moved *busy* or more is followed by a short pause, so that the next
        one finds more to do in its one transaction.  One with *patience* begins so
        many seconds after its bell, unless it is rung for at once.
        """
        bell, hurry = self.bells.new(name), self.bells.new(name + AT_ONCE)

        def run() -> None:
            while not self.stopping.is_set():
                bell.clear()
                hurry.clear()
                try:
                    moved = turn()
                except (Unavailable, Conflict) as error:
                    log.warning("stage_waits", stage=name, advice=str(error))
                    self.stopping.wait(OUTAGE_PAUSE)
                    continue
                if busy is not None and moved >= busy:
                    self.stopping.wait(BUSY_PAUSE)
                is_over = moved < FULL_TURN and not waits_itself
                is_over = is_over and not self.stopping.is_set()
                if is_over and bell.wait(idle):
                    hurry.wait(patience)

        self._thread(name, run)

    def _thread(self, name: str, run: Callable[[], None]) -> None:
        """Run in a thread; whatever it raises ends the process."""

        def guarded() -> None:
            try:
                run()
            except BaseException as error:  # noqa: BLE001 (told by the main thread)
                log.error("stage_failed", stage=name, cause=type(error).__name__)  # noqa: TRY400 (a traceback could hold data)
                self.failures.append(error)
            finally:
                self.stop()

        self._threads.append(threading.Thread(target=guarded, name=name, daemon=True))


def _engine_rings() -> None:
    """Wake nobody: the engine tells after each commit whom it concerns."""
