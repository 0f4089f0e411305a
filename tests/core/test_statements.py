"""What the final receipt says of a case, line by line."""

from __future__ import annotations

from dataclasses import replace

import pytest

from orchestrator.core.answer.statements import final_receipt
from orchestrator.core.cases import Case
from orchestrator.core.decide import decide
from orchestrator.core.events import ItemsLookedAt
from schemas.connecting import (
    Accepted,
    Action,
    Done,
    Evidence,
    Mode,
    NothingFound,
    Proof,
    Unknown,
)
from schemas.limits import Limit
from schemas.receipts import Line, Owed, Receipt
from tests.core.builders import (
    CRM,
    HOUR,
    INVOICES,
    MAIL,
    T0,
    a_case,
    after,
    an_account,
    ready_to_erase,
    signed,
)
from tests.core.ended import GONE, SHA, copied, erased, keeping, receipt_of


def _line(receipt: Receipt, action: Action = Action.ERASE) -> Line:
    """Return the only line of an action."""
    (line,) = (line for line in receipt.lines if line.action is action)
    return line


def test_receipt_says_what_was_done_and_how_well_it_is_proven() -> None:
    """A line names recipient, action, outcome, method, grade, classes and calls."""
    line = _line(receipt_of(erased("a", "b", "c")))

    assert (line.recipient.legal_name, line.recipient.role) == (
        "mail Inc.",
        "processor",
    )
    assert (line.outcome, line.method, line.evidence) == ("done", "deleted", "E4")
    assert line.record_classes == ("marketing_profile",)
    assert line.identifier_types == ("email",)
    assert (line.count, line.attempts) == ("2-5", 1)
    assert line.settled_at == T0


def test_receipt_names_what_is_kept_and_what_is_owed() -> None:
    """A kept class stands with its statute and day, and as something still owed."""
    receipt = receipt_of(keeping())

    (kept,) = _line(receipt).retained
    (owed,) = receipt.owed
    assert receipt.result == "complete_with_retention"
    assert (kept.record_class, kept.statute) == ("invoice", INVOICES.statute)
    assert (owed.what, owed.due_on) == (Owed.ERASE_AFTER_RETENTION, kept.until)


def test_receipt_of_a_copy_carries_its_digest() -> None:
    """What was handed over can be compared with what was signed."""
    receipt = receipt_of(copied())

    assert receipt.export is not None
    assert receipt.export.sha256 == SHA
    assert _line(receipt, Action.EXPORT).outcome == "exported"


def test_receipt_of_a_skipped_line_gives_the_reason() -> None:
    """An account that was never asked says why, and no identifier it was asked with."""
    receipt = receipt_of(a_case(an_account(MAIL, mode=Mode.OFF)))

    line = _line(receipt)
    assert (line.outcome, line.reasons) == ("not_applicable", ("account_off",))
    assert line.identifier_types == ()
    assert line.attempts == 0


@pytest.mark.parametrize(
    ("case", "limit", "stands"),
    [
        pytest.param(erased(), Limit.RECIPIENTS_WORD, False, id="seen gone"),
        pytest.param(
            after(
                ready_to_erase("a", account=an_account(MAIL, proof=Proof.STATUS)),
                MAIL,
                Done("deleted", Evidence.E2),
            ),
            Limit.RECIPIENTS_WORD,
            True,
            id="the processor's word",
        ),
        pytest.param(erased(), Limit.UNPROVEN_IDS, False, id="proven ids"),
        pytest.param(
            after(ready_to_erase("a", proven=False), MAIL, GONE),
            Limit.UNPROVEN_IDS,
            True,
            id="unproven ids",
        ),
    ],
)
def test_receipt_states_its_limits(case: Case, limit: Limit, *, stands: bool) -> None:
    """What the lines do not prove is said in the receipt."""
    assert (limit in receipt_of(case).limits) is stands


def test_receipt_does_not_count_ids_that_nobody_knew() -> None:
    """Unproven ids that the processor does not know are no records."""
    case = after(ready_to_erase("a", proven=False), MAIL, NothingFound())

    line = _line(receipt_of(case))

    assert (line.outcome, line.count) == ("nothing_found", None)


