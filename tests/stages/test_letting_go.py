"""What two people decided on a pulled brake reaches each case, once."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import pytest
from sqlalchemy import func, select

from orchestrator.adapters.intake.brakes import SAMPLE, PullView, Said, SqlBrakes
from orchestrator.adapters.sql import brake_tables as b
from orchestrator.core.cases import Case
from orchestrator.core.events import RequestWithdrawn
from orchestrator.core.grounds import Ground
from orchestrator.core.holds import RulingKind
from orchestrator.core.intake.brake import ALL_SOURCES, BrakeLimits, BrakeState
from orchestrator.core.words import CaseId
from orchestrator.engine import Step
from orchestrator.errors import NotPossible
from orchestrator.stages import let_go
from orchestrator.stages.let_go import Gone, LettingGo
from schemas.withdrawals import WithdrawalReason
from tests.core.builders import DAY, HOUR, MINUTE
from tests.schemas.submissions import a_subject
from tests.stages.an_intake import PORTAL, Intake
from tests.stages.an_office import Office, an_office

CAP = 3
LIMITS = BrakeLimits(per_hour=CAP, factor=10, minimum=CAP)
WIDE = BrakeLimits(per_hour=10**6, factor=10, minimum=10**6)
RELEASE = BrakeState.RELEASED.value
REFUSE = BrakeState.REFUSED.value
FORGED = Ground.IDENTITY_UNCONFIRMED.value


class Desk:
    """Two people at a brake that is pulled, with a few cases behind it."""

    def __init__(self, office: Office, held: int = 5) -> None:
        """Let more erasures come than may, and look at what is held."""
        self.office = office
        self.brakes = SqlBrakes(office.database, 3)
        self.intake = Intake(office, {PORTAL: LIMITS, ALL_SOURCES: WIDE})
        self.intake.send(CAP + held)
        self.pull = self.pulled().id

    def pulled(self) -> PullView:
        """Return the one open pull."""
        (pull,) = self.brakes.pulls()
        return pull

    def look(self, by: str) -> None:
        """Show a sample to somebody."""
        cases = tuple(self.brakes.sample(self.pull, 2))
        self.brakes.note(self.pull, Said(by, self.office.clock.now(), SAMPLE, cases))

    def say(self, by: str, what: str = RELEASE, ground: str | None = None) -> bool:
        """Let somebody decide; tells whether it stands."""
        said = Said(by, self.office.clock.now(), what, ground=ground)
        return self.brakes.decide(self.pull, said)

    def decide(self, what: str = RELEASE, ground: str | None = None) -> None:
        """Let two people look and say the same."""
        for by in ("dpo-1", "dpo-2"):
            self.look(by)
            self.say(by, what, ground)

    def letting_go(self) -> LettingGo:
        """Return the stage, as a process that has just started has it."""
        office = self.office
        return LettingGo(self.brakes, office.store, office.engine, office.clock)

    def held(self) -> list[Case]:
        """Return the cases that came above the limit, whatever became of them."""
        cases = self.office.cases()
        return cases[CAP:]

    def rows(self) -> int:
        """Count the cases that still wait for what was decided."""
        query = select(func.count()).select_from(b.brake_held)
        with self.office.database.reading() as connection:
            count: int = connection.execute(query).scalar_one()
        return count


@pytest.fixture
def office(sqlite_url: str) -> Iterator[Office]:
    """Open an office on SQLite."""
    office = an_office(sqlite_url)
    yield office
    office.database.close()


def test_two_people_release_all_that_is_held(office: Office) -> None:
    """Both stand on each case, and nothing waits any more."""
    desk = Desk(office)

    desk.decide()
    count = desk.letting_go().all()

    assert count == 5
    assert [case.is_braked for case in desk.held()] == [False] * 5
    rulings = {(one.kind, one.by) for case in desk.held() for one in case.rulings}
    assert rulings == {(RulingKind.RELEASED, ("dpo-1", "dpo-2"))}
    assert (desk.rows(), list(desk.brakes.pulls())) == (0, [])


def test_two_people_refuse_all_that_is_held(office: Office) -> None:
    """Each is answered as refused, on the ground that both named."""
    desk = Desk(office)

    desk.decide(REFUSE, FORGED)
    desk.letting_go().all()

    assert {case.refused_for for case in desk.held()} == {Ground.IDENTITY_UNCONFIRMED}
    assert {one.by for case in desk.held() for one in case.rulings} == {
        ("dpo-1", "dpo-2")
    }
    assert [case.refused_for for case in office.cases()[:CAP]] == [None] * CAP


def test_one_person_releases_nothing(office: Office) -> None:
    """Neither by one word nor by the same twice."""
    desk = Desk(office)
    desk.look("dpo-1")

    stands = desk.say("dpo-1")
    with pytest.raises(NotPossible, match="a second, different person"):
        desk.say("dpo-1")

    assert not stands
    assert desk.letting_go().all() == 0
    assert all(case.is_braked for case in desk.held())


def test_other_spelling_of_a_name_is_no_second_person(office: Office) -> None:
    """Who looked as `dpo-1` and says it as `DPO-1` as well is one person still."""
    desk = Desk(office)
    desk.look("dpo-1")
    desk.look("DPO-1")

    stands = desk.say("dpo-1")
    with pytest.raises(NotPossible, match="a second, different person"):
        desk.say("DPO-1")
    changed = desk.say("DPO-1", REFUSE, FORGED)
    desk.look("dpo-2")

    assert [stands, changed, desk.say("dpo-2")] == [False, False, False]


def test_two_who_say_different_things_decide_nothing(office: Office) -> None:
    """Until one of them says what the other says; the last word of each counts."""
    desk = Desk(office)
    for by in ("dpo-1", "dpo-2"):
        desk.look(by)

    first = [desk.say("dpo-1"), desk.say("dpo-2", REFUSE, FORGED)]
    changed = desk.say("dpo-1", REFUSE, Ground.NOT_IDENTIFIABLE.value)
    stands = desk.say("dpo-1", REFUSE, FORGED)

    assert [*first, changed, stands] == [False, False, False, True]
    assert desk.pulled().ground == FORGED


@pytest.mark.parametrize(
    "age", [pytest.param(None, id="none"), pytest.param(DAY + MINUTE, id="old")]
)
def test_who_was_shown_nothing_decides_nothing(
    office: Office, age: timedelta | None
) -> None:
    """A sample is what a decision rests on; one of the day before yesterday is old."""
    desk = Desk(office)
    if age is not None:
        desk.look("dpo-1")
        office.clock.advance(age)

    with pytest.raises(NotPossible, match="no sample"):
        desk.say("dpo-1")


def test_sample_is_kept_by_the_ids_of_the_cases(office: Office) -> None:
    """Whoever asks later sees what was shown to whom."""
    desk = Desk(office)

    desk.look("dpo-1")

    (said,) = desk.pulled().said
    assert (said.by, said.what, len(said.cases)) == ("dpo-1", SAMPLE, 2)
    assert set(said.cases) <= {case.id for case in desk.held()}


def test_process_that_dies_is_followed_by_one_that_goes_on(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each part is durable by itself, and nothing is ruled twice."""
    monkeypatch.setattr(let_go, "AT_ONCE", 2)
    desk = Desk(office)
    desk.decide()

    first, last = desk.letting_go().turn()
    assert (first.ruled, desk.rows()) == (2, 3)
    # It dies after it has ruled on the next two, before it has noted so.
    forget = desk.brakes.forget
    monkeypatch.setattr(desk.brakes, "forget", lambda _: None)
    desk.letting_go().turn(last)
    monkeypatch.setattr(desk.brakes, "forget", forget)
    rest = desk.letting_go().all()

    assert rest == 3
    assert desk.rows() == 0
    assert [len(case.rulings) for case in desk.held()] == [1] * 5


