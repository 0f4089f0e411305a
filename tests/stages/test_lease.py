"""A call leaves only under the ownership that claimed it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from typing import cast

import pytest

from connectors.base import OneAtATime, Options
from connectors.hubspot import HubSpot
from connectors.testing import MappingSecrets
from connectors.transport.http import Api
from orchestrator.core.cases import Step
from orchestrator.ports import Claimed
from orchestrator.stages.work.accounts import Account, AccountConfig, Gate, Lease
from orchestrator.stages.work.calling import CallGroup, OpenSink, Prepared, call
from orchestrator.stages.work.windows import Windows
from schemas.connecting import (
    EMAIL,
    Action,
    Done,
    Effect,
    Evidence,
    Installation,
    Mode,
    Reply,
    TaskId,
    Unknown,
    Work,
)
from tests.core.builders import CASE, MAIL, a_case


def _time() -> float:
    return 100.0


class Counting(OneAtATime):
    """Sends one request through the gate and counts it."""

    spec = HubSpot.spec

    def __init__(self, gate: Gate, before: Callable[[], None]) -> None:
        super().__init__(cast("Api", None), Options())
        self.sent = 0
        self._gate = gate
        self._before = before

    async def ping(self) -> Installation:
        """Know itself."""
        return Installation("here")

    async def erase(self, work: Sequence[Work]) -> Mapping[TaskId, Reply]:
        """Pass the gate, send, and say that all is done."""
        self._before()
        await self._gate.before_send((), Effect.WRITE)
        self.sent += 1
        return {one.task: Done("deleted", Evidence.E2) for one in work}


def _an_account(lease: Lease, before: Callable[[], None]) -> tuple[Account, Counting]:
    windows = Windows(_time)
    connector = Counting(Gate(windows, lease), before)
    config = AccountConfig(
        id=MAIL,
        connector=HubSpot,
        spec=connector.spec,
        options=Options(),
        secrets=MappingSecrets({}),
        bases={},
        mode=Mode.LIVE,
        accepts=frozenset({EMAIL}),
    )
    return Account(config, connector, cast("Api", None), windows, lease), connector


@pytest.mark.parametrize(
    ("epoch_at_send", "sends"),
    [
        pytest.param(1, 1, id="still_ours"),
        pytest.param(3, 0, id="lost_and_ours_again"),
        pytest.param(0, 0, id="lost"),
    ],
)
def test_call_sends_only_under_its_own_ownership(
    epoch_at_send: int, sends: int
) -> None:
    """A call that outlived its lease sends nothing and ends no later ownership."""
    lease = Lease(_time)
    lease.take(1, _time(), 10)

    def meanwhile() -> None:
        lease.take(epoch_at_send, _time(), 10 if epoch_at_send else 0)

    account, connector = _an_account(lease, meanwhile)
    (task,) = a_case().tasks_of(Action.ERASE)
    member = Prepared(Claimed(CASE, task, 1), (), ())
    group = CallGroup(account, Action.ERASE, Step.ACT, (member,))

    (said,) = asyncio.run(call(group, cast("OpenSink", None)))

    assert connector.sent == sends
    assert isinstance(said.reply, Done if sends else Unknown)
    assert lease.is_held == bool(epoch_at_send)
