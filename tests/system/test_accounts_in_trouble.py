"""One account's trouble: it waits and is paused alone, and holds up nobody."""

from __future__ import annotations

import time

from connectors.fakes.faults import Fault, FaultKind
from connectors.fakes.frame import Exchange
from orchestrator.core.words import AccountId
from tests.support.people import a_submission, held_of, humans, settle_in
from tests.support.site import Backend, Site
from tests.support.site_fixtures import NewSite
from tests.support.site_register import RegisterText

# Only HubSpot teaches Mixpanel its ids, so the other two have no link with it.
APART = RegisterText(extra={"mixpanel": {"accepts": '["mixpanel.distinct_id"]'}})


def _unsettled(site: Site) -> dict[str, int]:
    """Count the tasks that are not settled, by account."""
    query = "SELECT account, count(*) FROM tasks WHERE status <> 'settled' GROUP BY 1"
    return {row[0]: row[1] for row in site.rows(query)}


def _paused(site: Site) -> dict[str, str]:
    """Return why accounts are paused."""
    query = "SELECT id, paused_reason FROM accounts WHERE paused_reason IS NOT NULL"
    return {row[0]: row[1] for row in site.rows(query)}


def test_account_that_is_down_holds_up_nobody(
    embedded: Backend, new_site: NewSite
) -> None:
    """The others settle; its own tasks wait with a time, and settle when it is back."""
    site = new_site(embedded, APART)
    people = humans(3)
    settle_in(site.fakes, people)
    site.fakes["mixpanel"].faults.add(Fault(kind=FaultKind.DIE, times=None))
    site.publish(*(a_submission(human) for human in people))
    site.start()

    site.wait(lambda: set(_unsettled(site)) == {"hubspot", "mixpanel"})
    waiting = "SELECT status, wake_at FROM tasks WHERE account = 'mixpanel'"
    visible: list[int | None] = []

    def waits() -> bool:
        visible[:] = [row[1] for row in site.rows(waiting) if row[0] == "waiting"]
        return bool(visible)

    site.wait(waits)
    signed_too_early = site.count("SELECT count(*) FROM statements")
    # HubSpot teaches Mixpanel, so its records must not go before Mixpanel is asked.
    still_there = site.fakes["hubspot"].acted["gdpr_delete"] == 0
    site.fakes["mixpanel"].faults.clear()
    site.wait_until_over(3)

    assert all(visible)
    assert still_there
    assert signed_too_early == 0
    assert {receipt.result for receipt in site.receipts().values()} == {"complete"}
    assert [held_of(site.fakes, human) for human in people] == [[]] * 3


def test_retry_after_is_honoured_for_the_whole_account(
    embedded: Backend, new_site: NewSite
) -> None:
    """After a 429 nothing is sent to the account before its Retry-After is over."""
    # One call at a time: whoever sends another one has heard of the 429.
    site = new_site(embedded, RegisterText(concurrency=1))
    people = humans(8)
    settle_in(site.fakes, people)
    seen: list[tuple[float, int]] = []

    def note(exchange: Exchange) -> None:
        seen.append((time.monotonic(), exchange.status))

    fake = site.fakes["commercetools"]
    fake.recorder = note
    throttle = Fault(kind=FaultKind.THROTTLE, skip=20, retry_after="2")
    fake.faults.add(throttle)
    site.publish(*(a_submission(human) for human in people))
    site.start()
    site.wait_until_over(8)

    at = next(moment for moment, status in seen if status == 429)
    within = [moment for moment, _ in seen if at < moment < at + 1.95]
    assert within == []
    assert any(moment > at + 1.95 for moment, _ in seen)


def test_refused_credentials_pause_the_account_and_fail_no_case(
    backend: Backend, new_site: NewSite
) -> None:
    """A 401 pauses that account with a reason; a good ping ends the pause."""
    site = new_site(backend)
    people = humans(3)
    settle_in(site.fakes, people)
    fault = Fault(kind=FaultKind.UNAUTHORISED, times=None)
    site.fakes["hubspot"].faults.add(fault)
    site.publish(*(a_submission(human) for human in people))
    site.start()

    site.wait(lambda: _paused(site) == {"hubspot": "credentials_refused"})
    handed_over = "SELECT count(*) FROM tasks WHERE status = 'needs_human'"
    asked_people = site.count(handed_over)
    site.fakes["hubspot"].faults.clear()
    site.wait_until_over(3)

    assert asked_people == 0
    assert _paused(site) == {}
    assert {receipt.result for receipt in site.receipts().values()} == {"complete"}


def test_pause_by_hand_lasts_until_it_is_ended_by_hand(
    embedded: Backend, new_site: NewSite
) -> None:
    """What a person paused is not called, however well it answers, until resumed."""
    site = new_site(embedded)
    people = humans(2)
    settle_in(site.fakes, people)
    hubspot = AccountId("hubspot")
    site.here.claims.register([hubspot])
    site.here.claims.pause(hubspot, "audit", "dpo", site.here.clock.now())
    site.publish(*(a_submission(human) for human in people))
    site.start(ERASURE_LEASE="1s")

    site.wait(lambda: site.fakes["klaviyo"].requests("search_profiles") > 0)
    site.wait(lambda: _searched(site) >= {"klaviyo", "commercetools"})
    called = len(site.fakes["hubspot"].log)
    site.here.claims.resume(hubspot)
    site.wait_until_over(2)

    assert called == 0
    assert {receipt.result for receipt in site.receipts().values()} == {"complete"}


def _searched(site: Site) -> set[str]:
    """Name the accounts whose searches are over."""
    query = (
        "SELECT account FROM tasks WHERE action = 'locate'"
        " GROUP BY 1 HAVING min(status) = 'settled' AND max(status) = 'settled'"
    )
    return {row[0] for row in site.rows(query)}
