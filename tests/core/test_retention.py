"""Records that a law keeps: which, until when, and that nothing touches them."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime

import pytest

from orchestrator.core.cases import Case, ItemState, TaskItem, TaskStatus
from orchestrator.core.decide import decide
from orchestrator.core.events import ItemsLocated, ItemsLookedAt
from orchestrator.core.intake.opening import open_case
from orchestrator.core.plan import RetentionRule
from orchestrator.core.work.items import first_items
from schemas.connecting import (
    Action,
    Done,
    Evidence,
    NothingFound,
    Progress,
    Retained,
    Retry,
)
from tests.core.builders import (
    INVOICES,
    MAIL,
    a_case,
    a_plan,
    after,
    an_item,
    an_opening,
    signed,
    task_of,
)

LONGER = replace(INVOICES, id="de-disputes", years=10, statute="BGB section 199")
INVOICE_UNTIL = date(2033, 12, 31)


def _invoice(id_: str = "kept", **changes: object) -> TaskItem:
    """Build an invoice of 2025."""
    return an_item(id_, **{"record_class": "invoice", **changes})


def _found(*items: TaskItem, rules: tuple[RetentionRule, ...] = (INVOICES,)) -> Case:
    """Build a case whose search has found *items*."""
    case = a_case(retention=rules)
    return after(case, MAIL, ItemsLocated(items), Action.LOCATE)


# --- rules ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("started", "from_end_of_year", "until"),
    [
        pytest.param(date(2025, 6, 1), True, date(2033, 12, 31), id="end of the year"),
        pytest.param(date(2025, 6, 1), False, date(2033, 6, 1), id="its own day"),
        pytest.param(date(2024, 2, 29), False, date(2032, 2, 29), id="leap to leap"),
        pytest.param(date(2028, 2, 29), True, date(2036, 12, 31), id="leap, its year"),
    ],
)
def test_rule_keeps_a_record_for_its_years(
    started: date, *, from_end_of_year: bool, until: date
) -> None:
    """A period runs from the record's start or from the end of that year."""
    rule = replace(INVOICES, from_end_of_year=from_end_of_year)

    assert rule.keeps_until(started) == until


def test_period_from_a_leap_day_ends_on_the_last_of_february() -> None:
    """Seven years from 29 February end on 28 February."""
    rule = replace(INVOICES, years=7, from_end_of_year=False)

    assert rule.keeps_until(date(2024, 2, 29)) == date(2031, 2, 28)


@pytest.mark.parametrize(
    ("jurisdictions", "case_in", "covers"),
    [
        pytest.param(set(), "FR", True, id="everywhere"),
        pytest.param({"DE"}, "DE", True, id="its country"),
        pytest.param({"DE"}, "DE-BY", True, id="a region of it"),
        pytest.param({"DE-BY"}, "DE", False, id="only a region"),
        pytest.param({"DE"}, "FR", False, id="another country"),
    ],
)
def test_rule_covers_its_jurisdictions(
    jurisdictions: set[str], case_in: str, *, covers: bool
) -> None:
    """A rule covers the records of the jurisdictions it names, or of all."""
    rule = replace(INVOICES, jurisdictions=frozenset(jurisdictions))

    assert rule.covers("invoice", case_in) is covers
    assert rule.covers("profile", case_in) is False


# --- what becomes of records ----------------------------------------------------------


def test_kept_record_is_never_part_of_a_call() -> None:
    """Only what no rule keeps is open, and so carried by calls."""
    case = _found(an_item("a"), _invoice())

    task = task_of(case, MAIL)

    assert [item.id for item in first_items(task, None)] == ["a"]


def test_mixed_account_is_done_and_names_what_it_keeps() -> None:
    """The rest is erased; the line is done and lists the kept class and its rule."""
    case = after(_found(an_item("a"), _invoice()), MAIL, Done("deleted", Evidence.E4))

    task = task_of(case, MAIL)
    assert task.outcome == Done("deleted", Evidence.E4)
    assert task.retained == (Retained("invoice", "de-invoices", INVOICE_UNTIL),)


