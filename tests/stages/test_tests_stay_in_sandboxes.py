"""A test reaches no account that the register turned live while it ran."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import cast

import pytest

from connectors.base import OneAtATime, Options
from connectors.hubspot import HubSpot
from connectors.testing import MappingSecrets
from connectors.transport.http import Api
from orchestrator.core.cases import OpenCall, Step, Task
from orchestrator.core.words import CallId
from orchestrator.ports import Claimed
from orchestrator.stages.work.accounts import Account, AccountConfig, Lease
from orchestrator.stages.work.calling import CallGroup, OpenSink, Prepared, call
from orchestrator.stages.work.claiming import Bundling, Size
from orchestrator.stages.work.windows import Windows
from schemas.connecting import (
    EMAIL,
    Action,
    Finding,
    Installation,
    Mode,
    NeedsHuman,
    NotApplicable,
    NothingFound,
    Person,
    TaskId,
)
from tests.core.builders import CASE, HOUR, MAIL, T0, ready_to_erase, task_of


class Noting(OneAtATime):
    """Notes whether anybody asked it anything."""

    spec = HubSpot.spec

    def __init__(self) -> None:
        super().__init__(cast("Api", None), Options())
        self.asked = 0

    async def ping(self) -> Installation:
        """Say its name."""
        self.asked += 1
        return Installation("portal-1")

    async def locate(self, people: Sequence[Person]) -> Mapping[TaskId, Finding]:
        """Find nobody."""
        self.asked += 1
        return {person.task: NothingFound() for person in people}


def _an_account(*, is_sandbox: bool) -> Account:
    config = AccountConfig(
        id=MAIL,
        connector=HubSpot,
        spec=HubSpot.spec,
        options=Options(),
        secrets=MappingSecrets({}),
        bases={},
        mode=Mode.LIVE,
        accepts=frozenset({EMAIL}),
        installation="portal-1",
        is_sandbox=is_sandbox,
    )
    windows, lease = Windows(lambda: 0.0), Lease(lambda: 0.0)
    return Account(config, Noting(), cast("Api", None), windows, lease)


def _said(account: Account, task: Task) -> object:
    """Let the account be called once; returns what was heard."""
    group = CallGroup(
        account, task.action, task.step, (Prepared(Claimed(CASE, task, 1), (), ()),)
    )
    (said,) = asyncio.run(call(group, cast("OpenSink", None)))
    return said.reply


def _a_search(*, sandbox_only: bool) -> Task:
    task = task_of(ready_to_erase("a"), MAIL)
    return replace(task, action=Action.LOCATE, sandbox_only=sandbox_only)


def test_account_that_turned_live_hears_nothing_of_a_test() -> None:
    """Not even a search leaves, and the account goes on for everybody else."""
    account = _an_account(is_sandbox=False)

    reply = _said(account, _a_search(sandbox_only=True))

    assert reply == NotApplicable("live_account")
    assert cast("Noting", account.connector).asked == 0
    assert account.paused_reason is None


@pytest.mark.parametrize(
    ("is_sandbox", "sandbox_only"),
    [
        pytest.param(True, True, id="a test at a sandbox"),
        pytest.param(False, False, id="a real request at a live account"),
    ],
)
def test_what_fits_its_account_is_sent(
    is_sandbox: bool,  # noqa: FBT001 (a table)
    sandbox_only: bool,  # noqa: FBT001 (a table)
) -> None:
    """Only a test and a live account do not go together."""
    account = _an_account(is_sandbox=is_sandbox)

    assert _said(account, _a_search(sandbox_only=sandbox_only)) == NothingFound()


@pytest.mark.parametrize("step", [Step.POLL, Step.CANCEL, Step.LOOK])
def test_what_a_test_has_begun_goes_to_a_person(step: Step) -> None:
    """A job at the former sandbox is neither asked about nor called back."""
    job = OpenCall(CallId("k-1"), (), T0, T0 + HOUR)
    task = task_of(ready_to_erase("a"), MAIL)
    task = replace(task, sandbox_only=True, step=step, open_calls=(job,))

    assert _said(_an_account(is_sandbox=False), task) == NeedsHuman("live_account")


def test_test_shares_no_call_with_a_real_request() -> None:
    """Else one of them would stop the other when the account turns live."""
    task = replace(task_of(ready_to_erase("a"), MAIL), action=Action.LOCATE)
    claims = [
        Claimed(CASE, replace(task, sandbox_only=is_test), 1)
        for is_test in (True, False)
    ]
    specs = {MAIL: replace(HubSpot.spec, people_per_call={Action.LOCATE: 50})}
    bundling = Bundling(specs, lambda: CallId("k-1"), T0, lambda _: Size())

    assert [len(one.claims) for one in bundling.bundles(claims)] == [1, 1]
