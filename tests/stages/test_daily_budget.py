"""Three thousand people and a budget of a thousand a day: nobody is late."""

from __future__ import annotations

import asyncio
import heapq
from collections import Counter
from collections.abc import Collection, Mapping
from dataclasses import replace
from datetime import timedelta
from typing import cast

import pytest

from connectors.answer import Answer
from connectors.iterable import Iterable
from connectors.iterable.api import Key
from connectors.iterable.connector import BY_BUDGET, IterableOptions
from connectors.transport.http import Api
from connectors.transport.wire import Received
from orchestrator.stages.work.accounts import Gate, Lease
from orchestrator.stages.work.windows import Windows
from schemas.connecting import (
    EMAIL,
    Identifier,
    Item,
    ItemId,
    JobAccepted,
    Retry,
    TaskId,
    Work,
)
from tests.core.builders import DAY, HOUR
from tests.stages.test_windows import Seconds

PEOPLE = 3000
A_THOUSAND = 1000
BODY = b'{"code": "Success", "channels": [{"id": 40207}]}'


class Iterables(Api):
    """Iterable's answers behind real rate windows; it counts what was asked."""

    def __init__(self, gate: Gate) -> None:
        self._spec = Iterable.spec
        self._only_gate = gate
        self.asked: Counter[str] = Counter()

    async def call(  # type: ignore[override]  # (what the connector uses of it)
        self,
        operation: str,
        *,
        path: Mapping[str, str] | None = None,  # noqa: ARG002 (the protocol's)
        json: object = None,  # noqa: ARG002
        accept: Collection[int] = (),  # noqa: ARG002
    ) -> Answer:
        """Pass the windows, then succeed."""
        declared = self._spec.operations[operation]
        rates = declared.rates or self._spec.rates
        await self._only_gate.before_send(rates, declared.effect)
        self.asked[operation] += 1
        return Answer(operation, declared.effect, Received(200, {}, BODY))

    def wait_for(self, operation: str) -> timedelta:
        """Ask the windows."""
        rates = self._spec.operations[operation].rates or ()
        return timedelta(seconds=self._only_gate.wait_for(rates))


def _work(number: int, left: timedelta) -> Work:
    address = f"human-{number}@example.com"
    item = Item(ItemId(str(number)), Key.of_email(address).reference, "profile", "m")
    task = TaskId(f"task-{number}")
    return Work(task, (item,), (Identifier(EMAIL, address),), "key", left)


def _erased(
    within: timedelta, **options: object
) -> tuple[Counter[str | None], timedelta]:
    """Let all be erased *within* a time; returns the ways, and the last moment."""
    time = Seconds()
    begin = time.at
    lease = Lease(time)
    lease.take(1, time.at, 400 * DAY.total_seconds())
    gate = Gate(Windows(time, time.sleep), lease)
    given = IterableOptions.model_validate({"project": "email", **options})
    connector = Iterable(cast("Api", Iterables(gate)), given)
    ways: Counter[str | None] = Counter()

    async def run() -> None:
        due = [(time.at, number) for number in range(PEOPLE)]
        while due:
            at, number = heapq.heappop(due)
            time.at = max(time.at, at)
            left = within - timedelta(seconds=time.at - begin)
            reply = await connector.erase_one(_work(number, left))
            match reply:
                case Retry(after=timedelta() as after):
                    heapq.heappush(due, (time.at + after.total_seconds(), number))
                case JobAccepted(how=how):
                    ways[how] += 1
                case _:
                    pytest.fail(f"unexpected: {reply}")

    asyncio.run(run())
    return ways, timedelta(seconds=time.at - begin)


def test_nobody_is_late_and_forgetting_goes_as_far_as_it_reaches() -> None:
    """A day and a half holds two thousand forgotten; the last thousand are deleted."""
    ways, last = _erased(36 * HOUR)

    assert ways == {None: 2 * A_THOUSAND, BY_BUDGET: A_THOUSAND}
    assert last <= 36 * HOUR


def test_with_time_enough_everybody_is_forgotten() -> None:
    """Later events are kept out for all of them, three days long."""
    ways, last = _erased(5 * DAY)

    assert ways == {None: PEOPLE}
    assert 2 * DAY <= last <= 5 * DAY


def test_register_that_says_forget_is_obeyed_even_if_that_is_late() -> None:
    """Whoever wants later events kept out at any price gets that, and the alarm."""
    ways, last = _erased(36 * HOUR, erase_by="forget")

    assert ways == {None: PEOPLE}
    assert last > 36 * HOUR


def test_late_task_waits_for_no_budget() -> None:
    """Past its time a task takes the way that is open now."""
    ways, last = _erased(-HOUR)

    assert ways[None] == A_THOUSAND
    assert ways[BY_BUDGET] == PEOPLE - A_THOUSAND
    assert last < HOUR


def test_task_without_a_time_waits_for_the_budget() -> None:
    """Nobody said when it is late, so the better way is taken."""
    time = Seconds()
    lease = Lease(time)
    lease.take(1, time.at, 400 * DAY.total_seconds())
    gate = Gate(Windows(time, time.sleep), lease)
    given = IterableOptions(project="email")
    connector = Iterable(cast("Api", Iterables(gate)), given)
    work = replace(_work(1, HOUR), time_left=None)

    async def run() -> object:
        for _ in range(A_THOUSAND):
            await connector.erase_one(work)
        return await connector.erase_one(work)

    reply = asyncio.run(run())

    assert isinstance(reply, Retry)
    assert reply.cause == "daily_budget_spent"
