"""When erasures are too many, and what becomes of those that are."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from orchestrator.core.cases import Case, CaseStatus, GateReason, TaskStatus, Wants
from orchestrator.core.decide import decide
from orchestrator.core.events import RequestWithdrawn, TimePassed
from orchestrator.core.grounds import Ground
from orchestrator.core.holds import DECISIVE, HoldReason, RulingKind
from orchestrator.core.intake.brake import (
    WHOLESALE,
    Brake,
    BrakeCause,
    BrakeLimits,
    Overrun,
    allowed_in,
    counts,
    hour_of,
    overrun,
    usual_of,
)
from orchestrator.core.intake.opening import open_case
from orchestrator.core.plan import ReviewRule
from orchestrator.core.ruled import CaseRefused, CaseReleased
from orchestrator.core.words import Rehearsal, Right
from schemas.case_events import CASE_ALARMED, CASE_HELD, CASE_OPENED, CASE_REFUSED
from schemas.connecting import Action, ActionClass, Exported
from schemas.withdrawals import WithdrawalReason
from tests.core.builders import (
    ACCESS,
    BOTH,
    DAY,
    ERASURE,
    HOUR,
    MAIL,
    MINUTE,
    T0,
    a_plan,
    after,
    an_opening,
    located,
    published,
    task_of,
)

LIMITS = BrakeLimits(per_hour=100, factor=5, minimum=20, per_day=150)
BRAKE = HoldReason.BRAKE


def a_brake(**changes: object) -> Brake:
    """Build what was counted of a source: nothing, unless told otherwise."""
    return replace(Brake("maison", "/portal", hour_of(T0)), **changes)  # type: ignore[arg-type]


def braked(rights: frozenset[Right] = ERASURE) -> Case:
    """Open a case that came above the limit."""
    return open_case(an_opening(rights=rights, is_braked=True), a_plan()).case


def found(case: Case) -> Case:
    """Let the search of a case find a record."""
    return after(case, MAIL, located("a"), Action.LOCATE)


# --- counting -----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("counted", "found"),
    [
        pytest.param({}, None, id="nothing so far"),
        pytest.param({"fresh_hour": 99}, None, id="up to the cap"),
        pytest.param(
            {"fresh_hour": 100},
            Overrun(BrakeCause.HOURLY_CAP, 101, 100),
            id="above the cap",
        ),
        pytest.param({"fresh_hour": 49, "usual": 10.0}, None, id="a busy day"),
        pytest.param(
            {"fresh_hour": 50, "usual": 10.0},
            Overrun(BrakeCause.ABOVE_USUAL, 51, 50),
            id="far above the usual",
        ),
        pytest.param({"fresh_hour": 19, "usual": 0.0}, None, id="below the minimum"),
        pytest.param(
            {"fresh_hour": 20, "usual": 0.5},
            Overrun(BrakeCause.ABOVE_USUAL, 21, 20),
            id="above the minimum",
        ),
        pytest.param(
            {"fresh_hour": 100, "usual": 40.0},
            Overrun(BrakeCause.HOURLY_CAP, 101, 100),
            id="the cap holds whatever is usual",
        ),
        pytest.param({"fresh_hour": 5, "fresh_day": 149}, None, id="up to the share"),
        pytest.param(
            {"fresh_hour": 5, "fresh_day": 150},
            Overrun(BrakeCause.SHARE_OF_CUSTOMERS, 151, 150),
            id="above the share",
        ),
        pytest.param({"passed": 999, "held": 999}, None, id="a release begins afresh"),
    ],
)
def test_one_more_erasure_passes_a_limit_or_does_not(
    counted: dict[str, object], found: Overrun | None
) -> None:
    """The limit itself still passes; the next one is too many."""
    assert overrun(a_brake(**counted), LIMITS) == found


def test_without_a_share_no_day_is_too_full() -> None:
    """Where the register does not know how many customers there are."""
    limits = replace(LIMITS, per_day=None)

    assert overrun(a_brake(fresh_day=10**6), limits) is None


def test_a_cap_below_the_usual_is_the_one_that_is_named() -> None:
    """People see the limit that holds."""
    assert allowed_in(LIMITS, 1000.0) == (BrakeCause.HOURLY_CAP, 100)
    assert allowed_in(LIMITS, None) == (BrakeCause.HOURLY_CAP, 100)


def _days(*passed: int) -> dict[datetime, int]:
    """Count what passed in this hour on each of the days before, the last one first."""
    return {hour_of(T0) - day * DAY: one for day, one in enumerate(passed, 1)}


@pytest.mark.parametrize(
    ("known", "passed", "usual"),
    [
        pytest.param(6 * DAY, (5,) * 6, None, id="too few days"),
        pytest.param(7 * DAY, (1, 2, 3, 4, 5, 6, 7), 4, id="seven days"),
        pytest.param(8 * DAY, (1, 2, 3, 4, 5, 6, 7, 8), 4.5, id="an even number"),
        pytest.param(9 * DAY, (9, 9, 9), 0, id="days without any count as none"),
        pytest.param(28 * DAY, (7,) * 27 + (5000,), 7, id="one attack moves nothing"),
        pytest.param(60 * DAY, (3,) * 28 + (99,) * 30, 3, id="28 days at most"),
    ],
)
def test_usual_is_the_median_of_the_days_before(
    known: timedelta, passed: tuple[int, ...], usual: float | None
) -> None:
    """Of the same hour of the day, so that nights do not speak for noon."""
    assert usual_of(hour_of(T0), T0 - known, _days(*passed)) == usual


def test_hours_are_those_of_utc() -> None:
    """A change of the clocks makes no hour longer."""
    at = datetime.fromisoformat("2026-10-25T02:59:59.5+02:00")

    assert hour_of(at) == datetime.fromisoformat("2026-10-25T00:00:00+00:00")


@pytest.mark.parametrize(
    ("rights", "rehearsal", "is_counted"),
    [
        pytest.param(ERASURE, (), True, id="erasure"),
        pytest.param(BOTH, (), True, id="erasure and copy"),
        pytest.param(ACCESS, (), False, id="copy"),
        pytest.param(ERASURE, (Rehearsal.DRY_RUN,), False, id="dry run"),
        pytest.param(ERASURE, (Rehearsal.TEST,), False, id="test"),
    ],
)
def test_erasures_for_real_are_counted(
    rights: frozenset[Right], rehearsal: tuple[Rehearsal, ...], *, is_counted: bool
) -> None:
    """What changes nothing for a real person is not."""
    assert counts(rights, rehearsal) is is_counted


# --- a braked case ------------------------------------------------------------------


def test_braked_case_is_opened_with_its_date_and_held() -> None:
    """The portal hears both; what protects and what reads goes on."""
    decision = open_case(an_opening(is_braked=True), a_plan())
    plain = open_case(an_opening(), a_plan()).case

    case = decision.case
    (hold,) = case.holds
    assert published(decision) == (CASE_OPENED, CASE_HELD)
    assert (case.due_at, case.status) == (plain.due_at, CaseStatus.RUNNING)
    assert (hold.reason, hold.classes) == (BRAKE, DECISIVE)
    assert not hold.classes & {ActionClass.PROTECTIVE, ActionClass.READING}
    assert task_of(case, MAIL, Action.LOCATE).status is TaskStatus.READY


def test_braked_erasure_waits_behind_its_gate_when_all_is_found() -> None:
    """Nothing else is missing, and still nobody may claim it."""
    task = task_of(found(braked()), MAIL)

    assert task.status is TaskStatus.PLANNED
    assert task.gate is not None
    assert task.gate.reason is GateReason.HOLD


def test_deadline_of_a_braked_case_is_alarmed() -> None:
    """The law's clock does not know the brake."""
    case = braked()

    passed = decide(case, TimePassed(case.due_at - 12 * HOUR))

    assert CASE_ALARMED in published(passed)
    assert passed.case.wants is Wants.SEAL_INTERIM


