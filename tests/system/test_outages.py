"""The broker or the database goes away and returns: work resumes by itself."""

from __future__ import annotations

from functools import partial

import psutil

from orchestrator.core.words import AccountId
from tests.support.broker import Broker
from tests.support.people import Human, a_submission, held_of, humans, settle_in
from tests.support.postgres import Postgres
from tests.support.site import Backend, Site
from tests.support.site_fixtures import NewSite
from tests.support.site_register import RegisterText

RESUMES_WITHIN = 60  # seconds, on a slow machine; else for ever
MOST_MEGABYTES = 300
# One after the other, so that an outage falls into the middle of the work.
SLOW = RegisterText(rates='[{ limit = 10, per = "1s" }]', concurrency=2)
HUBSPOT = AccountId("hubspot")


def _settled(site: Site) -> int:
    """Count the tasks that have their outcome."""
    return site.count("SELECT count(*) FROM tasks WHERE status = 'settled'")


def _has_come(site: Site, count: int) -> bool:
    """Tell whether so many tasks are settled."""
    return _settled(site) >= count


def _begun(site: Site, people: list[Human]) -> psutil.Process:
    """Start on *people*, and return the process once some of the work is done."""
    settle_in(site.fakes, people)
    site.publish(*(a_submission(human) for human in people))
    child = site.start(ERASURE_LEASE="3s")
    site.wait(lambda: 0 < _settled(site) < len(people) * 8)
    return psutil.Process(child.pid)


def test_work_goes_on_without_the_broker_and_is_told_when_it_is_back(
    distributed: Backend, new_site: NewSite, broker: Broker
) -> None:
    """What is there is worked on; the outbox waits; a restarted broker gets it all."""
    site = new_site(distributed)
    people, late = humans(10), humans(2, first=500)
    claims, now = site.here.claims, site.here.clock.now()
    # So that no case ends before the broker is away.
    claims.register([HUBSPOT])
    claims.pause(HUBSPOT, "audit", "dpo", now)
    process = _begun(site, people)
    settle_in(site.fakes, late)

    broker.stop()
    claims.resume(HUBSPOT)
    site.wait(lambda: _settled(site) == len(people) * 8)
    waiting = site.count("SELECT count(*) FROM outbox WHERE sent_at IS NULL")
    broker.start()
    site.wait_until_over(len(people), within=RESUMES_WITHIN)
    site.publish(*(a_submission(human) for human in late))
    site.wait(lambda: site.count("SELECT count(*) FROM cases") == 12, RESUMES_WITHIN)

    assert waiting > 0
    assert process.is_running()
    assert process.memory_info().rss < MOST_MEGABYTES * 1_000_000
    site.wait_until_over(12)
    assert len(site.receipts()) == 12


def test_work_resumes_when_the_database_is_back(
    distributed: Backend, new_site: NewSite, postgres: Postgres
) -> None:
    """The process outlives its database; nothing claimed or heard is forgotten."""
    site = new_site(distributed, SLOW)
    people = humans(10)
    process = _begun(site, people)

    for outage in (postgres.stop, postgres.kill):
        outage()
        postgres.start()
        enough = min(_settled(site) + 1, len(people) * 8)
        site.wait(partial(_has_come, site, enough), RESUMES_WITHIN)
    site.wait_until_over(len(people))

    assert process.is_running()
    assert process.memory_info().rss < MOST_MEGABYTES * 1_000_000
    assert {receipt.result for receipt in site.receipts().values()} == {"complete"}
    assert [human for human in people if held_of(site.fakes, human)] == []
    assert site.count("SELECT count(*) FROM tasks WHERE status <> 'settled'") == 0
