"""A disk that is full, a commit that is refused: stop, say why, pretend nothing."""

from __future__ import annotations

import pytest

from tests.support.people import a_submission, held_of, humans, settle_in
from tests.support.site import Backend, Site
from tests.support.site_fixtures import NewSite

# Raised by the commit itself: the last moment at which it can go wrong.
REFUSAL = """
CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS
$$ BEGIN RAISE EXCEPTION 'no %', NEW; END $$
"""
REFUSE = """
CREATE CONSTRAINT TRIGGER refuse AFTER INSERT ON {table}
DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION refuse()
"""


def _offsets(site: Site) -> int:
    """Add up how far the requests' topic counts as read."""
    return site.count("SELECT coalesce(sum(next_offset), 0) FROM offsets")


def test_full_disk_ends_the_process_with_a_sentence(
    embedded: Backend, new_site: NewSite
) -> None:
    """A file that may not grow: nothing is acknowledged or signed, and it says why."""
    site = new_site(embedded)
    people = humans(60)
    settle_in(site.fakes, people)
    site.publish(*(a_submission(human) for human in people))
    site.leave_database()

    status = site.start(FILE_LIMIT="250000").wait()
    said = site.log.read_text()
    cases, read = site.count("SELECT count(*) FROM cases"), _offsets(site)

    assert status == 1
    assert "CannotStore: The database's disk" in said
    assert (cases, read) == (0, 0)
    assert site.receipts() == {}
    assert all(len(held_of(site.fakes, human)) == 4 for human in people)
    site.run_until_over(60)
    assert len(site.receipts()) == 60


@pytest.mark.parametrize("table", ["cases", "calls", "statements"])
def test_refused_commit_ends_the_process_with_a_sentence(
    table: str, distributed: Backend, new_site: NewSite
) -> None:
    """A commit that PostgreSQL refuses stores nothing, and none of it leaves us."""
    site = new_site(distributed)
    (human,) = humans(1)
    settle_in(site.fakes, [human])
    before = _offsets(site)
    site.publish(a_submission(human))
    site.execute(REFUSAL)
    site.execute(REFUSE.format(table=table))

    status = site.start().wait()
    said = site.log.read_text()

    assert status == 1
    assert "CannotStore: The database refused" in said
    assert "P0001" in said
    assert human.email not in said
    assert site.count(f"SELECT count(*) FROM {table}") == 0  # noqa: S608 (a name of ours)
    assert site.receipts() == {}
    assert (_offsets(site) == before) == (table == "cases")
    assert (held_of(site.fakes, human) == []) == (table == "statements")
    site.execute(f"DROP TRIGGER refuse ON {table}")
    site.run_until_over(1)
    assert len(site.receipts()) == 1
