"""Whether what was not erased is still used, as the law of the case wants it."""

from __future__ import annotations

from dataclasses import replace

import pytest

from orchestrator.core.answer.statements import final_receipt
from orchestrator.core.cases import Case, CaseStatus
from orchestrator.core.decide import decide
from orchestrator.core.events import PersonClosed
from orchestrator.core.grounds import Ground
from orchestrator.core.holds import RulingKind, UseStopping
from orchestrator.core.ruled import CaseRefused, UseStopped
from orchestrator.core.ruling.stopping import is_use_stopped
from orchestrator.core.words import AccountId, Rehearsal
from schemas.connecting import Action, Done, Evidence
from schemas.limits import Limit
from schemas.receipts import Receipt
from tests.core.builders import (
    CRM,
    DAY,
    HOUR,
    INVOICES,
    MAIL,
    T0,
    a_case,
    after,
    an_account,
    called,
    ready_to_erase,
    reported,
    signed,
    task_of,
)

AT_PROCESSOR, APART = UseStopping.AT_PROCESSOR, UseStopping.BY_SEPARATION


def in_place(case: Case, jurisdiction: str = "CN") -> Case:
    """Return *case* under the law of a place, at first China's."""
    return replace(case, jurisdiction=jurisdiction)


def said(
    case: Case, means: UseStopping = APART, account: AccountId | None = None
) -> Case:
    """Let a person say that use has stopped."""
    return decide(case, UseStopped(T0 + HOUR, means, "dpo-1", account)).case


def refused(case: Case, *classes: str) -> Case:
    """Refuse the case, or some classes, because a law's period is not over."""
    ground = Ground.LEGAL_OBLIGATION
    event = CaseRefused(T0 + 2 * HOUR, ground, "dpo-1", frozenset(classes))
    return decide(case, event).case


def unreachable(case: Case, account: AccountId = MAIL) -> Case:
    """End an erasure that nobody can carry out."""
    task = task_of(case, account)
    return decide(case, PersonClosed(T0 + DAY, task.id, "not_reachable", "dpo-1")).case


def receipt_of(case: Case) -> Receipt:
    """Return the final receipt."""
    return final_receipt(case, "statement-1", T0 + DAY, "test")


def uses(case: Case) -> dict[str, str | None]:
    """Return what the receipt says of use, by account of an erasure."""
    lines = receipt_of(case).lines
    return {one.account: one.use for one in lines if one.action is Action.ERASE}


def test_refused_records_of_china_are_in_use_until_somebody_says_otherwise() -> None:
    """The receipt does not guess: no word, not stopped; and it says so as a limit."""
    case = refused(in_place(a_case()))

    assert uses(case) == {MAIL: "not_stopped"}
    assert Limit.USE_NOT_STOPPED in receipt_of(case).limits


@pytest.mark.parametrize("means", UseStopping)
def test_receipt_says_by_what_use_has_stopped(means: UseStopping) -> None:
    """The person's word is a ruling with the provision, and stands on the line."""
    case = refused(said(in_place(a_case()), means))

    receipt = receipt_of(case)

    assert uses(case) == {MAIL: means.value}
    assert Limit.USE_NOT_STOPPED not in receipt.limits
    (ruling,) = [it for it in receipt.rulings or () if it.kind == "use_stopped"]
    assert (ruling.reason, ruling.provision) == (means.value, "PIPL Art 47(2)")
    assert ruling.by == ("dpo-1",)


def test_erasure_that_cannot_be_done_says_whether_use_has_stopped() -> None:
    """Technically hard to erase: only storage goes on, or the receipt says not."""
    case = in_place(ready_to_erase("i1"))

    assert uses(unreachable(case)) == {MAIL: "not_stopped"}
    assert uses(unreachable(said(case))) == {MAIL: "by_separation"}


def test_classes_that_are_left_alone_say_whether_use_has_stopped() -> None:
    """The rest is erased; what is refused is stored, and used or not."""
    case = in_place(ready_to_erase("i1", record_class="invoice"))
    case = refused(said(case), "invoice")

    assert uses(case) == {MAIL: "by_separation"}


