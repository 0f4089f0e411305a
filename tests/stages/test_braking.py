"""The brake at the door: what comes above a limit is held, and nothing is dropped."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from sqlalchemy import func, select
from structlog.testing import capture_logs

from orchestrator.adapters.sql import brake_tables as b
from orchestrator.adapters.sql import tables as t
from orchestrator.core.cases import TaskStatus
from orchestrator.core.events import ItemsLocated, TaskReported
from orchestrator.core.intake.brake import ALL_SOURCES, BrakeLimits
from orchestrator.engine import Step
from schemas.case_events import CASE_OPENED
from schemas.connecting import Action
from tests.core.builders import DAY, HOUR, MAIL, MINUTE, an_item
from tests.stages.an_intake import PORTAL, Intake
from tests.stages.an_office import Office, an_office

APP = "/portal/app"
WIDE = BrakeLimits(per_hour=10**6, factor=10, minimum=10**6)


@pytest.fixture
def office(sqlite_url: str) -> Iterator[Office]:
    """Open an office on SQLite."""
    office = an_office(sqlite_url)
    yield office
    office.database.close()


def limits(per_hour: int = 5, **changes: object) -> BrakeLimits:
    """Build limits that only the cap and what is given reach."""
    return BrakeLimits(**{"per_hour": per_hour, "factor": 10, "minimum": 5} | changes)  # type: ignore[arg-type]


def held(office: Office) -> list[bool]:
    """Tell of each case, in the order of opening, whether the brake holds it."""
    query = select(t.cases.c.id).order_by(t.cases.c.id)
    with office.database.reading() as connection:
        braked = set(connection.execute(select(b.brake_held.c.case_id)).scalars())
        return [id_ in braked for id_ in connection.execute(query).scalars()]


def _erasures_that_wait(office: Office, cases: list[str]) -> list[bool]:
    """Let the search of each case find a record; tell which erasures are held."""
    now, chosen = office.clock.now(), set(cases)
    office.claims.register([MAIL])
    epochs = office.claims.acquire([MAIL], "w", now, now + HOUR)
    claimed = office.claims.claim({MAIL: 10**6}, epochs, "w", now, lambda _: [], {})
    found = ItemsLocated((an_item("a"),), frozenset())
    office.engine.apply(
        [
            Step(one.case, TaskReported(now, one.task.id, found, one.epoch))
            for one in claimed
            if one.case in chosen
        ]
    )
    states = []
    for id_ in cases:
        task = office.case(id_).task(MAIL, Action.ERASE)
        assert task is not None
        assert task.status in {TaskStatus.READY, TaskStatus.PLANNED}
        states.append(task.status is TaskStatus.PLANNED)
    return states


def test_ten_thousand_forged_erasures_stop_at_the_cap(office: Office) -> None:
    """Exactly as many as the cap go on; every other is opened, held and due."""
    cap = BrakeLimits(per_hour=500, factor=10, minimum=100)
    intake = Intake(office, cap, is_signed=True)

    for _ in range(10):
        intake.send(1000)
        office.clock.advance(5 * MINUTE)

    with office.database.reading() as connection:
        told = select(func.count()).where(t.outbox.c.type == CASE_OPENED)
        opened = connection.execute(told).scalar_one()
        dates = select(func.count(t.cases.c.due_at), func.count(t.cases.c.wake_at))
        timed = connection.execute(dates).one()
        ids = list(connection.execute(select(t.cases.c.id).order_by(t.cases.c.id)))
    assert held(office) == [False] * 500 + [True] * 9_500
    assert (opened, *timed) == (10_000, 10_000, 10_000)
    some = [row.id for row in ids[480:520]]
    assert _erasures_that_wait(office, some) == [False] * 20 + [True] * 20


def test_sale_day_is_no_attack(office: Office) -> None:
    """Six times the usual of each hour passes; ten times it does not."""
    intake = Intake(office, limits(per_hour=400, minimum=5))
    for _ in range(8):
        for hour in range(3):
            intake.send(2 + hour)
            office.clock.advance(HOUR)
        office.clock.advance(21 * HOUR)

    for hour in range(3):
        intake.send(6 * (2 + hour))
        office.clock.advance(HOUR)
    assert not any(held(office))
    office.clock.advance(21 * HOUR)
    intake.send(21)

    assert held(office)[-21:] == [False] * 20 + [True]


def test_brake_stays_pulled_in_the_next_hours(office: Office) -> None:
    """Else whoever waits for the full hour takes the cap again and again."""
    intake = Intake(office, limits(5))
    intake.send(6)

    office.clock.advance(30 * HOUR)
    intake.send(2)

    assert held(office) == [False] * 5 + [True] * 3


def test_hour_below_the_cap_is_followed_by_a_fresh_one(office: Office) -> None:
    """The cap is an hour's."""
    intake = Intake(office, limits(5))

    for _ in range(3):
        intake.send(5)
        office.clock.advance(HOUR)

    assert not any(held(office))


