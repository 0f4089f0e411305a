"""A withdrawn request calls back what a processor has accepted and not yet begun."""

from __future__ import annotations

import pytest

from connectors.fakes import amplitude
from connectors.fakes.amplitude import FakeAmplitude
from connectors.fakes.faults import Fault, FaultKind
from schemas.connecting import Action
from tests.entrypoints.test_withdrawn_event import a_withdrawal
from tests.support.people import Human, a_submission, humans
from tests.support.site import Backend, Site
from tests.support.site_fixtures import NewSite
from tests.support.site_register import RegisterText

_AMPLITUDE = f"""
[recipients.amplitude]
legal_name = "Amplitude, Inc."
role = "processor"

[accounts.amplitude]
recipient = "amplitude"
connector = "amplitude"
category = "analytics"
environment = "sandbox"
mode = "live"
installation = "unnamed"
base_url = "URL/amplitude"
allow_http = true
allow_hosts = ["127.0.0.1"]
secrets = {{ project_key = "env:PROJECT_KEY", org_key = "env:ORG_KEY" }}
limits = {{ rates = [{{ limit = 5000, per = "1s" }}] }}

[accounts.amplitude.options]
scope = "project"
projects = ["{amplitude.PROJECT}"]
user_id_holds = ["customer_id"]

[accounts.amplitude.waits]
retry_base = "50ms"
retry_cap = "200ms"
check_after = "100ms"
check_most = "200ms"
linger = "500ms"
"""


@pytest.fixture
def site(embedded: Backend, new_site: NewSite) -> Site:
    """Lend an installation whose one processor is Amplitude, its jobs in staging."""
    site = new_site(embedded, fakes={"amplitude": FakeAmplitude()})
    more = _AMPLITUDE.replace("URL", site.url)
    site.write_register(RegisterText(accounts=(), more=more))
    site.env |= {"PROJECT_KEY": amplitude.PROJECT_KEY, "ORG_KEY": amplitude.ORG_KEY}
    site.fakes["amplitude"].command("pace", body="still")
    return site


def _number(human: Human) -> int:
    """Return what Amplitude calls somebody."""
    return 356_000 + human.number


def _settle_in(site: Site, people: list[Human]) -> None:
    """Let Amplitude know *people* by the portal's id."""
    users = [{"user_id": p.customer_id, "amplitude_id": _number(p)} for p in people]
    site.fakes["amplitude"].seed(users)


def _marked(site: Site) -> set[int]:
    """Return who is in Amplitude's jobs."""
    return {
        number
        # Lists: the fake answers meanwhile, in a thread of its own.
        for job in list(site.fakes["amplitude"].data["jobs"].values())
        for number in list(job["ids"])
    }


def _wait_for_job(site: Site, people: list[Human]) -> None:
    """Wait until the jobs of all *people* are accepted, and stored as such."""
    polled = "SELECT count(*) FROM tasks WHERE step = 'poll' AND status = 'waiting'"
    site.wait(lambda: _marked(site) == set(map(_number, people)))
    site.wait(lambda: site.count(polled) == len(people))


def test_withdrawal_takes_one_person_out_of_the_job_of_several(site: Site) -> None:
    """Amplitude keeps her and erases him; each receipt says which."""
    ada, ben = people = humans(2)
    _settle_in(site, people)
    site.publish(*map(a_submission, people))
    site.start()
    _wait_for_job(site, people)

    site.publish(a_withdrawal(ada.request_id))
    site.wait(lambda: _marked(site) == {_number(ben)})
    site.fakes["amplitude"].command("pace", body="before")
    site.wait_until_over(2)

    receipts = site.receipts()
    lines = {
        name: line
        for name, one in receipts.items()
        for line in one.lines
        if line.action == Action.ERASE
    }
    hers, his = lines[ada.request_id], lines[ben.request_id]
    assert receipts[ada.request_id].result == "withdrawn"
    assert (hers.outcome, hers.reasons) == ("not_applicable", ("withdrawn",))
    assert receipts[ben.request_id].result == "complete"
    assert (his.outcome, his.evidence) == ("done", "E2")
    assert set(site.fakes["amplitude"].data["people"]) == {ada.customer_id}


def test_job_that_went_too_far_is_recorded_and_not_obeyed(site: Site) -> None:
    """Once Amplitude has begun nobody calls it back, and the receipt says erased."""
    (ada,) = people = humans(1)
    _settle_in(site, people)
    site.publish(a_submission(ada))
    site.start()
    _wait_for_job(site, people)

    site.fakes["amplitude"].command("end", body="submitted")
    site.publish(a_withdrawal(ada.request_id))
    withdrawn = "SELECT count(*) FROM history WHERE event = 'RequestWithdrawn'"
    site.wait(lambda: site.count(withdrawn) == 1)
    site.fakes["amplitude"].command("pace", body="before")
    site.wait_until_over(1)

    (receipt,) = site.receipts().values()
    (line,) = (one for one in receipt.lines if one.action == Action.ERASE)
    assert (line.outcome, line.evidence) == ("done", "E2")
    assert receipt.times.withdrawn_at is not None
    assert site.fakes["amplitude"].requests("take_out") == 0
    assert site.fakes["amplitude"].data["people"] == {}


def test_recall_whose_answer_was_lost_is_not_taken_for_one(site: Site) -> None:
    """The process dies while it calls back; the next one finds nobody in the job."""
    (ada,) = people = humans(1)
    _settle_in(site, people)
    site.publish(a_submission(ada))
    first = site.start()
    _wait_for_job(site, people)
    silent = Fault(kind=FaultKind.STALL_AFTER, operation="take_out")
    site.fakes["amplitude"].faults.add(silent)

    site.publish(a_withdrawal(ada.request_id))
    site.wait(lambda: not _marked(site))
    first.kill()
    site.run_until_over(1)

    (receipt,) = site.receipts().values()
    assert receipt.result == "withdrawn"
    assert site.fakes["amplitude"].requests("take_out") == 1
    assert set(site.fakes["amplitude"].data["people"]) == {ada.customer_id}
