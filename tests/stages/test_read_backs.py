"""Who was erased is looked for again, by identifiers that are sealed apart."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date, timedelta

import pytest
from sqlalchemy import select

from orchestrator.adapters.reading.inventory import Periods, SqlInventory
from orchestrator.adapters.sql import tables as t
from orchestrator.adapters.vault.expired_keys import SqlExpiredKeys
from orchestrator.adapters.vault.kinds import LOOKS
from orchestrator.core.afterwards.owed import IDENTITY
from orchestrator.core.answer.dossier import load_identifiers
from orchestrator.core.cases import CaseStatus, TaskStatus
from orchestrator.core.holds import ReturnReason
from orchestrator.core.plan import PlannedAccount
from orchestrator.core.ruled import ReturnRuled
from orchestrator.engine import Step
from orchestrator.stages.sweep import Sweep
from schemas.connecting import (
    EMAIL,
    Action,
    Finding,
    Identifier,
    Item,
    ItemId,
    Located,
    NothingFound,
    Person,
    Proof,
    TaskId,
)
from tests.core.builders import DAY, MAIL, an_account
from tests.stages.a_workshop import SPEC, Counter, Workshop, case_of
from tests.stages.an_office import Office

ADA = "ada@example.com"
KEY = "read_back:mail"
AGAIN = "ada-came-back"


class Remembering(Counter):
    """Knows who was erased, and who came back."""

    def __init__(self) -> None:
        super().__init__(lambda _action, _names: None)
        self.back: set[str] = set()
        self.asked: list[str] = []

    async def locate(self, people: Sequence[Person]) -> Mapping[TaskId, Finding]:
        """Find who is there."""
        return {one.task: self._found(one) for one in people}

    def _found(self, person: Person) -> Finding:
        (email,) = [one.value for one in person.identifiers]
        self.asked.append(email)
        if email in self.back:
            since = date(2026, 3, 9)
            return Located((Item(ItemId("x"), AGAIN, "profile", "profile", since),))
        if email in self.erased:
            return NothingFound()
        return Located((Item(ItemId("x"), email, "profile", "profile"),))


def _planned(*days: int) -> PlannedAccount:
    return replace(
        an_account(MAIL, proof=Proof.STATUS, read_back=days),
        people_per_call=dict(SPEC.people_per_call),
    )


@pytest.fixture
def answered(office: Office) -> Workshop:
    """Lend a workshop that has erased and forgotten Ada, and looks twice."""
    made = Workshop(office, planned=_planned(1, 30), connector=Remembering())
    made.open(ADA)
    made.rounds()
    office.seal().turn()
    office.forget().turn()
    return made


def _after(workshop: Workshop, days: int) -> None:
    """Let days pass, and all that follows."""
    office = workshop.office
    office.clock.advance(timedelta(days=days))
    Sweep(office.store, office.engine, office.clock, lambda: None).turn()
    workshop.rounds()
    office.seal().turn()
    office.forget().turn()


def _look(workshop: Workshop) -> TaskId:
    """Name the first look."""
    (id_,) = [
        task.id
        for task in workshop.office.case(case_of(ADA)).all_tasks.values()
        if task.is_read_back
    ]
    return id_


def _vault(office: Office) -> set[tuple[str, str]]:
    with office.database.reading() as connection:
        rows = connection.execute(select(t.vault.c.purpose, t.vault.c.name))
        return {(row.purpose, row.name) for row in rows}


def test_only_what_the_account_is_searched_by_outlives_the_answer(
    answered: Workshop,
) -> None:
    """Under a key of its own that says when it ends; the identity is gone."""
    office, case = answered.office, case_of(ADA)

    opened = office.vault.open([case], KEY)

    assert _vault(office) == {(KEY, "identifiers:mail")}
    kept = load_identifiers(opened.named(case, "").values())
    assert kept == (Identifier(EMAIL, ADA),)
    assert office.vault.open([case], IDENTITY).keys == {}
    with office.database.reading() as connection:
        (expires,) = connection.execute(select(t.data_keys.c.expires_at)).scalars()
    assert expires == office.case(case).answered_at + 35 * DAY  # type: ignore[operator]


def test_quiet_looks_leave_nothing_behind(answered: Workshop) -> None:
    """Asked twice, found nothing: the key goes, and the case is closed."""
    connector: Remembering = answered.connector
    connector.asked.clear()

    _after(answered, 2)
    after_one = _vault(answered.office)
    _after(answered, 30)
    answered.office.forget().turn()

    assert connector.asked == [ADA, ADA]
    assert after_one == {(KEY, "identifiers:mail")}
    assert _vault(answered.office) == set()
    case = answered.office.case(case_of(ADA))
    assert case.status is CaseStatus.CLOSED
    assert len(case.statements) == 1


def test_person_who_is_back_is_not_erased_by_that(answered: Workshop) -> None:
    """However often time passes: a person decides, with the date since when."""
    connector: Remembering = answered.connector
    connector.back.add(ADA)
    erased = connector.sizes(Action.ERASE)

    _after(answered, 2)
    _after(answered, 5)

    task = answered.office.case(case_of(ADA)).all_tasks[_look(answered)]
    assert (task.status, task.reason) == (TaskStatus.NEEDS_HUMAN, "present_again")
    assert task.hint is not None
    assert "2026-03-09" in task.hint
    assert connector.sizes(Action.ERASE) == erased


def test_resurrection_is_erased_by_what_the_look_found(answered: Workshop) -> None:
    """Once a person says so; a supplement tells of it."""
    office, connector = answered.office, answered.connector
    connector.back.add(ADA)
    _after(answered, 2)
    now = office.clock.now()
    ruled = ReturnRuled(now, _look(answered), ReturnReason.RESTORED, "dpo-1")

    office.engine.apply([Step(case_of(ADA), ruled)])
    answered.rounds()
    office.seal().turn()

    assert connector.batches[-1] == (Action.ERASE, (AGAIN,))
    kinds = [one.kind.value for one in office.case(case_of(ADA)).statements]
    assert kinds == ["final", "supplement"]


def test_identifiers_are_gone_after_35_days_of_silence(answered: Workshop) -> None:
    """Nobody looked, nobody swept a case: their key ends on its own day."""
    office = answered.office
    keys = SqlExpiredKeys(office.database, office.vault)
    office.clock.advance(timedelta(days=35) - timedelta(seconds=1))
    before = keys.destroy(office.clock.now())

    office.clock.advance(timedelta(seconds=1))
    destroyed = keys.destroy(office.clock.now())

    assert (before, destroyed) == (0, 1)
    assert _vault(office) == set()
    assert office.vault.open([case_of(ADA)], KEY).keys == {}


def test_inventory_says_until_when_they_are_kept(answered: Workshop) -> None:
    """They are a kind of their own, with the day on which the last of them goes."""
    office = answered.office
    periods = Periods(30, 30, 90, 3, 5)

    held = {
        one.kind: one
        for one in SqlInventory(office.database, periods).holdings(office.clock.now())
    }

    assert (held[LOOKS].count, held["identifiers"].count) == (1, 0)
    answered_at = office.case(case_of(ADA)).answered_at
    assert answered_at is not None
    assert held[LOOKS].last_until == answered_at + 35 * DAY
    assert held["anything else in vault"].count == 0
