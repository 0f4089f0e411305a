"""How much of a kept record stays, how its use is restricted, what is said of it."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from orchestrator.core.afterwards.following import begins_at
from orchestrator.core.answer.statements import final_receipt, supplement_receipt
from orchestrator.core.cases import Case, ItemState, TaskStatus
from orchestrator.core.decide import decide
from orchestrator.core.events import ItemsLookedAt, PersonClosed, TimePassed
from orchestrator.core.keyed import IdentityForgotten
from orchestrator.core.plan import PlannedAccount, RetentionRule
from schemas.connecting import (
    Done,
    Evidence,
    Failed,
    ItemId,
    NothingFound,
    Retained,
    StillOpen,
)
from schemas.kept_fields import Extent, KeptField, Restricted
from schemas.receipts import Receipt, read_receipt, receipt_bytes
from tests.core.builders import (
    INVOICES,
    MAIL,
    SECOND,
    T0,
    after,
    after_events,
    an_account,
    an_item,
    ready_to_erase,
    signed,
    task_of,
)

INVOICE = "invoice"
NEEDED = replace(INVOICES, fields=frozenset({KeptField.NAME, KeptField.AMOUNTS}))
REDUCING = an_account(reduces=frozenset({INVOICE}))
MARKING = an_account(restricts=frozenset({INVOICE}))
GONE = ItemsLookedAt(frozenset())
AT_ALL = Done("redacted", Evidence.E2)


def _found(account: PlannedAccount, *rules: RetentionRule) -> Case:
    """Build a case whose search has found one invoice."""
    return ready_to_erase(
        "kept", account=account, record_class=INVOICE, retention=rules or (NEEDED,)
    )


def _limited(account: PlannedAccount = REDUCING) -> Case:
    """Build a case whose invoice has lost what the law does not need."""
    return after(after(_found(account), MAIL, AT_ALL), MAIL, GONE)


def _receipt(case: Case) -> Receipt:
    """Return the final receipt, once to bytes and back."""
    return read_receipt(receipt_bytes(final_receipt(case, "case-1-1", T0, "1")))


def test_rule_without_fields_keeps_whole_records() -> None:
    """Nothing is said of fields where the law needs the record as it is."""
    case = _found(REDUCING, INVOICES)

    (kept,) = _receipt(case).lines[-1].retained

    assert (kept.fields, kept.extent) == (None, None)


def test_account_that_cannot_reduce_keeps_the_whole_record_and_says_so() -> None:
    """The receipt names the fields, and that the whole record stayed all the same."""
    case = _found(an_account())

    (kept,) = _receipt(case).lines[-1].retained

    assert isinstance(task_of(case, MAIL).outcome, Retained)
    assert kept.fields == (KeptField.AMOUNTS, KeptField.NAME)
    assert kept.extent == "whole_record"


def test_account_that_reduces_is_asked_to() -> None:
    """The kept record is part of the call, and says what the law needs of it."""
    task = task_of(_found(REDUCING), MAIL)

    (item,) = task.open_items()
    assert task.status is TaskStatus.READY
    assert item.limited
    assert item.fields == (KeptField.AMOUNTS, KeptField.NAME)


def test_reduced_record_is_kept_and_only_its_fields() -> None:
    """Once the rest was seen gone the record is kept, under its rule as before."""
    case = _limited()
    task = task_of(case, MAIL)

    (line,) = [one for one in _receipt(case).lines if one.retained]

    assert [item.state for item in task.items] == [ItemState.KEPT]
    assert task.outcome == Done("redacted", Evidence.E4)
    assert line.retained[0].extent == "only_fields"
    assert line.retained[0].rule == "de-invoices"


def test_deleted_and_reduced_together_count_as_deleted() -> None:
    """A line that deleted some records and reduced others deleted."""
    case = ready_to_erase("kept", account=REDUCING, retention=[NEEDED])
    task = task_of(case, MAIL)
    kept = replace(
        an_item("k", record_class=INVOICE),
        limited=True,
        rule=NEEDED.id,
        keep_until=NEEDED.keeps_until(T0.date()),
    )
    case = case.with_task(replace(task, items=(*task.items, kept)))

    case = after(after(case, MAIL, Done("deleted", Evidence.E2)), MAIL, GONE)

    assert task_of(case, MAIL).outcome == Done("deleted", Evidence.E4)
    assert task_of(case, MAIL).retained[0].rule == NEEDED.id


def test_record_that_could_not_be_reduced_is_whole() -> None:
    """Where a person ends the task, nothing says that the rest is gone."""
    case = _found(REDUCING)
    task = task_of(case, MAIL)
    stuck = case.with_task(replace(task, status=TaskStatus.NEEDS_HUMAN, reason="odd"))

    ended = PersonClosed(T0, task.id, "not_reachable", "dpo-1")
    closed = decide(stuck, ended).case

    (kept,) = _receipt(closed).lines[-1].retained
    assert isinstance(task_of(closed, MAIL).outcome, Failed)
    assert kept.extent == "whole_record"


def test_erased_by_hand_says_nothing_of_what_is_kept() -> None:
    """A person who erased the rest has not erased what the law keeps."""
    case = _found(REDUCING)
    task = task_of(case, MAIL)
    stuck = case.with_task(replace(task, status=TaskStatus.NEEDS_HUMAN, reason="odd"))

    closed = decide(stuck, PersonClosed(T0, task.id, "erased_by_hand", "dpo-1")).case

    (kept,) = _receipt(closed).lines[-1].retained
    assert [item.state for item in task_of(closed, MAIL).items] == [ItemState.KEPT]
    assert kept.extent == "whole_record"


@pytest.mark.parametrize(
    ("other", "fields"),
    [
        pytest.param(
            {KeptField.ADDRESS},
            (KeptField.ADDRESS, KeptField.AMOUNTS, KeptField.NAME),
            id="what either needs",
        ),
        pytest.param(set(), (), id="one needs all of it"),
    ],
)
def test_fields_of_every_rule_that_still_runs_are_kept(
    other: set[KeptField], fields: tuple[KeptField, ...]
) -> None:
    """The rule that keeps longest is named; what any of them needs stays."""
    shorter = replace(NEEDED, id="de-short", years=6, fields=frozenset(other))

    (item,) = task_of(_found(an_account(), NEEDED, shorter), MAIL).items

    assert item.rule == "de-invoices"
    assert item.fields == fields


def test_rule_that_is_over_needs_nothing() -> None:
    """The fields of a rule whose period has ended are not kept for it."""
    over = replace(NEEDED, id="de-over", years=0, fields=frozenset({KeptField.ADDRESS}))

    (item,) = task_of(_found(an_account(), NEEDED, over), MAIL).items

    assert item.fields == (KeptField.AMOUNTS, KeptField.NAME)


@pytest.mark.parametrize(
    ("account", "restricted"),
    [
        pytest.param(an_account(), "not_restricted", id="nothing done"),
        pytest.param(an_account(kept_apart=True), "by_separation", id="held apart"),
        pytest.param(REDUCING, "not_restricted", id="reduced only"),
    ],
)
def test_line_says_whether_what_is_kept_is_restricted(
    account: PlannedAccount, restricted: Restricted
) -> None:
    """By the register's word where it is held apart, else not at all."""
    case = _limited(account) if account.reduces else _found(account)

    (kept,) = [kept for line in _receipt(case).lines for kept in line.retained]

    assert kept.restricted == restricted


