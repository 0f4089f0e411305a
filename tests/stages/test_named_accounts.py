"""A live account is written to only under the name that the register gives it."""

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
from orchestrator.core.cases import Step, Task
from orchestrator.ports import Claimed
from orchestrator.stages.work.accounts import Account, AccountConfig, Lease
from orchestrator.stages.work.calling import CallGroup, OpenSink, Prepared, call
from orchestrator.stages.work.pausing import mended_by_ping
from orchestrator.stages.work.windows import Windows
from schemas.connecting import (
    EMAIL,
    Action,
    Done,
    Evidence,
    Finding,
    Installation,
    Mode,
    NothingFound,
    Person,
    Reply,
    TaskId,
    Work,
)
from tests.core.builders import CASE, MAIL, ready_to_erase, task_of

ERASED = Done("deleted", Evidence.E2)


class Obeying(OneAtATime):
    """Erases whatever it is told to."""

    spec = HubSpot.spec

    def __init__(self, name: str) -> None:
        super().__init__(cast("Api", None), Options())
        self._name = name

    async def ping(self) -> Installation:
        """Say its own name."""
        return Installation(self._name)

    async def locate(self, people: Sequence[Person]) -> Mapping[TaskId, Finding]:
        """Find nobody."""
        return {person.task: NothingFound() for person in people}

    async def erase_one(self, work: Work) -> Reply:  # noqa: ARG002 (the protocol's)
        """Obey."""
        return ERASED


def _an_account(
    *, installation: str | None, is_sandbox: bool, calls_itself: str = "portal-1"
) -> Account:
    connector = Obeying(calls_itself)
    config = AccountConfig(
        id=MAIL,
        connector=HubSpot,
        spec=connector.spec,
        options=Options(),
        secrets=MappingSecrets({}),
        bases={},
        mode=Mode.LIVE,
        accepts=frozenset({EMAIL}),
        installation=installation,
        is_sandbox=is_sandbox,
    )
    windows, lease = Windows(lambda: 0.0), Lease(lambda: 0.0)
    return Account(config, connector, cast("Api", None), windows, lease)


def _said(account: Account, action: Action = Action.ERASE) -> object:
    """Let the account be called once; returns what was heard."""
    task: Task = replace(task_of(ready_to_erase("a"), MAIL), action=action)
    member = Prepared(Claimed(CASE, task, 1), (), ())
    group = CallGroup(account, action, Step.ACT, (member,))
    (said,) = asyncio.run(call(group, cast("OpenSink", None)))
    return said.reply


def test_live_account_without_a_name_is_not_written_to() -> None:
    """It pauses instead, with the code that the runbook explains."""
    account = _an_account(installation=None, is_sandbox=False)

    assert _said(account) is None
    assert account.paused_reason == "installation_not_set"


def test_live_account_without_a_name_is_searched() -> None:
    """Reading harms nobody, and shows whether the right account answers."""
    account = _an_account(installation=None, is_sandbox=False)

    assert _said(account, Action.LOCATE) == NothingFound()


@pytest.mark.parametrize(
    ("installation", "is_sandbox", "calls_itself"),
    [
        pytest.param("portal-1", False, "portal-1", id="live and named"),
        pytest.param(None, True, "portal-1", id="sandbox"),
        pytest.param(None, False, "unnamed", id="live, where nothing has a name"),
    ],
)
def test_account_that_is_known_is_written_to(
    installation: str | None,
    is_sandbox: bool,  # noqa: FBT001 (a table)
    calls_itself: str,
) -> None:
    """A name that matches, a sandbox, or a processor that has no names."""
    account = _an_account(
        installation=installation, is_sandbox=is_sandbox, calls_itself=calls_itself
    )

    assert _said(account) == ERASED


@pytest.mark.parametrize("is_sandbox", [True, False])
def test_another_name_stops_even_a_search(
    is_sandbox: bool,  # noqa: FBT001 (a table)
) -> None:
    """Whoever answers there is not whom the register means."""
    account = _an_account(
        installation="portal-1", is_sandbox=is_sandbox, calls_itself="portal-2"
    )

    assert _said(account, Action.LOCATE) is None
    assert account.paused_reason == "wrong_installation"


def test_ping_ends_that_pause_only_once_the_name_is_written() -> None:
    """Else the account would be paused again at its next write."""
    assert "installation_not_set" not in mended_by_ping(None)
    assert "installation_not_set" in mended_by_ping("portal-1")