def test_word_of_one_account_is_not_one_of_another() -> None:
    """What was said of the shop says nothing of the newsletter."""
    case = in_place(a_case(an_account(MAIL), an_account(CRM)))
    one = said(case, AT_PROCESSOR, MAIL)
    both = said(one, APART, CRM)

    assert uses(refused(one)) == {MAIL: "at_processor", CRM: "not_stopped"}
    assert uses(refused(both)) == {MAIL: "at_processor", CRM: "by_separation"}
    assert [is_use_stopped(it) for it in (case, one, both)] == [False, False, True]


def test_later_word_takes_the_place_of_an_earlier() -> None:
    """First held apart, then marked by the processor."""
    case = said(said(in_place(a_case())), AT_PROCESSOR)

    assert uses(refused(case)) == {MAIL: "at_processor"}


def test_what_a_law_keeps_is_restricted_as_somebody_said() -> None:
    """A kept invoice of China: only stored, by the person's word or the register's."""
    rule = replace(INVOICES, jurisdictions=frozenset())
    apart = an_account(MAIL, kept_apart=True)
    case, separate = (
        in_place(
            ready_to_erase(
                "i1", account=account, retention=[rule], record_class="invoice"
            )
        )
        for account in (None, apart)
    )

    said_so, by_register = said(case, AT_PROCESSOR), separate

    for one, restricted in (
        (case, "not_restricted"),
        (said_so, "at_processor"),
        (by_register, "by_separation"),
    ):
        receipt = receipt_of(one)
        (kept,) = [it for line in receipt.lines for it in line.retained]
        is_limited = Limit.USE_NOT_STOPPED in receipt.limits
        assert kept.restricted == restricted
        assert is_limited is (restricted == "not_restricted")


def test_what_the_union_keeps_in_use_is_no_limit_of_its_statement() -> None:
    """Its law wants what is kept restricted in another way: the line says how."""
    rule = replace(INVOICES, jurisdictions=frozenset())
    case = ready_to_erase("i1", retention=[rule], record_class="invoice")

    assert Limit.USE_NOT_STOPPED not in receipt_of(case).limits


def test_erased_records_say_nothing_of_use() -> None:
    """There is nothing left that could be used."""
    case = in_place(ready_to_erase("i1"))
    case = after(said(case), MAIL, Done("deleted", Evidence.E4))

    assert uses(case) == {MAIL: None}
    assert Limit.USE_NOT_STOPPED not in receipt_of(case).limits


def test_other_laws_say_nothing_of_use_unless_somebody_does() -> None:
    """The Union restricts by Art 18, on request; who stopped use may say so there."""
    case = in_place(a_case(), "DE")

    assert uses(refused(case)) == {MAIL: None}
    assert uses(refused(said(case))) == {MAIL: "by_separation"}


def test_rehearsal_says_nothing_of_use() -> None:
    """Nothing was to be erased."""
    case = replace(in_place(a_case()), rehearsal=frozenset({Rehearsal.DRY_RUN}))

    assert uses(refused(case)) == {MAIL: None}


def test_the_same_word_twice_is_one_ruling() -> None:
    """A repeat changes nothing; an account that is not asked to erase neither."""
    case = said(in_place(a_case()))

    assert said(case) == case
    assert said(case, APART, AccountId("elsewhere")) == case
    assert [one.kind for one in case.rulings] == [RulingKind.USE_STOPPED]


def test_word_is_taken_after_the_answer_but_not_after_a_withdrawal() -> None:
    """What is stopped later is noted; a withdrawn request leaves use as it was."""
    case = refused(in_place(a_case()))
    answered = decide(case, signed(case)).case
    withdrawn = replace(in_place(a_case()), withdrawn_at=T0)

    assert answered.status is CaseStatus.ANSWERED
    assert is_use_stopped(said(answered))
    assert said(withdrawn) == withdrawn


def test_word_moves_no_call_that_is_under_way() -> None:
    """It notes a fact; the erasure goes on and reports."""
    case = called(in_place(ready_to_erase("i1")), MAIL)
    report = reported(case, MAIL, Action.ERASE, Done("deleted", Evidence.E4))

    noted = said(case)

    assert noted.all_tasks == case.all_tasks
    assert task_of(decide(noted, report).case, MAIL).is_settled