def test_case_that_is_over_already_is_left_as_it_is(office: Office) -> None:
    """A withdrawn request is neither released nor refused."""
    desk = Desk(office)
    withdrawn = RequestWithdrawn(
        office.clock.now(), "portal", WithdrawalReason.BY_PERSON
    )
    office.engine.apply([Step(desk.held()[0].id, withdrawn)])

    desk.decide(REFUSE, FORGED)
    gone = desk.letting_go().everything()

    assert (gone, desk.rows()) == (Gone(ruled=4, otherwise=1), 0)
    assert desk.held()[0].refused_for is None


def test_counting_begins_afresh_after_a_release(office: Office) -> None:
    """What passed and what was released is forgiven; the cap holds again."""
    desk = Desk(office)
    desk.decide()
    desk.letting_go().all()

    desk.intake.send(CAP + 1)

    braked = [case.is_braked for case in office.cases()[-CAP - 1 :]]
    assert braked == [False] * CAP + [True]
    assert desk.pulled().id != desk.pull


def test_decided_pull_is_decided_once(office: Office) -> None:
    """Whoever comes third learns that it is over."""
    desk = Desk(office)
    desk.look("dpo-3")
    desk.decide()

    with pytest.raises(NotPossible, match="already"):
        desk.say("dpo-3")


