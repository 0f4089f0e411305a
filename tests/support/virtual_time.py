"""An event loop whose clock jumps: whatever would be waited for is there at once."""

from __future__ import annotations

import asyncio
import selectors
from collections.abc import Coroutine
from typing import Any, TypeVar

T = TypeVar("T")


class _Jumping(selectors.DefaultSelector):
    """Lets the loop's time pass instead of waiting."""

    passed = 0.0

    def select(self, timeout: float | None = None) -> list[Any]:
        """Return what is there; nothing else can happen before *timeout*."""
        found = super().select(0)
        if not found and timeout is not None:
            self.passed += max(0.0, timeout)
        return found


class JumpingLoop(asyncio.SelectorEventLoop):
    """Time begins at nought and passes by waiting alone; for one thread, no sockets."""

    def __init__(self) -> None:
        self._jumping = _Jumping()
        super().__init__(self._jumping)

    def time(self) -> float:
        """Return the seconds that were waited for."""
        return self._jumping.passed


def run(step: Coroutine[Any, Any, T]) -> T:
    """Run *step* to its end in virtual time."""
    with asyncio.Runner(loop_factory=JumpingLoop) as runner:
        return runner.run(step)
