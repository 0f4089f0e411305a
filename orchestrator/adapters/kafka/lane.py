"""One daemon thread that runs what it is given, one after another."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import Future
from queue import SimpleQueue
from typing import TypeVar

Result = TypeVar("Result")


class Lane:
    """
    Runs calls in order on a thread of its own.

    A call that never comes back must not keep the process from ending, so the
    thread is a daemon; the executors of the standard library wait for theirs.
    """

    def __init__(self, name: str) -> None:
        self._calls: SimpleQueue[Callable[[], None] | None] = SimpleQueue()
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)
        self._thread.start()

    def submit(self, function: Callable[[], Result]) -> Future[Result]:
        """Run *function* after everything given before."""
        future: Future[Result] = Future()

        def call() -> None:
            try:
                result = function()
            except BaseException as error:  # noqa: BLE001 - whoever waits gets it
                future.set_exception(error)
            else:
                future.set_result(result)

        self._calls.put(call)
        return future

    def close(self, within: float) -> bool:
        """End after what was given; tell whether it did so in *within* seconds."""
        self._calls.put(None)
        self._thread.join(within)
        return not self._thread.is_alive()

    def _run(self) -> None:
        while (call := self._calls.get()) is not None:
            call()