def test_records_of_the_brake_end(office: Office) -> None:
    """Counters after the days that are looked back, pulls after whole years."""
    desk = Desk(office)
    desk.decide()
    desk.letting_go().all()

    def left() -> tuple[int, ...]:
        tables = (b.brake_hours, b.brakes, b.brake_pulls)
        with office.database.reading() as connection:
            return tuple(
                connection.execute(select(func.count()).select_from(one)).scalar_one()
                for one in tables
            )

    now = office.clock.now()
    desk.brakes.expire(now + 29 * DAY)
    soon = left()
    desk.brakes.expire(now + 29 * DAY + 2 * HOUR)
    later = left()
    desk.brakes.expire(now + 5 * 366 * DAY)

    assert (soon, later, left()) == ((2, 2, 1), (0, 0, 1), (0, 0, 0))


def test_pull_that_holds_something_stays(office: Office) -> None:
    """However old; and so does the counting of its source."""
    desk = Desk(office)

    desk.brakes.expire(office.clock.now() + 9 * 366 * DAY)

    counted = {one.source: one.pull for one in desk.brakes.counted(office.clock.now())}
    assert desk.pulled().held == 5
    assert counted == {PORTAL: desk.pull}


def test_who_asked_twice_is_released_though_the_first_request_is_withdrawn(
    office: Office,
) -> None:
    """What is answered with a held case goes on held, and is let go with the rest."""
    desk = Desk(office, held=1)
    desk.intake.send(2, subject=a_subject())
    lead, attached = desk.held()[1:]
    withdrawn = RequestWithdrawn(
        office.clock.now(), "portal", WithdrawalReason.BY_PERSON
    )

    office.engine.apply([Step(lead.id, withdrawn)])
    alone = office.case(attached.id)
    desk.decide()
    desk.letting_go().all()

    assert attached.led_by == lead.id
    assert alone.is_braked
    assert not office.case(attached.id).is_braked
    assert desk.rows() == 0


def test_unknown_case_behind_the_brake_is_forgotten(office: Office) -> None:
    """A row without its case stops nobody."""
    desk = Desk(office)
    with office.database.writing() as connection:
        row = {"case_id": "c-0", "pull": desk.pull}
        connection.execute(b.brake_held.insert(), [row])

    desk.decide()
    desk.letting_go().all()

    assert desk.rows() == 0
    assert CaseId("c-0") not in {case.id for case in office.cases()}
