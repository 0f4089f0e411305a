"""What a kill -9 at any durable step leaves: one receipt a case, and a true one."""

from __future__ import annotations

import os
from collections.abc import Mapping
from signal import SIGKILL

import pytest

from connectors.fakes.frame import Exchange
from schemas.topics import CASE_EVENTS, RECEIPTS
from tests.support.nursery import Child
from tests.support.people import Human, a_submission, held_of, humans, settle_in
from tests.support.site import Backend, Site
from tests.support.site_fixtures import NewSite

# What each durable step looks like from outside: a statement of its transaction.
STEPS: Mapping[str, str] = {
    "ingest": "INSERT INTO cases",
    "call": "INSERT INTO calls",
    "outcome": "UPDATE calls SET",
    "acknowledgement": "UPDATE outbox SET",
    "package": "UPDATE artifacts SET",
    "statement": "INSERT INTO statements",
    "log": "INSERT INTO log_checkpoints",
    "forgetting": "DELETE FROM data_keys",
}
MOMENTS = [
    *(
        pytest.param(f"{when} commit: {words} #1", id=f"{when}_{name}_commit")
        for name, words in STEPS.items()
        for when in ("before", "after")
    ),
    *(
        pytest.param(f"{when} publish: {topic} #1", id=f"{when}_relay_to_{topic}")
        for topic in (CASE_EVENTS, RECEIPTS)
        for when in ("before", "after")
    ),
    *(
        pytest.param(f"after send: {words} #1", id=f"answer_received_of_{name}")
        for name, words in {
            "hubspot": "gdpr-delete",
            "klaviyo": "data-privacy-deletion-jobs",
            "mixpanel": "data-deletions/v3.0",
            "commercetools": "DELETE ",
        }.items()
    ),
]
# The operation that erases, and how often a person's deletion may get through to it.
ERASES = {
    "hubspot": "gdpr_delete",
    "klaviyo": "delete_profile",
    "mixpanel": "create_deletion",
    "commercetools": "erase_customers",
}


@pytest.fixture
def people() -> list[Human]:
    """Invent two who want to be erased, the first with a copy, and a bystander."""
    return humans(3)


def _asked(site: Site, people: list[Human]) -> None:
    """Let the first two of *people* ask, the last one live on."""
    settle_in(site.fakes, people)
    first, second, _ = people
    site.publish(a_submission(first, "access", "erasure"), a_submission(second))


def _is_told_truly(site: Site, people: list[Human]) -> None:
    """Check what must be so at the end, whatever happened in between."""
    *erased, bystander = people
    receipts = site.receipts()
    assert set(receipts) == {human.request_id for human in erased}
    assert [held_of(site.fakes, human) for human in erased] == [[]] * len(erased)
    assert len(held_of(site.fakes, bystander)) == len(site.fakes)
    for receipt in receipts.values():
        assert receipt.result == "complete"
        assert "nothing_found" not in {str(line.outcome) for line in receipt.lines}
    statements = "SELECT count(*) FROM statements WHERE kind = 'final'"
    assert site.count(statements) == len(erased)
    assert site.count("SELECT count(*) FROM data_keys WHERE purpose = 'identity'") == 0
    assert site.count("SELECT count(*) FROM quarantine") == 0


@pytest.mark.parametrize("moment", MOMENTS)
def test_killed_process_leaves_work_to_the_next(
    moment: str, embedded: Backend, new_site: NewSite, people: list[Human]
) -> None:
    """After a kill -9 at a durable step the next process ends each case once."""
    site = new_site(embedded)
    _asked(site, people)

    death = site.start(KILL_AT=moment).wait()
    site.run_until_over(2)

    assert death == -SIGKILL
    _is_told_truly(site, people)


@pytest.mark.parametrize(
    ("step", "number"),
    [*((step, 1) for step in STEPS), ("call", 3), ("outcome", 3)],
)
def test_commit_whose_answer_is_lost_counts_once(
    step: str, number: int, embedded: Backend, new_site: NewSite, people: list[Human]
) -> None:
    """A commit that took effect unheard: the process goes on, and twice is once."""
    site = new_site(embedded)
    _asked(site, people)

    site.run_until_over(2, KILL_AT=f"lost commit: {STEPS[step]} #{number}")

    assert "The database does not answer" in site.log.read_text()
    _is_told_truly(site, people)
    assert site.fakes["hubspot"].acted["gdpr_delete"] == 2
    assert site.fakes["commercetools"].acted["erase_customers"] == 2


def test_one_kill_after_another_loses_nothing(
    distributed: Backend, new_site: NewSite
) -> None:
    """On PostgreSQL and Kafka too: a life for each durable step, each with a kill."""
    site = new_site(distributed)
    *asking, bystander = humans(len(MOMENTS) + 1)
    settle_in(site.fakes, [*asking, bystander])

    deaths = []
    for moment, human in zip(MOMENTS, asking, strict=True):
        site.publish(a_submission(human, "access", "erasure"))
        deaths.append(site.start(KILL_AT=str(moment.values[0])).wait())
    site.run_until_over(len(asking))

    assert deaths == [-SIGKILL] * len(MOMENTS)
    _is_told_truly(site, [*asking, bystander])


@pytest.mark.parametrize("processor", ERASES)
def test_lost_answer_follows_replay(
    processor: str, embedded: Backend, new_site: NewSite, people: list[Human]
) -> None:
    """Killed between sending and answer, it looks first, or repeats at Mixpanel."""
    site = new_site(embedded)
    settle_in(site.fakes, people)
    site.publish(a_submission(people[0]), a_submission(people[1]))

    _die_of(site, processor)
    site.run_until_over(2)

    _is_told_truly(site, people)
    assert _are_repeats_allowed(site, processor, erased=2)


def test_lost_answers_follow_replay_on_many_nodes(
    distributed: Backend, new_site: NewSite
) -> None:
    """On PostgreSQL and Kafka too, one lost answer of each processor."""
    site = new_site(distributed)
    *asking, bystander = humans(len(ERASES) + 1)
    settle_in(site.fakes, [*asking, bystander])

    for processor, human in zip(ERASES, asking, strict=True):
        site.publish(a_submission(human))
        _die_of(site, processor)
    site.run_until_over(len(asking))

    _is_told_truly(site, [*asking, bystander])
    for processor in ERASES:
        assert _are_repeats_allowed(site, processor, erased=len(asking))


def _die_of(site: Site, processor: str) -> None:
    """Run a process until *processor* erased somebody; kill it before it hears."""
    fake = site.fakes[processor]
    child: list[Child] = []

    def kill(exchange: Exchange) -> None:
        if exchange.operation == ERASES[processor] and child[0].is_running:
            os.kill(child[0].pid, SIGKILL)

    fake.recorder = kill
    child.append(site.start())
    assert child[0].wait() == -SIGKILL
    fake.recorder = None


def _are_repeats_allowed(site: Site, processor: str, erased: int) -> bool:
    """Tell whether nothing was erased twice, but where a second job is harmless."""
    return (
        processor == "mixpanel"
        or site.fakes[processor].acted[ERASES[processor]] == erased
    )