def test_receipt_of_an_open_case_is_refused() -> None:
    """A final receipt is never drawn up while a line is open."""
    with pytest.raises(ValueError, match="no open line"):
        final_receipt(ready_to_erase("a"), "statement-1", T0, "1.0.0")


def test_receipt_says_when_the_answer_was_due_and_given() -> None:
    """Times and the rule of the deadline stand in the receipt."""
    receipt = receipt_of(erased())

    assert receipt.times.received_at == T0
    assert receipt.times.first_instruction_at == T0
    assert receipt.times.answered_at == T0 + HOUR
    assert (receipt.due.rule, receipt.due.time_zone) == (
        "eu-1182-71.1",
        "Europe/Berlin",
    )


def test_receipt_lists_accounts_in_the_registers_order() -> None:
    """Lines stand account by account, and each in the order of work."""
    case = a_case(an_account(MAIL), an_account(CRM))
    for account in (CRM, MAIL):
        case = after(case, account, NothingFound(), Action.LOCATE)

    lines = [(line.account, line.action) for line in receipt_of(case).lines]

    assert lines == [
        (MAIL, Action.LOCATE),
        (MAIL, Action.ERASE),
        (CRM, Action.LOCATE),
        (CRM, Action.ERASE),
    ]


def test_receipt_agrees_with_the_case_it_answers() -> None:
    """The result that was signed is the result the case keeps."""
    for case in (erased(), keeping(), copied(), replace(erased(), locale="fr-FR")):
        answered = decide(case, signed(case)).case

        assert answered.result is not None
        assert receipt_of(case).result == answered.result.value


def test_line_says_which_of_two_ways_was_taken() -> None:
    """A connector that had a choice explains it to whoever reads the receipt."""
    account = an_account(proof=Proof.STATUS)
    case = ready_to_erase("a", account=account)
    how = "deleted_and_suppressed:daily_budget"

    case = after(case, MAIL, Accepted(HOUR, how=how))
    case = after(case, MAIL, Accepted(HOUR))
    case = after(case, MAIL, Done("deleted", Evidence.E2))

    receipt = final_receipt(case, "case-1-1", T0, "1")
    assert [line.reasons for line in receipt.lines] == [(), (how,)]


@pytest.mark.parametrize(
    ("changes", "how", "evidence", "suppressed"),
    [
        pytest.param({"suppresses": True}, None, Evidence.E2, True, id="it does"),
        pytest.param({}, None, Evidence.E2, None, id="it does not"),
        pytest.param(
            {"suppresses": True, "suppresses_unless": frozenset({"deleted"})},
            "deleted",
            Evidence.E2,
            None,
            id="not in this way",
        ),
        pytest.param({"suppresses": True}, None, Evidence.M, None, id="by hand"),
    ],
)
def test_line_says_whether_the_person_is_kept_out(
    changes: dict[str, object],
    how: str | None,
    evidence: Evidence,
    suppressed: bool | None,  # noqa: FBT001 (a column of the table)
) -> None:
    """Only of an erasure by call, in a way that leaves an entry at the recipient."""
    account = replace(an_account(proof=Proof.STATUS), **changes)  # type: ignore[arg-type]
    case = after(ready_to_erase("a", account=account), MAIL, Accepted(HOUR, how=how))

    case = after(case, MAIL, Done("deleted", evidence))

    lines = final_receipt(case, "case-1-1", T0, "1").lines
    assert [line.suppressed for line in lines] == [None, suppressed]


def test_nothing_is_claimed_of_an_answer_that_was_lost() -> None:
    """Gone is gone, but by which of its ways nobody heard."""
    case = ready_to_erase("a", account=an_account(suppresses=True))
    case = after(case, MAIL, Unknown("timeout"))

    case = after(case, MAIL, ItemsLookedAt(frozenset()))

    lines = final_receipt(case, "case-1-1", T0, "1").lines
    assert lines[-1].evidence is Evidence.E4
    assert [line.suppressed for line in lines] == [None, None]
