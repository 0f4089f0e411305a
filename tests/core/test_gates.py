"""What an erasure waits for: frozen items, copies, rehearsals, holds."""

from __future__ import annotations

from dataclasses import replace

import pytest

from orchestrator.core.cases import (
    Case,
    ExportStatus,
    GateReason,
    Step,
    TaskStatus,
    task_id,
)
from orchestrator.core.decide import decide
from orchestrator.core.events import (
    ExportSealed,
    SiblingExportOpened,
    SiblingExportSettled,
    TaskReleased,
    TimePassed,
)
from orchestrator.core.intake.opening import open_case
from orchestrator.core.plan import PlannedAccount
from orchestrator.core.words import AccountId, CaseId
from orchestrator.core.work.gates import open_gates
from schemas.connecting import (
    EMAIL,
    Action,
    ActionClass,
    Done,
    Evidence,
    Exported,
    Mode,
    NotApplicable,
    NothingFound,
    Progress,
    Proof,
    Retry,
)
from tests.core.builders import (
    ACCESS,
    BOTH,
    CRM,
    CUSTOMER,
    DAY,
    DISTINCT,
    HOUR,
    MAIL,
    SHOP,
    STATS,
    T0,
    a_case,
    a_hold,
    a_plan,
    after,
    after_events,
    an_account,
    an_opening,
    called,
    located,
    ready_to_erase,
    reported,
    states,
    task_of,
)

LOCATE, EXPORT, ERASE = Action.LOCATE, Action.EXPORT, Action.ERASE
PLANNED, READY, SETTLED = TaskStatus.PLANNED, TaskStatus.READY, TaskStatus.SETTLED
OTHER = CaseId("case-2")
GONE = Done("deleted", Evidence.E4)


def _reason(case: Case, account: AccountId) -> GateReason | None:
    """Return what an erasure waits for."""
    gate = task_of(case, account).gate
    return gate.reason if gate else None


def _located(case: Case, *accounts: AccountId) -> Case:
    """Let each account's search find one record."""
    for account in accounts:
        case = after(case, account, located(f"{account}-1"), LOCATE)
    return case


def _teaching() -> tuple[PlannedAccount, PlannedAccount, PlannedAccount]:
    """Build a chain: the CRM teaches the shop, the shop teaches the statistics."""
    crm = an_account(CRM, yields=frozenset({CUSTOMER}))
    shop = an_account(SHOP, accepts=frozenset({CUSTOMER}), yields=frozenset({DISTINCT}))
    stats = an_account(STATS, accepts=frozenset({DISTINCT}))
    return crm, shop, stats


# --- frozen items ---------------------------------------------------------------------


def test_erasure_takes_the_items_its_own_search_found() -> None:
    """An erasure without links starts with exactly what its search found."""
    case = ready_to_erase("a", "b")

    task = task_of(case, MAIL)
    assert task.status is READY
    assert [item.id for item in task.items] == ["a", "b"]


def test_items_freeze_only_when_every_teacher_is_searched() -> None:
    """An account waits for all that teach what it accepts, also through others."""
    plan = a_plan(*_teaching())
    known = frozenset({EMAIL, CUSTOMER, DISTINCT})
    case = open_case(an_opening(identifier_types=known), plan).case

    case = _located(case, STATS, SHOP)
    early = _reason(case, STATS)
    case = _located(case, CRM)

    assert early is GateReason.LOCATE
    assert states(case)[STATS] is READY


def test_account_without_a_link_waits_for_nobody() -> None:
    """One account's search that never ends does not keep another from erasing."""
    case = a_case(an_account(MAIL), an_account(CRM))

    case = _located(case, MAIL)

    assert states(case) == {MAIL: READY, CRM: PLANNED}


@pytest.mark.parametrize(
    ("crm", "shop"),
    [
        pytest.param(
            an_account(CRM, yields=frozenset({CUSTOMER})),
            an_account(SHOP, accepts=frozenset({CUSTOMER, EMAIL})),
            id="teaches it",
        ),
        pytest.param(
            an_account(CRM), an_account(SHOP, fed_by=(CRM,)), id="its data flow there"
        ),
    ],
)
def test_feeding_account_is_erased_after_the_fed_one_was_searched(
    crm: PlannedAccount, shop: PlannedAccount
) -> None:
    """What points to another account is not erased before that one was searched."""
    case = _located(a_case(crm, shop), CRM)

    early = _reason(case, CRM)
    case = _located(case, SHOP)

    assert early is GateReason.FED_LOCATE
    assert states(case)[CRM] is READY


