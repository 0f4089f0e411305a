"""A storm: hundreds of cases, kills at any moment, and a fifth of all requests fail."""

from __future__ import annotations

import random
from functools import partial

from connectors.fakes.faults import Fault, FaultKind
from tests.support.people import a_submission, held_of, humans, settle_in
from tests.support.site import Backend, Site
from tests.support.site_fixtures import NewSite
from tests.support.site_register import RegisterText

CASES = 300
KILLS = 20
# A fifth of all requests, one after the other: 6 + 5 + 4 + 3 + 2 of a hundred.
WEATHER = (
    Fault(kind=FaultKind.FAIL, times=None, probability=0.06),
    Fault(kind=FaultKind.THROTTLE, times=None, probability=0.05, retry_after="0"),
    Fault(kind=FaultKind.LOSE_ANSWER, times=None, probability=0.04),
    Fault(kind=FaultKind.STALL_AFTER, times=None, probability=0.03),
    Fault(kind=FaultKind.GARBAGE, times=None, probability=0.02),
)


def _has_come(site: Site, count: float) -> bool:
    """Tell whether so many tasks are settled."""
    settled = "SELECT count(*) FROM tasks WHERE status = 'settled'"
    return site.count(settled) >= count


def test_storm_ends_every_case_once(embedded: Backend, new_site: NewSite) -> None:
    """300 cases, 20 kills, 20 % faults: one final receipt each, and a complete one."""
    # So few at once, and so much time, that a slow machine answers all of them in it.
    site = new_site(embedded, RegisterText(timeout="1s", concurrency=16))
    people, bystanders = humans(CASES), humans(50, first=90_001)
    settle_in(site.fakes, [*people, *bystanders])
    for fake in site.fakes.values():
        fake.faults.add(*WEATHER)
    site.publish(*(a_submission(human) for human in people))

    for kill in range(KILLS):
        child = site.start()
        # Anywhere in the middle of its share of the work.
        until = CASES * 8 * (kill + random.random()) / (KILLS + 1)  # noqa: S311
        site.wait(partial(_has_come, site, until))
        child.kill()
    site.run_until_over(CASES)

    receipts = site.receipts()
    assert set(receipts) == {human.request_id for human in people}
    assert {receipt.result for receipt in receipts.values()} == {"complete"}
    assert site.count("SELECT count(*) FROM statements") == CASES
    assert [human for human in people if held_of(site.fakes, human)] == []
    assert all(len(held_of(site.fakes, human)) == 4 for human in bystanders)