def test_account_with_nothing_but_kept_records_is_not_called() -> None:
    """Where everything is kept the line is settled without a call."""
    task = task_of(_found(_invoice("k1"), _invoice("k2")), MAIL)

    assert task.outcome == Retained("invoice", "de-invoices", INVOICE_UNTIL)
    assert task.calls == 0


def test_record_whose_period_is_over_is_erased() -> None:
    """A rule that has expired keeps nothing."""
    case = _found(_invoice(started_on=date(2015, 3, 1)))

    assert task_of(case, MAIL).status is TaskStatus.READY


def test_record_without_a_start_counts_as_started_today() -> None:
    """An unknown start keeps the record longest: that is the lesser harm."""
    case = _found(_invoice(started_on=None))

    assert task_of(case, MAIL).outcome == Retained(
        "invoice", "de-invoices", date(2034, 12, 31)
    )


def test_longest_rule_wins() -> None:
    """Of two rules for a class, the one that keeps it longer is named."""
    case = _found(_invoice(), rules=(INVOICES, LONGER))

    assert task_of(case, MAIL).outcome == Retained(
        "invoice", "de-disputes", date(2035, 12, 31)
    )


def test_last_day_of_a_period_is_the_controllers_day() -> None:
    """A record is kept to the end of the last day where the controller is."""
    rule = replace(INVOICES, years=1, from_end_of_year=False)
    plan = replace(a_plan(retention=[rule]), time_zone="America/New_York")
    # 5 March in UTC, still 4 March in New York: the last day of the period.
    at = datetime(2026, 3, 5, 2, 0, tzinfo=UTC)
    case = open_case(an_opening(at=at), plan).case
    found = ItemsLocated((_invoice(started_on=date(2025, 3, 4)),))

    case = after(case, MAIL, found, Action.LOCATE, at=at)

    assert task_of(case, MAIL).items[0].state is ItemState.KEPT


@pytest.mark.parametrize(
    "report",
    [
        pytest.param(Done("deleted", Evidence.E2), id="done"),
        pytest.param(Progress((_invoice().id,), Evidence.E2), id="progress"),
        pytest.param(NothingFound(), id="not found"),
        pytest.param(Retry("throttled"), id="retry"),
    ],
)
def test_no_report_moves_a_kept_record(report: Done | Progress | NothingFound) -> None:
    """Even a call that claims to have erased a kept record leaves it kept."""
    kept = _invoice()
    case = _found(an_item("a"), kept)

    case = after(case, MAIL, report, items=(an_item("a").id, kept.id))

    states = {item.id: item.state for item in task_of(case, MAIL).items}
    assert states[kept.id] is ItemState.KEPT


def test_look_does_not_move_a_kept_record() -> None:
    """A look that misses a kept record does not call it erased."""
    case = after(_found(an_item("a"), _invoice()), MAIL, Done("deleted", Evidence.E2))

    case = after(case, MAIL, ItemsLookedAt(frozenset()))

    task = task_of(case, MAIL)
    assert task.items[1].state is ItemState.KEPT
    assert task.retained != ()


def test_answered_case_owes_an_erasure_for_each_kept_class() -> None:
    """What is kept becomes an obligation with its items and its day."""
    case = _found(_invoice("k1"), _invoice("k2", started_on=date(2024, 1, 1)))

    case = decide(case, signed(case)).case

    assert [(owed.due_on, owed.items) for owed in case.obligations] == [
        (date(2032, 12, 31), ("k2",)),
        (INVOICE_UNTIL, ("k1",)),
    ]


def test_search_and_copy_keep_nothing() -> None:
    """Only an erasure disposes of records: a copy contains them all."""
    case = _found(_invoice())

    assert task_of(case, MAIL, Action.LOCATE).retained == ()
