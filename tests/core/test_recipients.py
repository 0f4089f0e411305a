"""Every recipient stands on the receipt: told or not, and why."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import date, timedelta

import pytest
from pydantic import ValidationError

from orchestrator.core.answer.recipients import recipients_of
from orchestrator.core.answer.results import result_of
from orchestrator.core.answer.statements import final_receipt, interim_receipt
from orchestrator.core.cases import Case, Scope
from orchestrator.core.intake.opening import open_case
from orchestrator.core.plan import Plan, Recipient
from orchestrator.core.settling import settle
from orchestrator.core.words import Rehearsal, Result
from schemas.connecting import (
    Action,
    Done,
    Evidence,
    Failed,
    Mode,
    NothingFound,
    Notified,
    Outcome,
)
from schemas.limits import Limit
from schemas.receipts import Receipt
from schemas.recipients import Basis, Heard, RecipientHeard
from tests.core.builders import (
    ACCESS,
    CRM,
    DAY,
    MAIL,
    T0,
    TELLING,
    a_plan,
    an_account,
    an_item,
    an_opening,
    task_of,
    told,
)

DONE = Done("deleted", Evidence.E2)
LEFT = Recipient(
    "old-mail",
    "Old Mail Ltd",
    "processor",
    data_categories=("contact details",),
    sub_processors=("Hosting Ltd",),
    contract="DPA-2019-001",
    active_from=date(2019, 1, 1),
    active_to=date(2024, 6, 30),
    not_told_because="left_and_confirmed_deletion",
)


def with_recipients(plan: Plan, *recipients: Recipient) -> Plan:
    """Return the plan with *recipients* beside those of its accounts."""
    return replace(
        plan, recipients={**plan.recipients, **{one.id: one for one in recipients}}
    )


def opened(plan: Plan, **changes: object) -> Case:
    """Open a case under *plan*."""
    return open_case(an_opening(**changes), plan).case


def over(case: Case, outcome: Outcome = DONE, only: Iterable[str] = ()) -> Case:
    """Return the case with every line over: searches with nothing, deeds as told."""
    for task in case.all_tasks.values():
        if not task.is_settled and (not only or task.account in only):
            is_deed = task.action in {Action.ERASE, Action.NOTIFY}
            its = outcome if is_deed else NothingFound(Evidence.E2)
            case = case.with_task(settle(task, its, T0))
    return case


def heard(case: Case) -> dict[str, RecipientHeard]:
    """Return the recipients of a case by name."""
    return {one.recipient: one for one in recipients_of(case)}


@pytest.mark.parametrize(
    ("outcome", "expected", "reasons"),
    [
        pytest.param(DONE, Heard.INSTRUCTED, (), id="erased"),
        pytest.param(NothingFound(Evidence.E2), Heard.INSTRUCTED, (), id="nothing"),
        pytest.param(
            Failed("rejected", "Ask them."), Heard.NOT_TOLD, ("rejected",), id="failed"
        ),
    ],
)
def test_processor_is_instructed_by_its_lines(
    outcome: Outcome, expected: Heard, reasons: tuple[str, ...]
) -> None:
    """One that never took the request has not heard of it."""
    line = heard(over(opened(a_plan()), outcome))["mail-inc"]

    assert (line.told, line.reasons) == (expected, reasons)
    assert line.accounts == ("mail",)


def test_controller_of_its_own_is_told() -> None:
    """A notice is no instruction."""
    plan = told(an_account(actions=TELLING))
    notified = Notified(Evidence.E1, "0" * 64)

    line = heard(over(opened(plan), notified))["mail-inc"]

    assert (line.told, line.role) == (Heard.TOLD, "independent")


def test_recipient_that_has_left_is_named_with_its_reason() -> None:
    """Whoever asks who had the data learns of it, years later."""
    plan = with_recipients(a_plan(), LEFT)

    line = heard(opened(plan))["old-mail"]

    assert (line.told, line.reasons) == (
        Heard.NOT_TOLD,
        ("left_and_confirmed_deletion",),
    )
    assert (line.legal_name, line.active_to) == ("Old Mail Ltd", date(2024, 6, 30))
    assert (line.basis, line.accounts) == (Basis.REGISTER, ())
    assert line.sub_processors == ("Hosting Ltd",)


@pytest.mark.parametrize(
    ("active_from", "named"),
    [
        pytest.param(None, {"mail-inc", "old-mail"}, id="since ever"),
        pytest.param(date(2026, 3, 5), {"mail-inc", "old-mail"}, id="that day"),
        pytest.param(date(2026, 3, 6), {"mail-inc"}, id="later"),
    ],
)
def test_recipient_of_a_later_day_is_not_named(
    active_from: date | None, named: set[str]
) -> None:
    """What it will get does not hold the person's data."""
    plan = with_recipients(a_plan(), replace(LEFT, active_from=active_from))

    assert {*heard(opened(plan))} == named


def test_reason_is_explained_where_the_law_wants_it() -> None:
    """The explanation's name stands beside the reason."""
    hard = replace(LEFT, not_told_because="disproportionate", explanation="mailings")

    line = heard(opened(with_recipients(a_plan(), hard)))["old-mail"]

    assert (line.reasons, line.explanation) == (("disproportionate",), "mailings")


def test_recipient_without_account_and_reason_makes_the_answer_partial() -> None:
    """Nobody told it, and no ground of Art 19 says that this may be."""
    missed = replace(LEFT, not_told_because=None)
    case = over(opened(with_recipients(a_plan(), missed)))
    whole = over(opened(with_recipients(a_plan(), LEFT)))

    assert heard(case)["old-mail"].reasons == ("no_account",)
    assert result_of(case) is Result.PARTIAL
    assert result_of(whole) is Result.COMPLETE


