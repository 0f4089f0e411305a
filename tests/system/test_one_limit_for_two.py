"""Two processes and one credential: costs and windows hold when the owner changes."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from dataclasses import dataclass
from signal import SIGSTOP

from connectors.fakes import amplitude, klaviyo
from connectors.fakes.amplitude import FakeAmplitude
from connectors.fakes.frame import Exchange
from connectors.fakes.limits import LIMITS
from tests.support.nursery import Child
from tests.support.people import a_submission, humans, settle_in
from tests.support.site import Backend, Site
from tests.support.site_fixtures import NewSite
from tests.support.site_register import RegisterText

POINTS, WINDOW = 40, 4
LEASE = "2s"
# Nothing is to be taken from the second process, however slow it is.
LONG = {"ERASURE_LEASE": "60s"}
# How much later than its turn at the gate a request may reach the processor.
UNEVENNESS = 0.5
(_BUDGET,) = (one for one in LIMITS["amplitude"] if one.cost)

_HEAD = """
[recipients.NAME]
legal_name = "NAME Ltd."
role = "processor"

[accounts.NAME]
recipient = "NAME"
category = "analytics"
environment = "sandbox"
mode = "live"
allow_http = true
allow_hosts = ["127.0.0.1"]
"""
_AMPLITUDE = f"""
connector = "amplitude"
base_url = "URL/amplitude"
installation = "unnamed"
secrets = {{ project_key = "env:PROJECT_KEY", org_key = "env:ORG_KEY" }}
limits = {{ rates = [{{ limit = 5000, per = "1s" }}], concurrency = 1 }}

[accounts.NAME.options]
scope = "project"
projects = ["{amplitude.PROJECT}"]
user_id_holds = ["customer_id"]
check_copy_after = "100ms"
"""
_KLAVIYO = f"""
connector = "klaviyo"
base_url = "URL/klaviyo"
installation = "{klaviyo.ACCOUNT}"
secrets = {{ token = "env:KLAVIYO_TOKEN" }}
options = {{ external_id_holds = "customer_id" }}
limits = {{ rates = [{{ limit = {POINTS}, per = "{WINDOW}s" }}], concurrency = 2 }}
"""


_WAITS = """
[accounts.NAME.waits]
retry_base = "50ms"
retry_cap = "200ms"
settle_for = "50ms"
check_after = "50ms"
check_most = "200ms"
"""


@dataclass(frozen=True, slots=True)
class Arrival:
    """A request as the processor saw it, and what it costs there."""

    at: float
    host: str
    cost: int


class Ledger:
    """Notes what reaches a fake; stops a process once so many points are spent."""

    def __init__(self, site: Site, name: str, cost: Callable[[str], int]) -> None:
        self.arrivals: list[Arrival] = []
        self.stops: Child | None = None
        self.stops_at = 0
        self._cost = cost
        site.fakes[name].recorder = self._note

    def _note(self, exchange: Exchange) -> None:
        host, cost = exchange.headers["host"], self._cost(exchange.operation)
        self.arrivals.append(Arrival(time.monotonic(), host, cost))
        if self.stops is not None and self.spent >= self.stops_at:
            os.kill(self.stops.pid, SIGSTOP)
            self.stops = None

    @property
    def spent(self) -> int:
        """How many points reached the processor."""
        return sum(one.cost for one in self.arrivals)

    @property
    def hosts(self) -> set[str]:
        """By which doors they came."""
        return {one.host for one in self.arrivals if one.cost}

    def fullest(self) -> int:
        """Return the most points of any window."""
        per = WINDOW - UNEVENNESS
        moments = [(one.at, one.cost) for one in self.arrivals]
        return max(
            sum(cost for at, cost in moments if begin <= at < begin + per)
            for begin, _ in moments
        )


def test_budget_of_points_holds_when_the_owner_dies(
    distributed: Backend, new_site: NewSite
) -> None:
    """The next process counts what the last one may have spent, at its dearest."""
    site = new_site(distributed, fakes={"amplitude": FakeAmplitude()})
    text = _register(_AMPLITUDE, "amplitude")
    site.write_register(text)
    keys = {"PROJECT_KEY": amplitude.PROJECT_KEY, "ORG_KEY": amplitude.ORG_KEY}
    site.env |= {**keys, "BUDGET": f"{POINTS}/{WINDOW}", "ERASURE_LEASE": LEASE}
    people = humans(8)
    known = [{"user_id": p.customer_id, "amplitude_id": p.number} for p in people]
    site.fakes["amplitude"].seed(known)
    ledger = Ledger(site, "amplitude", _points)
    door, other_env = site.another_door(text)

    ledger.stops, ledger.stops_at = site.start(), POINTS - 10
    site.publish(*(a_submission(human, "access") for human in people))
    site.wait(lambda: ledger.spent >= ledger.stops_at)
    site.start(**LONG, **other_env)
    site.wait_until_over(len(people))

    assert ledger.hosts > {door}
    assert ledger.spent > 2 * POINTS
    assert ledger.fullest() <= POINTS + _BUDGET.cost["create_copy"]


def test_accounts_of_one_credential_change_owner_together(
    distributed: Backend, new_site: NewSite
) -> None:
    """Two accounts behind one secret never have two owners, nor two limits."""
    text = _register(_KLAVIYO, "shop-de", "shop-fr")
    site = new_site(distributed, text)
    site.env["ERASURE_LEASE"] = LEASE
    people = humans(4)
    settle_in(site.fakes, people)
    ledger = Ledger(site, "klaviyo", lambda _: 1)
    door, other_env = site.another_door(text)

    ledger.stops, ledger.stops_at = site.start(), POINTS - 10
    site.publish(*(a_submission(human) for human in people))
    site.wait(lambda: ledger.spent >= ledger.stops_at)
    site.start(**LONG, **other_env)
    seen: set[int] = set()
    owners = "SELECT count(DISTINCT owner) FROM accounts WHERE owner IS NOT NULL"

    def is_over() -> bool:
        seen.add(site.count(owners))
        return site.is_over(len(people))

    site.wait(is_over)

    assert ledger.hosts > {door}
    assert seen <= {0, 1}
    assert ledger.spent > POINTS
    assert ledger.fullest() <= POINTS + 4  # two under way at each account


def _points(operation: str) -> int:
    """Return what a request takes from Amplitude's budget for copies."""
    return _BUDGET.cost.get(operation, 1) if _BUDGET.covers(operation) else 0


def _register(own: str, *names: str) -> RegisterText:
    """Return a register of accounts that differ by their names alone."""
    more = "".join((_HEAD + own + _WAITS).replace("NAME", name) for name in names)
    return _Braced(accounts=(), more=more)


class _Braced(RegisterText):
    """Puts the fakes' address where the accounts say URL."""

    def at(self, url: str) -> str:
        """Return the register for fakes that live below *url*."""
        return super().at(url).replace("URL", url)
