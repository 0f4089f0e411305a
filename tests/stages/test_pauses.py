"""Who pauses an account, and who may end that."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any, cast

import pytest

from connectors.base import OneAtATime, Options
from connectors.errors import AccessRefused, AddressRefused, CredentialsRefused
from connectors.hubspot import HubSpot
from connectors.testing import MappingSecrets
from connectors.transport.http import Api
from orchestrator.core.cases import Step
from orchestrator.ports import Claimed
from orchestrator.stages.work.accounts import (
    Account,
    AccountConfig,
    Lease,
    NotRecognisedError,
)
from orchestrator.stages.work.calling import CallGroup, OpenSink, Prepared, call
from orchestrator.stages.work.pausing import OUR_PAUSES, mended_by_ping
from orchestrator.stages.work.pinging import Pinging
from orchestrator.stages.work.windows import Windows
from schemas.connecting import (
    EMAIL,
    Action,
    Finding,
    Installation,
    Mode,
    Person,
    TaskId,
)
from tests.core.builders import CASE, HOUR, MAIL, MINUTE, T0, a_case, task_of
from tests.stages.an_office import Office


class Pinged(OneAtATime):
    """Answers pings; what a test wants to happen meanwhile happens in them."""

    spec = HubSpot.spec

    def __init__(self, meanwhile: Callable[[], object]) -> None:
        super().__init__(cast("Api", None), Options())
        self.pings = 0
        self.refusal: Exception = CredentialsRefused("unauthorised")
        self._meanwhile = meanwhile

    async def ping(self) -> Installation:
        """Know itself."""
        self.pings += 1
        self._meanwhile()
        return Installation("here")

    async def locate(self, people: Sequence[Person]) -> Mapping[TaskId, Finding]:  # noqa: ARG002 (the protocol's)
        """Refuse."""
        raise self.refusal


def _an_account(
    office: Office, meanwhile: Callable[[], object] = lambda: None
) -> tuple[Account, Pinged]:
    connector = Pinged(meanwhile)
    lease = Lease(office.clock.monotonic)
    lease.take(1, office.clock.monotonic(), 24 * 3600)
    windows = Windows(office.clock.monotonic)
    config = AccountConfig(
        id=MAIL,
        connector=HubSpot,
        spec=connector.spec,
        options=Options(),
        secrets=MappingSecrets({}),
        bases={},
        mode=Mode.LIVE,
        accepts=frozenset({EMAIL}),
        ping_every=MINUTE,
    )
    return Account(config, connector, cast("Api", None), windows, lease), connector


def _pings(office: Office, account: Account) -> None:
    """Let everything that is due be pinged, to the end."""
    pinging = Pinging(office.claims, office.clock)

    async def in_database(job: Callable[[], Any]) -> object:
        return job()

    async def run() -> None:
        pinging.begin([account], in_database, lambda: None)
        await asyncio.gather(*asyncio.all_tasks() - {asyncio.current_task()})

    asyncio.run(run())


def _reason(office: Office) -> str | None:
    (state,) = office.claims.accounts()
    return state.paused_reason


@pytest.mark.parametrize("reason", sorted(OUR_PAUSES))
def test_ping_resumes_what_it_disproves_and_nothing_else(
    office: Office, reason: str
) -> None:
    """A good ping says nothing about a right that is missing elsewhere."""
    account, connector = _an_account(office)
    office.claims.register([MAIL])
    office.claims.pause(MAIL, reason, "work", T0)
    account.paused_reason = reason

    _pings(office, account)

    mends = reason in mended_by_ping(account.config.installation)
    assert connector.pings == int(mends)
    assert (_reason(office) is None) == mends


def test_account_that_is_off_is_not_asked_and_pauses(office: Office) -> None:
    """Not for an address that is wrong: the register says what to mend."""
    account, connector = _an_account(office)
    account.config = replace(account.config, mode=Mode.OFF)

    with pytest.raises(NotRecognisedError, match="account_off"):
        asyncio.run(account.recognise())

    assert connector.pings == 0


def test_ping_that_comes_back_after_a_persons_pause_leaves_it(office: Office) -> None:
    """The person pauses while the ping is under way: the ping resumes nothing."""

    def pause() -> None:
        assert office.claims.pause(MAIL, "audit", "dpo", T0, over=OUR_PAUSES)

    account, _ = _an_account(office, pause)
    office.claims.register([MAIL])
    office.claims.pause(MAIL, "credentials_refused", "work", T0)
    account.paused_reason = "credentials_refused"

    _pings(office, account)

    assert _reason(office) == "audit"
    assert account.paused_reason is not None


def test_person_pauses_over_a_worker_and_not_the_other_way(office: Office) -> None:
    """The person's reason stays, whatever the processor answers afterwards."""
    office.claims.register([MAIL])
    office.claims.pause(MAIL, "credentials_refused", "work", T0)

    over_work = office.claims.pause(MAIL, "audit", "dpo", T0 + HOUR, over=OUR_PAUSES)
    by_work = office.claims.pause(MAIL, "access_refused", "work", T0 + HOUR)
    by_other = office.claims.pause(MAIL, "later", "ops", T0 + HOUR, over=OUR_PAUSES)

    assert (over_work, by_work, by_other) == (True, False, False)
    (state,) = office.claims.accounts()
    said = (state.paused_reason, state.paused_by, state.paused_at)
    assert said == ("audit", "dpo", T0 + HOUR)


@pytest.mark.parametrize(
    ("refusal", "reason"),
    [
        pytest.param(CredentialsRefused("x"), "credentials_refused", id="401"),
        pytest.param(AccessRefused("x"), "access_refused", id="403"),
        pytest.param(AddressRefused("x"), "address_refused", id="an address inside"),
    ],
)
def test_account_is_paused_for_what_was_refused(
    office: Office, refusal: Exception, reason: str
) -> None:
    """Wrong credentials and a missing right are different troubles."""
    account, connector = _an_account(office)
    connector.refusal = refusal
    search = task_of(a_case(), MAIL, Action.LOCATE)
    member = Prepared(Claimed(CASE, search, 1), (), ())
    group = CallGroup(account, Action.LOCATE, Step.ACT, (member,))

    (said,) = asyncio.run(call(group, cast("OpenSink", None)))

    assert said.reply is None
    assert account.paused_reason == reason