def test_account_that_is_off_teaches_nobody() -> None:
    """A chain of teachers does not run through an account that is off."""
    crm, shop, stats = _teaching()
    plan = a_plan(crm, replace(shop, mode=Mode.OFF), stats)
    known = frozenset({EMAIL, CUSTOMER, DISTINCT})
    case = open_case(an_opening(identifier_types=known), plan).case

    case = _located(case, STATS)

    assert states(case)[STATS] is READY


def test_frozen_erasure_knows_every_identifier_by_then() -> None:
    """A task's identifier types are those known when its items froze."""
    crm = an_account(CRM, yields=frozenset({CUSTOMER}))
    shop = an_account(SHOP, accepts=frozenset({EMAIL, CUSTOMER}))
    case = _located(a_case(crm, shop), SHOP)
    case = after(case, CRM, located("c", learned=[CUSTOMER]), LOCATE)

    case = _located(case, SHOP)

    assert task_of(case, SHOP).identifier_types == {EMAIL, CUSTOMER}


def test_account_with_nothing_found_has_nothing_to_erase() -> None:
    """A search without a find settles the erasure as nothing found."""
    case = after(a_case(), MAIL, NothingFound(), LOCATE)

    assert task_of(case, MAIL).outcome == NothingFound()


# --- copies before erasures -----------------------------------------------------------


def test_own_copy_is_sealed_before_anything_is_erased() -> None:
    """An erasure waits for the copy of its own case, at every account."""
    case = _located(a_case(an_account(MAIL), an_account(CRM), rights=BOTH), MAIL, CRM)
    case = after(case, MAIL, Exported(3), EXPORT)
    case = after(case, CRM, Exported(1), EXPORT)
    early = _reason(case, MAIL)

    case = decide(case, ExportSealed(T0, "0" * 64, T0 + 7 * DAY)).case

    assert early is GateReason.EXPORT
    assert states(case) == {MAIL: READY, CRM: READY}


def test_copy_of_another_case_comes_before_the_erasure() -> None:
    """A sibling's copy closes the gate of a ready erasure, and opens it when sealed."""
    case = ready_to_erase("a")

    closed = decide(case, SiblingExportOpened(T0, OTHER)).case
    opened = decide(closed, SiblingExportSettled(T0, OTHER)).case

    assert _reason(closed, MAIL) is GateReason.EXPORT
    assert states(closed)[MAIL] is PLANNED
    assert states(opened)[MAIL] is READY


def test_released_erasure_goes_back_behind_the_gate() -> None:
    """A claim that sent nothing may still be recalled for a sibling's copy."""
    case = called(ready_to_erase("a"), MAIL)
    case = decide(case, SiblingExportOpened(T0, OTHER)).case

    case = decide(case, TaskReleased(T0, task_of(case, MAIL).id, 1)).case

    assert _reason(case, MAIL) is GateReason.EXPORT


def test_untouched_erasure_keeps_its_retry_time_behind_a_gate() -> None:
    """A throttled erasure that nothing happened to is recalled, and stays throttled."""
    case = after(ready_to_erase("a"), MAIL, Retry("throttled", HOUR))

    closed = decide(case, SiblingExportOpened(T0, OTHER)).case
    opened = decide(closed, SiblingExportSettled(T0, OTHER)).case

    assert states(closed)[MAIL] is PLANNED
    task = task_of(opened, MAIL)
    assert (task.status, task.wake_at) == (TaskStatus.WAITING, T0 + HOUR)


def test_begun_erasure_is_not_called_back() -> None:
    """Once records are gone, a late copy no longer stops the rest."""
    progress = Progress((task_of(ready_to_erase("a"), MAIL).items[0].id,), Evidence.E2)
    case = after(ready_to_erase("a", "b"), MAIL, progress)

    case = decide(case, SiblingExportOpened(T0, OTHER)).case

    assert states(case)[MAIL] is READY


def test_case_that_erases_nothing_does_not_wait_for_siblings() -> None:
    """A case for a copy alone takes no note of other cases' copies."""
    case = a_case(rights=ACCESS)

    assert decide(case, SiblingExportOpened(T0, OTHER)).case is case


