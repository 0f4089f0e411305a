"""
The one transaction: lock, decide, write, commit.

`Engine.apply` takes a batch of steps, locks their cases in id order, decides each event
in turn and stores cases, tasks, history, outgoing messages and what rides along, once.
A batch that fails is bisected; a single step that fails hands its task to a person.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime

from tenacity import Retrying, retry_if_exception_type, stop_after_attempt

from orchestrator.core.changing import replace
from orchestrator.core.events import CallReported, TaskReported
from orchestrator.engine.steps import Step, Stirred
from orchestrator.engine.work import Work
from orchestrator.errors import CannotStore, Conflict, SetUpError, Unavailable
from orchestrator.ports import CloseCall, Store, Transaction
from schemas.connecting import NeedsHuman

MOST_TRIES = 5  # of a step that meets another transaction

OnFailure = Callable[[Step, Exception], None]
Rider = Callable[[], None]  # what it stores in its thread is part of the transaction
Listener = Callable[[frozenset[Stirred]], None]


class Engine:
    """Applies events to cases; safe to call from several threads and processes."""

    def __init__(
        self,
        store: Store,
        now: Callable[[], datetime],
        on_failure: OnFailure | None = None,
    ) -> None:
        """Keep the store; *on_failure* is told of a step that could not be applied."""
        self._store = store
        self._now = now
        self._on_failure = on_failure
        self._listeners: list[Listener] = []

    def listen(self, listener: Listener) -> None:
        """Tell *listener* after each commit whom it may have given something to do."""
        self._listeners.append(listener)

    def apply(self, steps: Sequence[Step]) -> list[bool]:
        """
        Apply *steps* in one transaction; returns which of them changed their case.

        Writes of a step that changes nothing are dropped with it: an outcome of an
        ended ownership leaves no trace.  Raises `Unavailable`, `Conflict` or
        `CannotStore` or `SetUpError`, and then nothing is stored.
        """
        if not steps:
            return []
        try:
            return self._apply_once(steps)
        except (Unavailable, Conflict, CannotStore, SetUpError):
            raise
        except Exception as error:  # noqa: BLE001 (a fault of ours stops no other case)
            if len(steps) > 1:
                middle = len(steps) // 2
                return [*self.apply(steps[:middle]), *self.apply(steps[middle:])]
            return [self._give_up(steps[0], error)]

    def opening(self, transaction: Transaction) -> Work:
        """Return the unit of work that opens cases in the caller's transaction."""
        return Work(transaction, self._now())

    def apply_with(self, steps: Sequence[Step], rider: Rider) -> bool:
        """
        Apply *steps*, and let *rider* store something in the same transaction.

        Tells whether it did.  It begins anew with each try; one that fails takes nobody
        along, for then the steps are applied without it.  Raises what `apply` raises.
        """
        if not steps:
            return False
        try:
            self._apply_once(steps, rider)
        except (Unavailable, Conflict, CannotStore, SetUpError):
            raise
        except Exception:  # noqa: BLE001 (whose fault it is shows without the rider)
            self.apply(steps)
            return False
        return True

    def committed(self, work: Work) -> None:
        """Tell the listeners whom *work*, which is committed, gave something to do."""
        stirred = work.stirred()
        for listener in self._listeners:
            listener(stirred)

    def _apply_once(
        self, steps: Sequence[Step], rider: Rider | None = None
    ) -> list[bool]:
        """Apply all steps in one transaction, again if another one was in the way."""
        for attempt in Retrying(
            retry=retry_if_exception_type(Conflict),
            stop=stop_after_attempt(MOST_TRIES),
            reraise=True,
        ):
            with attempt, self._store.transaction() as transaction:
                work = Work(transaction, self._now())
                work.load(steps)
                applied = [work.apply(step) for step in steps]
                work.save()
                if rider is not None:
                    rider()
        self.committed(work)
        return applied

    def _give_up(self, step: Step, error: Exception) -> bool:
        """Hand the task of a step that cannot be applied to a person."""
        if self._on_failure is not None:
            self._on_failure(step, error)
        event = step.event
        ours = NeedsHuman("our_fault")
        if not isinstance(event, TaskReported | CallReported) or event.report == ours:
            return False
        parked = replace(event, report=ours)
        # Its answer came: whoever takes the account over must not take it for lost.
        closed = () if event.call is None else (CloseCall(event.call),)
        return self.apply([Step(step.case, parked, closed)])[0]
