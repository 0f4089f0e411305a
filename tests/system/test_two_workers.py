"""Two processes and one account: one owner at a time, and one limit for both."""

from __future__ import annotations

import os
import time
from dataclasses import dataclass
from signal import SIGCONT, SIGSTOP

from connectors.fakes.frame import Exchange
from tests.support.nursery import Child
from tests.support.people import a_submission, held_of, humans, settle_in
from tests.support.site import Backend, Site
from tests.support.site_fixtures import NewSite
from tests.support.site_register import RegisterText

LIMIT, WINDOW = 30, 4.0
LEASE = "2s"
# Nothing is to be taken from the second process, however slow it is.
LONG = {"ERASURE_LEASE": "60s"}
# How much later than its turn at the gate a request may reach the processor.
UNEVENNESS = 0.5


@dataclass(frozen=True, slots=True)
class Arrival:
    """A request as the processor saw it."""

    at: float
    host: str


class Watch:
    """Notes who reaches a fake when, and can freeze a process at a request."""

    def __init__(self, site: Site, name: str) -> None:
        self.arrivals: list[Arrival] = []
        self.freezes: Child | None = None
        self.freezes_at = 0
        site.fakes[name].recorder = self._note

    def _note(self, exchange: Exchange) -> None:
        self.arrivals.append(Arrival(time.monotonic(), exchange.headers["host"]))
        is_due = len(self.arrivals) >= self.freezes_at
        if self.freezes is not None and is_due:
            # Before it hears the answer, and with more to send.
            os.kill(self.freezes.pid, SIGSTOP)
            self.freezes = None

    def freeze(self, child: Child, at: int) -> None:
        """Stop *child* at the request with this number."""
        self.freezes_at = at
        self.freezes = child


def _owners(site: Site) -> set[str]:
    """Return who owns accounts: the slots that their names begin with."""
    owners = site.rows("SELECT owner FROM accounts")
    return {str(row[0]).split("-")[0] for row in owners}


def test_worker_that_slept_past_its_lease_sends_nothing_more(
    distributed: Backend, new_site: NewSite
) -> None:
    """Only what was past the lease check leaves, and what comes of it is refused."""
    register = RegisterText(concurrency=2)
    site = new_site(distributed, register)
    people = humans(6)
    settle_in(site.fakes, people, whole=True)
    shop = Watch(site, "commercetools")
    other_host, other_env = site.another_door(register)

    sleeper = site.start(ERASURE_LEASE=LEASE)
    shop.freeze(sleeper, at=5)
    site.publish(*(a_submission(human) for human in people))
    site.wait(lambda: shop.freezes is None and len(shop.arrivals) >= 5)
    site.start(**LONG, **other_env)
    site.wait(lambda: _owners(site) == {"two"})
    left = "SELECT count(*) FROM tasks WHERE status = 'called' AND epoch = 1"
    site.wait(lambda: site.count(left) == 0)
    taken_over_at = site.here.clock.now()
    woken_at = time.monotonic()
    sleeper.signal(SIGCONT)
    site.wait_until_over(6)

    late = [a for a in shop.arrivals if a.at > woken_at and a.host != other_host]
    micros = int(taken_over_at.timestamp() * 1_000_000)
    told_late = "SELECT doc FROM history WHERE event = 'TaskReported' AND at > :at"
    assert len(late) <= register.concurrency
    assert not [
        row for row in site.rows(told_late, at=micros) if '"epoch":1,' in row[0]
    ]
    assert sleeper.is_running
    assert {receipt.result for receipt in site.receipts().values()} == {"complete"}
    assert [human for human in people if held_of(site.fakes, human)] == []


def test_rate_limit_holds_across_owners(
    distributed: Backend, new_site: NewSite
) -> None:
    """Whoever takes an account over starts with the windows that were left there."""
    register = RegisterText(
        accounts=("klaviyo",),
        concurrency=4,
        rates=f'[{{ limit = {LIMIT}, per = "{WINDOW:.0f}s" }}]',
    )
    site = new_site(distributed, register)
    people = humans(8)
    settle_in(site.fakes, people)
    watch = Watch(site, "klaviyo")
    other_host, other_env = site.another_door(register)

    first = site.start(ERASURE_LEASE=LEASE)
    watch.freeze(first, at=LIMIT - 5)
    site.publish(*(a_submission(human) for human in people))
    site.wait(lambda: watch.freezes is None and len(watch.arrivals) >= LIMIT - 5)
    site.start(**LONG, **other_env)
    site.wait_until_over(8)

    times = sorted(arrival.at for arrival in watch.arrivals)
    fullest = max(
        sum(start <= at < start + WINDOW - UNEVENNESS for at in times)
        for start in times
    )
    assert {arrival.host for arrival in watch.arrivals} > {other_host}
    assert fullest <= LIMIT + register.concurrency
    assert len(times) > LIMIT
