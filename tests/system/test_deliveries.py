"""What arrives again: records, whole topics, and the past after a restore."""

from __future__ import annotations

from collections.abc import Mapping
from signal import SIGKILL

from schemas.topics import CASE_EVENTS, REQUESTS
from tests.support.people import a_submission, held_of, humans, settle_in
from tests.support.postgres import copy_database
from tests.support.site import Backend, Site
from tests.support.site_fixtures import NewSite

ERASES = {
    "hubspot": "gdpr_delete",
    "klaviyo": "delete_profile",
    "mixpanel": "create_deletion",
    "commercetools": "erase_customers",
}


def _acted(site: Site) -> Mapping[str, Mapping[str, int]]:
    """Return what the processors carried out so far."""
    return {name: dict(fake.acted) for name, fake in site.fakes.items()}


def _rejections(site: Site) -> int:
    """Count what the portal was told to correct."""
    told = [headers["ce_type"] for headers, _ in site.published(CASE_EVENTS)]
    return told.count("privacy.request.rejected.v1")


def test_record_that_comes_three_times_counts_once(
    backend: Backend, new_site: NewSite
) -> None:
    """Every record delivered three times opens, calls, answers and rejects once."""
    site = new_site(backend)
    people = humans(5)
    settle_in(site.fakes, people)
    unverified = a_submission(humans(1, first=50)[0], controller="nobody")

    # The portal does not know either whether its first try arrived.
    again = [a_submission(human) for human in people]
    site.publish(*(a_submission(human) for human in people), unverified, *again)
    site.run_until_over(5, DELIVERIES="3")

    assert site.count("SELECT count(*) FROM cases") == 5
    assert site.count("SELECT count(*) FROM quarantine") == 1
    assert _rejections(site) == 1
    assert len(site.receipts()) == 5
    assert site.fakes["hubspot"].acted["gdpr_delete"] == 5
    assert site.fakes["commercetools"].acted["erase_customers"] == 5


def test_offsets_set_back_change_nothing(backend: Backend, new_site: NewSite) -> None:
    """Everything read again from the beginning: no second call, no second receipt."""
    site = new_site(backend)
    people = humans(5)
    settle_in(site.fakes, people)
    unverified = a_submission(humans(1, first=50)[0], controller="nobody")
    site.publish(*(a_submission(human) for human in people), unverified)
    begins = "SELECT coalesce(sum(next_offset), 0) FROM offsets"
    began = site.rows("SELECT topic, partition, next_offset FROM offsets")
    site.run_until_over(5)
    before, ended = _acted(site), site.count(begins)
    late = a_submission(humans(1, first=60)[0])

    site.execute("UPDATE offsets SET next_offset = 0")
    for topic, partition, offset in began:
        site.execute(
            "UPDATE offsets SET next_offset = :offset"
            " WHERE topic = :topic AND partition = :partition",
            topic=topic,
            partition=partition,
            offset=offset,
        )
    site.publish(late)
    site.start()
    site.wait(lambda: site.count(begins) > ended)
    site.wait_until_over(6)
    after = _acted(site)

    # The late one is known to nobody: it was looked for, and nothing was erased.
    assert all(
        after[name][ERASES[name]] == before[name][ERASES[name]] for name in ERASES
    )
    assert len(site.receipts()) == 6
    assert site.count("SELECT count(*) FROM quarantine") == 1
    assert _rejections(site) == 1


def test_restored_database_asks_for_the_missing_hour(
    distributed: Backend, new_site: NewSite
) -> None:
    """After a restore, requests that were read since the backup are read again."""
    site = new_site(distributed)
    done, under_way, *late = people = humans(5)
    settle_in(site.fakes, people)
    site.publish(a_submission(done))
    site.run_until_over(1)
    site.publish(a_submission(under_way))
    death = site.start(KILL_AT="after commit: INSERT INTO calls #1").wait()
    site.leave_database()
    backup = copy_database(distributed.database_url)
    site.publish(*(a_submission(human) for human in late))
    reading = site.start(STAGES="ingest")
    site.wait(lambda: site.count("SELECT count(*) FROM cases") == len(people))
    assert reading.stop() == 0

    site.move_to(backup)
    known = site.count("SELECT count(*) FROM cases")
    site.run_until_over(5)

    assert (death, known) == (-SIGKILL, 2)
    answered = site.rows("SELECT request_id FROM cases WHERE status <> 'running'")
    assert {row[0] for row in answered} == {human.request_id for human in people}
    assert [held_of(site.fakes, human) for human in people] == [[]] * 5
    assert site.count("SELECT count(*) FROM offsets WHERE topic = :t", t=REQUESTS) > 0