def test_receipt_that_hides_a_missed_recipient_is_refused() -> None:
    """Its reader need not trust the sum."""
    missed = replace(LEFT, not_told_because=None)
    case = over(opened(with_recipients(a_plan(), missed)))
    data = final_receipt(case, "s-1", T0, "1").model_dump()

    with pytest.raises(ValidationError, match="do not bear the result"):
        Receipt.model_validate({**data, "result": "complete"})


def test_account_left_out_by_the_wish_is_said() -> None:
    """The person named other accounts."""
    plan = a_plan(an_account(MAIL), an_account(CRM))
    case = opened(plan, scope=Scope(accounts=frozenset({MAIL})))

    assert heard(case)["crm-inc"].reasons == ("outside_scope",)
    receipt = interim_receipt(case, "s-1", T0, "1")
    assert receipt.scope is not None
    assert receipt.scope.accounts == ("mail",)


def test_account_that_is_off_is_not_told() -> None:
    """A reader sees why."""
    case = opened(a_plan(an_account(mode=Mode.OFF)))

    line = heard(case)["mail-inc"]

    assert (line.told, line.reasons) == (Heard.NOT_TOLD, ("account_off",))


def test_one_recipient_of_two_accounts_has_one_line() -> None:
    """It is open as long as one of them is."""
    crm = replace(an_account(CRM), recipient="mail-inc")
    case = opened(a_plan(an_account(MAIL), crm))

    half = heard(over(case, only={"mail"}))["mail-inc"]
    whole = heard(over(case))["mail-inc"]

    assert (half.told, half.accounts) == (Heard.OPEN, ("crm", "mail"))
    assert whole.told is Heard.INSTRUCTED


def test_copy_names_recipients_and_tells_nobody() -> None:
    """Art 15(1)(c) wants their names; Art 19 is about changes."""
    case = opened(with_recipients(a_plan(), LEFT), rights=ACCESS)

    assert {line.told for line in heard(case).values()} == {Heard.NOT_OWED}
    assert {*heard(case)} == {"mail-inc", "old-mail"}


def test_sandbox_is_nobodys_recipient() -> None:
    """Where there is a live account, a sandbox holds no real people's data."""
    sandbox = an_account(CRM, is_sandbox=True)
    plan = a_plan(an_account(MAIL), sandbox)

    assert {*heard(opened(plan))} == {"mail-inc"}
    test = opened(plan, rehearsal=frozenset({Rehearsal.TEST}))
    assert {*heard(test)} == {"mail-inc", "crm-inc"}


def test_found_and_searched_are_told_apart_from_the_register() -> None:
    """The basis says how it is known that a recipient had the data."""
    case = over(opened(with_recipients(a_plan(), LEFT)))
    erased = task_of(case, MAIL)
    found = case.with_task(replace(erased, items=(an_item(),)))

    assert heard(case)["mail-inc"].basis is Basis.SEARCHED
    assert heard(found)["mail-inc"].basis is Basis.FOUND
    assert heard(case)["old-mail"].basis is Basis.REGISTER


def test_backups_end_so_long_after_the_erasure() -> None:
    """T0 is 5 March; 35 days later is 9 April."""
    plan = a_plan()
    kept = replace(
        plan.recipients["mail-inc"],
        backups_kept_for=timedelta(days=35),
        restore_procedure="annex-4",
    )
    case = opened(with_recipients(plan, kept))

    after = heard(over(case))["mail-inc"]
    nothing = heard(over(case, NothingFound(Evidence.E2)))["mail-inc"]

    assert heard(case)["mail-inc"].backups_until is None
    assert nothing.backups_until is None
    assert after.backups_until == (T0 + 35 * DAY).date()
    assert after.restore_procedure == "annex-4"


@pytest.mark.parametrize(
    ("reached", "demanded", "shown"),
    [
        pytest.param(Evidence.E2, None, None, id="nothing demanded"),
        pytest.param(Evidence.E2, Evidence.E2, None, id="reached"),
        pytest.param(Evidence.E4, Evidence.E2, None, id="better"),
        pytest.param(Evidence.E2, Evidence.E4, Evidence.E4, id="below"),
        pytest.param(Evidence.M, Evidence.E2, None, id="a person's word"),
        pytest.param(Evidence.M, Evidence.E3, Evidence.E3, id="only a person's word"),
    ],
)
def test_grade_below_the_demand_is_shown_as_such(
    reached: Evidence, demanded: Evidence | None, shown: Evidence | None
) -> None:
    """The line is over; how it is proven falls short of the register."""
    plan = a_plan(an_account(min_evidence=demanded))
    case = over(opened(plan), Done("deleted", reached))

    receipt = final_receipt(case, "s-1", T0, "1")

    (line,) = [one for one in receipt.lines if one.action is Action.ERASE]
    assert (line.evidence, line.evidence_demanded) == (reached, shown)
    assert (Limit.BELOW_DEMAND in receipt.limits) is (shown is not None)


def test_receipt_names_every_recipient() -> None:
    """In the order of their names."""
    case = over(opened(with_recipients(a_plan(), LEFT)))

    receipt = final_receipt(case, "s-1", T0, "1")

    assert receipt.recipients is not None
    assert [one.recipient for one in receipt.recipients] == ["mail-inc", "old-mail"]
    assert receipt.result == "complete"
