"""How a job is called back: its own ticket, and what each answer means."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import cast

import pytest

from connectors.base import OneAtATime, Options
from connectors.errors import (
    AnswerLost,
    ContractChanged,
    EgressRefused,
    LeaseLost,
    Refused,
    TryLater,
)
from connectors.mixpanel import Mixpanel
from connectors.testing import MappingSecrets
from connectors.transport.http import Api
from orchestrator.core.cases import OpenCall, Step
from orchestrator.core.events import CheckFailed
from orchestrator.core.words import CallId
from orchestrator.ports import Claimed
from orchestrator.stages.work.accounts import Account, AccountConfig, Lease
from orchestrator.stages.work.calling import CallGroup, OpenSink, Prepared, call
from orchestrator.stages.work.windows import Windows
from schemas.connecting import (
    EMAIL,
    Action,
    Cancelled,
    Installation,
    Mode,
    Ticket,
    TooLate,
)
from tests.core.builders import CASE, HOUR, MAIL, MINUTE, T0, ready_to_erase, task_of


class Recalling(OneAtATime):
    """Answers a recall as a test says, and keeps what it was asked with."""

    spec = Mixpanel.spec

    def __init__(self, answer: Cancelled | TooLate | Exception) -> None:
        super().__init__(cast("Api", None), Options())
        self._answer = answer
        self.asked: list[Ticket] = []

    async def ping(self) -> Installation:
        """Know itself."""
        return Installation("here")

    async def cancel(self, ticket: Ticket) -> Cancelled | TooLate:
        """Answer."""
        self.asked.append(ticket)
        if isinstance(self._answer, Exception):
            raise self._answer
        return self._answer


def _recalled(
    connector: Recalling, *, is_sandbox: bool = True
) -> tuple[object, Account]:
    """Call one job back; returns what was heard, and the account."""
    config = AccountConfig(
        id=MAIL,
        connector=Mixpanel,
        spec=connector.spec,
        options=Options(),
        secrets=MappingSecrets({}),
        bases={},
        mode=Mode.LIVE,
        accepts=frozenset({EMAIL}),
        is_sandbox=is_sandbox,
    )
    windows, lease = Windows(lambda: 0.0), Lease(lambda: 0.0)
    account = Account(config, connector, cast("Api", None), windows, lease)
    task = replace(task_of(ready_to_erase("a"), MAIL), step=Step.CANCEL)
    member = Prepared(Claimed(CASE, task, 1), (), (), ticket="job-7")
    group = CallGroup(account, Action.ERASE, Step.CANCEL, (member,))
    (said,) = asyncio.run(call(group, cast("OpenSink", None)))
    return said.reply, account


def test_connector_gets_the_ticket_of_the_job_alone() -> None:
    """It names the job, and for whom it is called back."""
    connector = Recalling(Cancelled())

    reply, _ = _recalled(connector)

    (ticket,) = connector.asked
    assert reply == Cancelled()
    assert (ticket.value, ticket.action) == ("job-7", Action.ERASE)
    assert ticket.members == (task_of(ready_to_erase("a"), MAIL).id,)


@pytest.mark.parametrize(
    ("trouble", "meaning"),
    [
        pytest.param(AnswerLost("timeout"), TooLate("not_answered"), id="lost"),
        pytest.param(Refused(404), TooLate("not_answered"), id="refused"),
        pytest.param(ContractChanged("x"), TooLate("not_answered"), id="unreadable"),
        pytest.param(EgressRefused("dry_run"), TooLate("not_answered"), id="egress"),
        pytest.param(TypeError("bug"), TooLate("connector_fault"), id="a bug"),
        pytest.param(
            TryLater("throttled", MINUTE), CheckFailed("throttled", 60.0), id="busy"
        ),
        pytest.param(LeaseLost("lease_lost"), None, id="nothing sent"),
    ],
)
def test_trouble_of_a_recall_never_passes_for_a_recall(
    trouble: Exception, meaning: object
) -> None:
    """Either it is made again, or the poll that follows tells."""
    assert _recalled(Recalling(trouble))[0] == meaning


def test_recall_is_a_write() -> None:
    """A live account that the register does not name is not touched by one either."""
    reply, account = _recalled(Recalling(Cancelled()), is_sandbox=False)

    assert reply is None
    assert account.paused_reason == "installation_not_set"


def test_job_that_was_called_back_in_vain_is_not_called_back_again() -> None:
    """Of several jobs the next recall is about one that nobody has tried."""
    jobs = (
        OpenCall(CallId("k-1"), (), T0, T0 + HOUR, is_past_cancelling=True),
        OpenCall(CallId("k-2"), (), T0 + HOUR, T0 + HOUR),
    )
    task = replace(task_of(ready_to_erase("a"), MAIL), open_calls=jobs)

    assert replace(task, step=Step.CANCEL).due_job == jobs[1]
    assert replace(task, step=Step.POLL).due_job == jobs[0]