@pytest.mark.parametrize(
    ("by", "also_by", "ends"),
    [
        pytest.param("dpo-1", None, False, id="one"),
        pytest.param("dpo-1", "dpo-1", False, id="one, twice"),
        pytest.param("dpo-1", "DPO-1", False, id="one, in another spelling"),
        pytest.param("dpo-1", "dpo-2", True, id="two"),
    ],
)
def test_two_people_release_the_brake(by: str, also_by: str | None, ends: bool) -> None:  # noqa: FBT001 (a case of the table)
    """Both stand on the ruling, and what waited goes on."""
    case = found(braked())

    decision = decide(case, CaseReleased(T0 + MINUTE, BRAKE, by, also_by))

    now = decision.case
    assert now.is_braked is not ends
    assert (task_of(now, MAIL).status is TaskStatus.READY) is ends
    assert [(one.kind, one.by) for one in now.rulings] == (
        [(RulingKind.RELEASED, ("dpo-1", "dpo-2"))] if ends else []
    )


def test_two_people_refuse_at_once_what_is_forged() -> None:
    """Both stand on the ruling; nothing of the person was touched."""
    ground = Ground.IDENTITY_UNCONFIRMED
    event = CaseRefused(T0 + MINUTE, ground, "dpo-1", also_by="dpo-2")

    decision = decide(found(braked()), event)

    (ruling,) = decision.case.rulings
    assert (ruling.kind, ruling.by) == (RulingKind.REFUSED, ("dpo-1", "dpo-2"))
    assert CASE_REFUSED in published(decision)
    assert decision.case.wants is Wants.SEAL_STATEMENT
    assert not task_of(decision.case, MAIL).calls


@pytest.mark.parametrize("again", ["dpo-1", "DPO-1"])
def test_second_name_is_no_second_person(again: str) -> None:
    """Where the register wants two, the same name twice is one, however typed."""
    plan = replace(a_plan(), reviews=(ReviewRule(Right.ERASURE, 2),))
    case = open_case(an_opening(is_braked=True), plan).case
    ground = Ground.IDENTITY_UNCONFIRMED

    now = decide(case, CaseRefused(T0, ground, "dpo-1", also_by=again)).case

    assert (now.refused_for, now.rulings) == (None, ())


def test_copy_of_a_braked_request_is_gathered_and_not_handed_out() -> None:
    """Whoever forged an erasure may have asked for a copy with it."""
    case = found(braked(BOTH))
    case = after(case, MAIL, Exported(rows=1), Action.EXPORT)

    freed = decide(case, CaseReleased(T0 + MINUTE, BRAKE, "dpo-1", "dpo-2")).case

    assert case.is_copied
    assert case.wants is None
    assert freed.wants is Wants.SEAL_EXPORT


def test_withdrawn_request_needs_nobodys_release() -> None:
    """It is answered, with nothing done."""
    case = found(braked())

    now = decide(case, RequestWithdrawn(T0, "portal", WithdrawalReason.BY_PERSON)).case

    assert not now.is_braked
    assert now.wants is Wants.SEAL_STATEMENT


def test_grounds_for_many_at_once_fit_each_of_them() -> None:
    """What is forged is refused because nobody knows who asked."""
    assert Ground.IDENTITY_UNCONFIRMED in WHOLESALE
    assert Ground.NO_GROUND not in WHOLESALE