# --- rehearsals, holds ----------------------------------------------------------------


def test_rehearsed_account_is_searched_and_not_erased() -> None:
    """In a dry run the records are found, the erasure is closed as rehearsed."""
    case = ready_to_erase("a", account=an_account(MAIL, mode=Mode.DRY_RUN))

    assert task_of(case, MAIL).outcome == NotApplicable("dry_run")
    assert len(task_of(case, MAIL).items) == 1


@pytest.mark.parametrize(
    ("writes", "is_copied"),
    [
        pytest.param({Action.ERASE}, True, id="a_read"),
        pytest.param({Action.ERASE, Action.EXPORT}, False, id="a_job"),
    ],
)
def test_rehearsed_account_is_copied_only_where_that_is_a_read(
    writes: set[Action], *, is_copied: bool
) -> None:
    """In a dry run no job is made there, and nobody is asked why."""
    rehearsed = an_account(MAIL, mode=Mode.DRY_RUN, writes=frozenset(writes))
    case = ready_to_erase("a", account=rehearsed, rights=ACCESS)

    copy = task_of(case, MAIL, Action.EXPORT)

    assert (copy.status is TaskStatus.READY) == is_copied
    assert (copy.outcome == NotApplicable("dry_run")) != is_copied


def test_hold_blocks_what_is_irreversible_and_lets_reading_go_on() -> None:
    """A held case is searched and copied, and nothing of it is erased."""
    held = frozenset({ActionClass.IRREVERSIBLE})
    case = replace(a_case(rights=BOTH), holds=a_hold(held))

    case = _located(case, MAIL)
    case = after(case, MAIL, Exported(1), EXPORT)
    case = decide(case, ExportSealed(T0, "0" * 64, T0 + DAY)).case

    assert case.export is ExportStatus.SEALED
    assert _reason(case, MAIL) is GateReason.HOLD


def test_hold_stops_an_erasure_that_has_begun_without_losing_its_place() -> None:
    """What is gone stays gone under a hold, and the rest goes on after it."""
    progress = Progress((task_of(ready_to_erase("a"), MAIL).items[0].id,), Evidence.E2)
    begun = after(ready_to_erase("a", "b"), MAIL, progress)

    held = replace(begun, holds=a_hold({ActionClass.IRREVERSIBLE}))
    held = decide(held, TimePassed(begun.due_at)).case
    freed = open_gates(replace(held, holds=()), T0)

    assert _reason(held, MAIL) is GateReason.HOLD
    task = task_of(freed, MAIL)
    assert task.status is READY
    assert [item.id for item in task.open_items()] == ["b"]


def test_protective_action_passes_a_hold() -> None:
    """A hold on what is irreversible names no protective action."""
    held = replace(ready_to_erase("a"), holds=a_hold({ActionClass.IRREVERSIBLE}))
    erasure = task_of(held, MAIL)
    id_ = task_id(held.id, MAIL, Action.SUPPRESS)
    suppressing = replace(erasure, id=id_, action=Action.SUPPRESS, status=PLANNED)

    case = open_gates(held.with_task(suppressing), T0)

    assert case.all_tasks[id_].status is READY


def test_gate_says_from_when_a_person_may_open_it() -> None:
    """A gate carries the deadline less the horizon behind it and the margin."""
    case = a_case(an_account(MAIL, horizon=7 * DAY))

    gate = task_of(case, MAIL).gate

    assert gate is not None
    assert gate.opens_at == case.due_at - 7 * DAY - case.plan.gate_margin


def test_erasure_without_a_look_behind_it_opens_the_next_gate() -> None:
    """A settled feeder opens the gate, however well it is proven."""
    crm = an_account(CRM, proof=Proof.STATUS)
    case = _located(a_case(crm, an_account(MAIL, fed_by=(CRM,))), CRM, MAIL)

    case = after(case, CRM, Done("deleted", Evidence.E2))

    assert states(case) == {CRM: SETTLED, MAIL: READY}


def test_called_erasure_is_past_recall() -> None:
    """A task under call keeps its claim when a gate closes; its report is heard."""
    case = called(ready_to_erase("a"), MAIL)
    answer = reported(case, MAIL, ERASE, GONE)

    case = after_events(case, SiblingExportOpened(T0, OTHER), answer)

    assert task_of(case, MAIL).outcome == GONE
    assert task_of(case, MAIL).step is Step.ACT
