"""
How much of what a processor allows is used, and that nothing beyond it is sent.

Ten minutes of virtual time for every set of windows that a connector declares: as many
calls at once as the account may make, each with a way there and back; the processor
counts by its own rules (`connectors.fakes.limits`).
"""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import cycle

import pytest

from connectors.errors import TryLater
from connectors.fakes.limits import LIMITS, Limiter
from connectors.registry import connectors
from orchestrator.stages.work.accounts import Gate, Lease
from orchestrator.stages.work.windows import Windows
from schemas.connecting import ConnectorSpec, Effect, Rate
from tests.support import virtual_time

STRETCH = 600.0  # seconds
WANTED = 0.95
WAYS = (0.002, 0.017, 0.009, 0.004, 0.013)  # seconds that a request is under way


@dataclass
class Tally:
    """What the processor saw."""

    admitted: int = 0
    refused: int = 0


def _ways() -> Iterator[tuple[str, str]]:
    """Yield each connector with one operation for each set of windows."""
    for name in sorted(LIMITS):
        spec = connectors()[name].spec
        seen: set[tuple[Rate, ...]] = set()
        for operation in sorted(spec.operations):
            rates = _rates(spec, operation)
            covered = any(limit.covers(operation) for limit in LIMITS[name])
            if covered and rates not in seen:
                seen.add(rates)
                yield name, operation


def _rates(spec: ConnectorSpec, operation: str) -> tuple[Rate, ...]:
    own = spec.operations[operation].rates
    return spec.rates if own is None else own


def allowed(name: str, operation: str) -> float:
    """Return how many requests the processor admits in the stretch at most."""
    return min(
        limit.points * max(1.0, STRETCH / limit.seconds) / limit.cost.get(operation, 1)
        for limit in LIMITS[name]
        if limit.covers(operation)
    )


async def asked(name: str, operation: str) -> Tally:
    """Ask for the whole stretch, as fast as the gate lets through."""
    spec = connectors()[name].spec
    loop = asyncio.get_running_loop()
    lease = Lease(loop.time)
    lease.take(1, 0.0, 2 * STRETCH)
    gate = Gate(Windows(loop.time), lease)
    limiter = Limiter(LIMITS[name], loop.time)
    rates, ways, tally = _rates(spec, operation), cycle(WAYS), Tally()

    async def worker() -> None:
        while loop.time() < STRETCH:
            try:
                await gate.before_send(rates, Effect.READ)
            except TryLater as later:
                await asyncio.sleep(later.after.total_seconds() if later.after else 1)
                continue
            await asyncio.sleep(next(ways))
            if loop.time() >= STRETCH:
                return
            if limiter.admits(operation):
                tally.admitted += 1
            else:
                tally.refused += 1

    await asyncio.gather(*(worker() for _ in range(spec.concurrency)))
    return tally


@pytest.mark.parametrize(("name", "operation"), list(_ways()))
def test_what_a_processor_allows_is_used_and_never_passed(
    name: str, operation: str
) -> None:
    """At least 95 % of the allowed requests are made, and none is answered 429."""
    tally = virtual_time.run(asked(name, operation))

    assert tally.refused == 0
    assert tally.admitted >= WANTED * allowed(name, operation)


def test_processor_refuses_what_is_too_much() -> None:
    """The counting itself: the fourth request of a second is refused, a later not."""
    at = 0.0
    limiter = Limiter(LIMITS["iterable"], lambda: at)

    assert [limiter.admits("forget") for _ in range(4)] == [True, True, True, False]
    at = 1.0
    assert limiter.admits("forget")


if __name__ == "__main__":  # the lines of docs/performance.md
    for connector, operation in _ways():
        tally = virtual_time.run(asked(connector, operation))
        most = allowed(connector, operation)
        share = tally.admitted / most
        line = (connector, operation, tally.admitted, round(most), f"{share:.1%}")
        sys.stdout.write(f"| {' | '.join(map(str, line))} | {tally.refused} |\n")
