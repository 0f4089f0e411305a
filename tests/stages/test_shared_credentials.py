"""Accounts that one credential opens have one owner and one set of windows."""

from __future__ import annotations

import asyncio
from collections.abc import Collection
from dataclasses import replace
from datetime import timedelta

from connectors.hubspot import HubSpot
from connectors.testing import MappingSecrets
from orchestrator.core.words import AccountId
from orchestrator.stages.work.accounts import Account, AccountConfig, open_account
from orchestrator.stages.work.ownership import Owner, Ownership
from orchestrator.stages.work.windows import Windows
from schemas.connecting import EMAIL, Mode, Rate
from tests.stages.an_office import Office

LEASE = timedelta(seconds=15)
ONE, TWO = AccountId("one"), AccountId("two")
BOTH = frozenset({ONE, TWO})
RATES = (Rate(5, timedelta(minutes=1)),)


class Process:
    """A worker's accounts and leases, without its calls."""

    def __init__(
        self, name: str, office: Office, held: Collection[AccountId] = BOTH
    ) -> None:
        self.accounts: dict[AccountId, Account] = {}
        windows: Windows | None = None
        for id_ in sorted(held):
            account = open_account(
                _config(id_), office.clock.monotonic, windows=windows
            )
            self.accounts[id_] = account
            windows = account.windows
        office.claims.register(self.accounts.keys())
        self.ownership = Ownership(
            self.accounts,
            office.claims,
            office.engine,
            office.clock,
            Owner(name, LEASE, is_alone=False),
        )

    @property
    def owned(self) -> set[AccountId]:
        """Return the accounts whose lease is held."""
        return {id_ for id_, one in self.accounts.items() if one.lease.is_held}

    def send(self, account: AccountId, times: int) -> float:
        """Send so often without waiting; returns how long the next one waits."""
        windows = self.accounts[account].windows
        for _ in range(times):
            asyncio.run(windows.pass_(RATES))
        return windows._pause(RATES)  # noqa: SLF001 (what the next one would wait)


def _config(id_: AccountId) -> AccountConfig:
    return AccountConfig(
        id=id_,
        connector=HubSpot,
        spec=replace(HubSpot.spec, rates=RATES),
        options=HubSpot.options(),
        secrets=MappingSecrets({}),
        bases={"base_url": "https://crm.example"},
        mode=Mode.LIVE,
        accepts=frozenset({EMAIL}),
        shares_with=BOTH - {id_},
    )


def test_what_one_account_sends_counts_for_the_other(office: Office) -> None:
    """Three and two calls fill a window of five."""
    mine = Process("mine", office)
    mine.ownership.tend()

    mine.send(ONE, 3)
    pause = mine.send(TWO, 2)

    assert mine.owned == BOTH
    assert pause > timedelta(minutes=1).total_seconds() - 1


def test_next_owner_inherits_the_windows_once(office: Office) -> None:
    """Both rows speak of the same sends: what is left of the window is left."""
    first = Process("first", office)
    first.ownership.tend()
    first.send(ONE, 2)
    first.send(TWO, 1)
    first.ownership.release()

    second = Process("second", office)
    second.ownership.tend()

    assert second.owned == BOTH
    assert second.send(TWO, 2) > 0
    assert len(next(iter(second.accounts[ONE].windows._sent.values()))) == 5  # noqa: SLF001


def test_account_alone_is_given_back_while_another_owns_the_rest(
    office: Office,
) -> None:
    """Processes that divide a credential between them do not both send."""
    first = Process("first", office, {ONE})
    first.ownership.tend()

    second = Process("second", office, {TWO})
    second.ownership.tend()

    assert (first.owned, second.owned) == ({ONE}, set())
    first.ownership.release()
    office.clock.advance(LEASE)
    second.ownership.tend()
    assert second.owned == {TWO}


def test_windows_of_which_a_part_is_ours_are_kept(office: Office) -> None:
    """An account that joins those we own does not bring older windows back."""
    mine = Process("mine", office)
    mine.ownership.tend()
    mine.send(ONE, 5)
    mine.accounts[TWO].lease.take(0, 0.0, 0.0)

    office.clock.advance(LEASE / 3)
    mine.ownership.tend()

    assert mine.owned == BOTH
    assert mine.send(TWO, 0) > 0