def test_marked_record_is_restricted_at_the_processor() -> None:
    """An account that can mark kept records does, also where the law needs all."""
    case = _found(MARKING, INVOICES)

    case = after(after(case, MAIL, AT_ALL), MAIL, GONE)

    (kept,) = [kept for line in _receipt(case).lines for kept in line.retained]
    assert (kept.restricted, kept.extent) == ("at_processor", None)


def test_mark_that_was_not_set_is_not_claimed() -> None:
    """Before the processor has set its mark nothing is restricted there."""
    task = task_of(_found(MARKING), MAIL)
    stuck = replace(task, status=TaskStatus.NEEDS_HUMAN, reason="odd")
    case = _found(MARKING).with_task(stuck)

    ended = PersonClosed(T0, task.id, "not_reachable", "dpo-1")
    case = decide(case, ended).case

    (kept,) = _receipt(case).lines[-1].retained
    assert kept.restricted == "not_restricted"


@pytest.mark.parametrize(
    ("account", "extent"),
    [
        pytest.param(an_account(), "whole_record", id="whole"),
        pytest.param(REDUCING, "only_fields", id="reduced"),
    ],
)
def test_obligation_says_what_the_law_needs_until_then(
    account: PlannedAccount, extent: Extent
) -> None:
    """What is owed names the fields, on the receipt and in the case."""
    case = _limited(account) if account.reduces else _found(account)
    receipt = _receipt(case)
    answered = decide(case, signed(case)).case

    owed = [one for one in receipt.owed if one.record_class == INVOICE]
    kept = [kept for line in receipt.lines for kept in line.retained]

    assert [one.fields for one in owed] == [(KeptField.AMOUNTS, KeptField.NAME)]
    assert [one.extent for one in kept] == [extent]
    kinds = [one.fields for one in answered.obligations if one.record_class == INVOICE]
    assert kinds == [(KeptField.AMOUNTS, KeptField.NAME)]


def test_reduced_record_is_erased_whole_on_its_day() -> None:
    """The follow-up is an erasure without limits; a supplement says what was kept."""
    case = _limited()
    case = after_events(case, signed(case), IdentityForgotten(T0))
    (owed,) = [one for one in case.obligations if one.record_class == INVOICE]
    day = begins_at(case, owed)

    case = decide(case, TimePassed(day)).case

    follow_up = case.all_tasks[owed.task_id(case.id)]
    assert [(item.state, item.limited) for item in follow_up.items] == [
        (ItemState.OPEN, False)
    ]
    over = replace(follow_up, status=TaskStatus.SETTLED, settled_at=day)
    over = replace(over, outcome=Done("deleted", Evidence.E4))
    said = supplement_receipt(case.with_task(over), "case-1-2", day, "1")
    (was,) = said.lines[0].was_kept or ()
    assert (was.fields, was.extent) == ((KeptField.AMOUNTS, KeptField.NAME), None)


def test_record_that_nobody_knows_is_not_kept() -> None:
    """An id that was never proven, and that the processor does not know, is nothing."""
    case = ready_to_erase(
        "odd", account=REDUCING, record_class=INVOICE, retention=[NEEDED], proven=False
    )

    case = after(case, MAIL, NothingFound())

    task = task_of(case, MAIL)
    assert [item.state for item in task.items] == [ItemState.NEVER_SEEN]
    assert (task.outcome, task.retained) == (NothingFound(), ())


def test_open_order_that_a_law_keeps_stays_under_that_law() -> None:
    """Nobody erases it once it is closed: it is whole, until the law's last day."""
    case = _found(REDUCING)

    said = StillOpen((ItemId("kept"),), "order_open")
    case = after(case, MAIL, said, at=T0 + timedelta(days=1) - SECOND)

    (item,) = task_of(case, MAIL).items
    assert (item.rule, item.limited) == ("de-invoices", False)
    assert item.state is ItemState.KEPT
