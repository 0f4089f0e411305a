"""Whoever can write to the topic fills so much of the quarantine, and no more."""

from __future__ import annotations

from datetime import timedelta

import pytest
from structlog.testing import capture_logs

from orchestrator.adapters.intake.quarantine import DropReason, Ruling, SqlQuarantine
from orchestrator.adapters.intake.quarantine_room import SqlRoom
from orchestrator.ports import Bounds
from schemas.rejections import RejectionCode
from schemas.topics import REQUESTS
from tests.adapters.hostile_events import RETIRED, STRANGER, Sent, event_bytes, sign
from tests.stages.an_office import Office
from tests.stages.test_signed_intake import Border

HOUR = timedelta(hours=1)
FEW = Bounds(events=10, size=1024 * 1024)


@pytest.fixture
def border(office: Office) -> Border:
    """Lend an office that keeps ten events of one cause."""
    return Border(office, FEW)


def unsigned(many: int, size: int = 2) -> list[Sent]:
    """Return records that nobody signed, of so many bytes each."""
    headers = (("ce_type", b"privacy.request.submitted.v1"),)
    return [(headers, b" " * size)] * many


def refused_of_a_publisher(number: int) -> Sent:
    """Return a signed event that is refused after its signature held."""
    return sign(event_bytes(id=f"e-{number}", audience="somebody-else"))


def drop_unsigned(border: Border) -> int:
    """Rule on what nobody signed, as a person does."""
    quarantine, clock = SqlQuarantine(border.office.database), border.office.clock
    ruling = Ruling("a", "dropped", "dpo-1", clock.now(), DropReason.FORGED)
    return quarantine.drop_unverified(
        RejectionCode.NOT_SIGNED, ruling, lambda: clock.new_id("a")
    )


def told(border: Border, *sent: Sent) -> list[tuple[str, int]]:
    """Take records in; returns which alarms that raised, and their counts."""
    with capture_logs() as lines:
        border.take(*sent)
    alarms = {"quarantine_fills", "quarantine_full"}
    return [(one["event"], one["count"]) for one in lines if one["event"] in alarms]


def test_what_has_no_room_is_counted_with_its_place(border: Border) -> None:
    """By code, claimed type, hour and offsets; the good one behind it is taken."""
    border.take(*unsigned(13), sign(event_bytes()))
    border.take(*unsigned(4))

    (row,) = SqlRoom(border.office.database).unkept()
    assert border.kept() == ["not_signed"] * 10
    assert (row.topic, row.partition, row.code) == (REQUESTS, 0, "not_signed")
    assert row.type == "privacy.request.submitted.v1"
    assert (row.count, row.size, row.first_offset, row.last_offset) == (7, 14, 10, 17)
    assert row.hour == border.office.clock.now().replace(minute=0, second=0)
    assert border.cases() == 1
    assert border.office.store.stored_offsets() == {(REQUESTS, 0): 18}


def test_what_a_publisher_signed_is_always_kept(border: Border) -> None:
    """Nor does a flood take its room: also what an ended key of ours signed stays."""
    border.take(*unsigned(30))
    border.take(*(refused_of_a_publisher(n) for n in range(12)))
    border.take(*(sign(event_bytes(id=f"k-{n}"), RETIRED) for n in range(12)))

    kept = border.kept()
    assert kept.count("other_audience") == 12
    assert kept.count("key_not_valid") == 12
    assert [room.code for room in SqlRoom(border.office.database).rooms()] == [
        "not_signed"
    ]


def test_same_code_is_told_apart_by_who_sent_it(border: Border) -> None:
    """A header that is none is refused before a signature and after it."""
    theirs = [sign(event_bytes(id=f"e-{n}", specversion="0.3")) for n in range(12)]
    border.take(*[((("ce_id", b"\xff"),), b"{}")] * 12, *theirs)

    assert border.kept() == ["malformed_header"] * (10 + 12)


def test_copies_of_what_a_publisher_signed_are_counted(border: Border) -> None:
    """Whoever copies a refused event adds nothing, and makes us say nothing more."""
    refused = refused_of_a_publisher(1)
    (headers, value) = refused
    spelled_anew = headers, b" " + (value or b"")
    border.take(refused, refused)
    border.take(*[refused] * 20, spelled_anew, refused_of_a_publisher(2))

    (row,) = SqlRoom(border.office.database).unkept()
    assert border.kept() == ["other_audience"] * 2
    assert (row.code, row.count) == ("other_audience", 22)
    assert len(border.told()) == 2


def test_refused_event_waits_anew_once_it_was_ruled_on(border: Border) -> None:
    """Only what waits makes a second one needless."""
    border.take(refused_of_a_publisher(1))
    quarantine, clock = SqlQuarantine(border.office.database), border.office.clock
    (line,) = quarantine.lines()
    ruling = Ruling("a-1", "dropped", "dpo-1", clock.now(), DropReason.SENT_AGAIN)
    quarantine.end(line.id, ruling)

    border.take(refused_of_a_publisher(1))

    assert border.kept() == ["other_audience"] * 2


def test_each_cause_has_room_of_its_own(border: Border) -> None:
    """A flood of one kind leaves room for a portal that signs with a strange key."""
    border.take(*unsigned(30), sign(event_bytes(), STRANGER))

    assert border.kept()[-1] == "unknown_key"


def test_bytes_are_bounded_as_well(border: Border) -> None:
    """What is too large for the room that is left goes; a small one still fits."""
    border.take(*unsigned(4, size=200_000), *unsigned(2, size=240_000), *unsigned(1))

    (row,) = SqlRoom(border.office.database).unkept()
    assert len(border.kept()) == 6
    assert (row.count, row.size) == (1, 240_000)


def test_rulings_make_room(border: Border) -> None:
    """Only what waits fills the room; what was counted stays counted."""
    border.take(*unsigned(11))
    assert drop_unsigned(border) == 10

    border.take(*unsigned(11))

    assert sum(one.count for one in SqlRoom(border.office.database).unkept()) == 2
    assert drop_unsigned(border) == 10


def test_room_is_told_of_at_80_and_100_percent_once(border: Border) -> None:
    """Then once an hour while something has no room; anew after it was emptied."""
    steps = [told(border, *unsigned(many)) for many in (7, 1, 1, 1, 1, 5)]
    border.office.clock.advance(HOUR)
    an_hour_later = told(border, *unsigned(1))
    drop_unsigned(border)
    emptied = told(border, *unsigned(1))
    full_again = told(border, *unsigned(20))

    assert steps == [
        [],
        [("quarantine_fills", 8)],
        [],
        [("quarantine_full", 10)],
        [],
        [],
    ]
    assert an_hour_later == [("quarantine_full", 10)]
    assert emptied == []
    assert full_again == [("quarantine_full", 10)]


def test_counts_go_after_their_years(border: Border) -> None:
    """They name nobody, and still do not stay for ever."""
    border.take(*unsigned(11))
    room, now = SqlRoom(border.office.database, years=2), border.office.clock.now()

    assert room.expire(now) == 0
    assert room.expire(now.replace(year=now.year + 3)) == 1
    assert room.unkept() == []