def test_each_source_is_counted_by_itself(office: Office) -> None:
    """An attack by one does not stop the others."""
    intake = Intake(office, {PORTAL: limits(5), APP: limits(5), ALL_SOURCES: WIDE})

    intake.send(7)
    intake.send(3, source=APP)

    assert held(office) == [False] * 5 + [True] * 2 + [False] * 3


def test_many_sources_together_stop_at_a_limit_of_their_own(office: Office) -> None:
    """Whoever may name their source as they like gains nothing."""
    intake = Intake(office, {ALL_SOURCES: limits(7), "/p/0": limits(1)})

    intake.send(2, source="/p/0")
    for number in range(1, 9):
        intake.send(1, source=f"/p/{number}")

    assert held(office) == [False, True, *[False] * 6, True, True]


def test_share_of_the_customers_counts_a_whole_day(office: Office) -> None:
    """However evenly they come; 24 hours later there is room again."""
    intake = Intake(office, {ALL_SOURCES: limits(100, per_day=30, minimum=100)})

    for _ in range(10):
        intake.send(3)
        office.clock.advance(HOUR)
    assert not any(held(office))
    office.clock.advance(14 * HOUR)
    intake.send(3)
    assert not any(held(office))
    intake.send(1)

    assert held(office) == [False] * 33 + [True]


@pytest.mark.parametrize(
    ("name", "value"),
    [
        pytest.param("rights", ["access"], id="copies"),
        pytest.param("dry_run", True, id="dry runs"),
        pytest.param("test", True, id="tests"),
    ],
)
def test_what_erases_nobody_is_not_counted(
    office: Office, name: str, value: object
) -> None:
    """Neither before the brake is pulled nor after."""
    intake = Intake(office, limits(5))

    intake.send(9, **{name: value})  # type: ignore[arg-type]
    intake.send(6)
    intake.send(2, **{name: value})  # type: ignore[arg-type]

    assert held(office) == [False] * 14 + [True] + [False] * 2


def test_request_that_comes_again_is_counted_once(office: Office) -> None:
    """A redelivery opens no case."""
    first, again = Intake(office, limits(5)), Intake(office, limits(5), partition=0)

    first.send(4)
    again.send(4)
    first.send(1)

    assert held(office) == [False] * 5


def test_pull_is_told_once_and_then_once_an_hour(office: Office) -> None:
    """A line for each case would bury the one that matters."""
    intake = Intake(office, limits(5))

    with capture_logs() as lines:
        intake.send(9, at_once=2)
        office.clock.advance(HOUR)
        intake.send(4, at_once=2)

    told = [one for one in lines if one["event"].startswith("brake_")]
    assert [one["event"] for one in told] == ["brake_pulled", "brake_holds"]
    assert [one["log_level"] for one in told] == ["error", "warning"]
    assert (told[0]["cause"], told[0]["count"]) == ("hourly_cap", 6)
    assert told[0]["pull"] == told[1]["pull"]


def test_held_case_knows_the_pull_of_its_own_source(office: Office) -> None:
    """Two people who release a source do not release the others with it."""
    intake = Intake(office, {PORTAL: limits(2), APP: limits(9), ALL_SOURCES: limits(3)})

    intake.send(3)
    intake.send(2, source=APP)

    query = select(b.brake_pulls.c.source).join(
        b.brake_held, b.brake_held.c.pull == b.brake_pulls.c.id
    )
    with office.database.reading() as connection:
        sources = connection.execute(query.order_by(b.brake_held.c.case_id)).scalars()
        assert list(sources) == [PORTAL, ALL_SOURCES]


def test_attack_does_not_raise_its_own_limit(office: Office) -> None:
    """What was held is never part of the usual."""
    intake = Intake(office, limits(per_hour=50, minimum=5))
    for _ in range(9):
        intake.send(60)
        office.clock.advance(DAY)

    with office.store.transaction() as transaction:
        keys = [("maison", PORTAL)]
        brake = transaction.lock_brakes(keys, office.clock.now())["maison", PORTAL]

    assert brake.usual == 0
