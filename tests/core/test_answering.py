"""The end of a case: results, statements, the copy, forgetting, and the next moment."""

from __future__ import annotations

from dataclasses import replace

import pytest

from orchestrator.core.answer.results import result_of
from orchestrator.core.cases import Case, CaseStatus, ExportStatus, Wants
from orchestrator.core.decide import decide
from orchestrator.core.events import (
    ExportCollected,
    ExportShredded,
    PersonClosed,
    TimePassed,
)
from orchestrator.core.keyed import IdentityForgotten
from orchestrator.core.words import Result, StatementKind
from schemas.case_events import (
    ACCOUNT_SETTLED,
    CASE_ANSWERED,
    EXPORT_READY,
    RECEIPT_ISSUED,
)
from schemas.connecting import (
    Accepted,
    Action,
    Exported,
    Mode,
    NothingFound,
    Unconfirmed,
)
from tests.core.builders import (
    ACCESS,
    BOTH,
    CRM,
    DAY,
    HOUR,
    MAIL,
    T0,
    a_case,
    after,
    after_events,
    an_account,
    called,
    located,
    published,
    ready_to_erase,
    reported,
    signed,
    task_of,
)
from tests.core.ended import EXPIRES, GONE, SEALED, copied, erased, keeping, receipt_of

COLLECTED = ExportCollected(T0, "portal", T0)
SHREDDED = ExportShredded(T0)
FORGOTTEN = IdentityForgotten(T0)


# --- results --------------------------------------------------------------------------


def test_case_is_complete_when_every_line_is_closed_in_full() -> None:
    """Erased everywhere, nothing kept, nothing skipped: complete."""
    assert result_of(erased()) is Result.COMPLETE


def test_case_with_nothing_found_is_complete() -> None:
    """A person who is not known anywhere is answered in full."""
    case = after(a_case(), MAIL, NothingFound(), Action.LOCATE)

    assert result_of(case) is Result.COMPLETE


def test_open_line_is_never_complete() -> None:
    """While one line is open the case is partial, whatever the others say."""
    case = a_case(an_account(MAIL), an_account(CRM))
    case = after(case, MAIL, located("a"), Action.LOCATE)
    case = after(case, MAIL, GONE)

    assert result_of(case) is Result.PARTIAL


def test_accepted_is_never_complete() -> None:
    """A job that was accepted is an open line."""
    assert result_of(after(ready_to_erase("a"), MAIL, Accepted(HOUR))) is Result.PARTIAL


def test_kept_record_makes_the_case_complete_with_retention() -> None:
    """What a law keeps is said in the result."""
    assert result_of(keeping()) is Result.COMPLETE_WITH_RETENTION


@pytest.mark.parametrize(
    "account",
    [
        pytest.param(an_account(MAIL, mode=Mode.OFF), id="off"),
        pytest.param(an_account(MAIL, mode=Mode.DRY_RUN), id="rehearsed"),
        pytest.param(
            an_account(MAIL, actions=frozenset({Action.LOCATE})), id="cannot erase"
        ),
        pytest.param(
            an_account(MAIL, accepts=frozenset({"loyalty_id"})), id="no identifier"
        ),
    ],
)
def test_skipped_account_makes_the_case_partial(account: object) -> None:
    """An account that was not asked is a visible line, and no success."""
    case = a_case(account)  # type: ignore[arg-type]
    search = task_of(case, MAIL, Action.LOCATE)
    if not search.is_settled:
        case = after(case, MAIL, located("a"), Action.LOCATE)

    assert case.wants is Wants.SEAL_STATEMENT
    assert result_of(case) is Result.PARTIAL
    assert receipt_of(case).result == "partial"


@pytest.mark.parametrize("how", ["closed by a person", "unconfirmed"])
def test_line_that_failed_makes_the_case_partial(how: str) -> None:
    """A line that was ended without a confirmation is no success."""
    case = ready_to_erase("a")
    if how == "unconfirmed":
        case = after(case, MAIL, Unconfirmed())
    else:
        event = PersonClosed(T0, task_of(case, MAIL).id, "not_reachable", "dpo")
        case = decide(case, event).case

    assert result_of(case) is Result.PARTIAL


# --- the answer -----------------------------------------------------------------------


def test_last_settled_task_asks_for_the_signature() -> None:
    """Once every task is settled the case wants its statement, and not before."""
    assert ready_to_erase("a").wants is None
    assert erased().wants is Wants.SEAL_STATEMENT


def test_final_statement_answers_the_case() -> None:
    """The signature answers the case, and the portal learns of both."""
    case = erased()

    decision = decide(case, signed(case))

    assert decision.case.status is CaseStatus.ANSWERED
    assert decision.case.result is Result.COMPLETE
    assert published(decision) == (RECEIPT_ISSUED, CASE_ANSWERED)


@pytest.mark.parametrize(
    ("case", "changes"),
    [
        pytest.param(ready_to_erase("a"), {}, id="open task"),
        pytest.param(erased(), {"number": 2}, id="wrong number"),
        pytest.param(erased(), {"case_version": 0}, id="older version of the case"),
        pytest.param(erased(), {"kind": StatementKind.SUPPLEMENT}, id="too early"),
    ],
)
def test_statement_that_does_not_fit_answers_nothing(
    case: Case, changes: dict[str, object]
) -> None:
    """What was signed of another state of the case is void."""
    decision = decide(case, signed(case, **changes))  # type: ignore[arg-type]

    assert decision.case is case


@pytest.mark.parametrize("number", [1, 2])
def test_case_has_one_final_statement(number: int) -> None:
    """A second final statement is refused, under whatever number."""
    case = erased()
    case = decide(case, signed(case)).case

    assert decide(case, signed(case, number=number)).case is case


def test_interim_statement_leaves_the_case_running() -> None:
    """An interim statement is kept and numbered; the final one follows."""
    case = replace(ready_to_erase("a"), wants_interim=True)
    case = decide(case, signed(case, StatementKind.INTERIM)).case
    case = after(case, MAIL, GONE)

    answered = decide(case, signed(case)).case

    assert case.status is CaseStatus.RUNNING
    assert [one.number for one in answered.statements] == [1, 2]
    assert answered.status is CaseStatus.ANSWERED


def test_settled_line_is_published_once() -> None:
    """The portal learns of each settled line when it settles."""
    case = ready_to_erase("a")
    before = case

    after_ = after(case, MAIL, GONE)

    assert published(decide(before, TimePassed(T0))) == ()
    assert task_of(after_, MAIL).is_settled


def test_settling_step_publishes_the_line() -> None:
    """A search without a find closes its own line and the erasure's."""
    case = called(a_case(), MAIL, Action.LOCATE)
    event = reported(case, MAIL, Action.LOCATE, NothingFound())

    assert published(decide(case, event)) == (ACCOUNT_SETTLED, ACCOUNT_SETTLED)


# --- the copy -------------------------------------------------------------------------


def test_copy_is_wanted_once_every_account_has_answered() -> None:
    """The package is built when the last export is settled."""
    case = ready_to_erase("a", rights=ACCESS)

    assert case.wants is None
    assert after(case, MAIL, Exported(1), Action.EXPORT).wants is Wants.SEAL_EXPORT


def test_sealed_copy_is_announced() -> None:
    """The portal learns that the copy can be fetched, and until when."""
    case = ready_to_erase("a", rights=ACCESS)
    case = after(case, MAIL, Exported(1), Action.EXPORT)

    decision = decide(case, SEALED)

    assert published(decision) == (EXPORT_READY,)
    assert decision.case.export_expires_at == EXPIRES
    assert decision.case.wants is Wants.SEAL_STATEMENT


def test_copy_is_not_sealed_before_every_account_has_answered() -> None:
    """News of a package that cannot be complete changes nothing."""
    case = ready_to_erase("a", rights=ACCESS)

    assert decide(case, SEALED).case is case


@pytest.mark.parametrize("event", [COLLECTED, SHREDDED])
def test_copy_that_is_still_gathered_cannot_be_shredded(
    event: ExportCollected | ExportShredded,
) -> None:
    """News about a package that does not exist yet changes nothing."""
    case = ready_to_erase("a", rights=ACCESS)

    assert decide(case, event).case is case


def test_copy_that_nobody_fetched_expires() -> None:
    """When its days are over the copy is shredded, fetched or not."""
    case = copied()
    case = after_events(case, signed(case), FORGOTTEN)

    early = decide(case, TimePassed(EXPIRES - HOUR)).case
    case = decide(case, TimePassed(EXPIRES)).case

    assert early.wants is None
    assert case.wants is Wants.SHRED_EXPORT


def test_expired_copy_is_shredded_though_the_case_still_runs() -> None:
    """A slow erasure does not prolong the life of the copy."""
    case = ready_to_erase("a", rights=BOTH)
    case = decide(after(case, MAIL, Exported(1), Action.EXPORT), SEALED).case
    case = decide(case, TimePassed(EXPIRES)).case
    wanted = case.wants

    case = after(decide(case, SHREDDED).case, MAIL, GONE)

    assert wanted is Wants.SHRED_EXPORT
    assert case.export is ExportStatus.SHREDDED
    assert case.wants is Wants.SEAL_STATEMENT
    assert receipt_of(case).export is not None


# --- closing, and the next moment -----------------------------------------------------


def test_identity_is_forgotten_only_after_the_answer() -> None:
    """The identity key is wanted gone at the answer, never before."""
    case = erased()
    early = decide(case, FORGOTTEN).case

    case = decide(case, signed(case)).case

    assert early is _same(early, erased())
    assert early.identity_held
    assert case.wants is Wants.FORGET_IDENTITY


def _same(one: Case, other: Case) -> Case:
    """Return *one*, which must equal *other*."""
    assert one == other
    return one


def test_case_closes_when_nothing_is_owed() -> None:
    """Answered, forgotten, nothing kept and no copy: closed, without a next moment."""
    case = erased()
    answered = decide(case, signed(case)).case

    closed = decide(answered, FORGOTTEN).case

    assert answered.wake_at is not None
    assert closed.status is CaseStatus.CLOSED
    assert closed.wake_at is None
    assert closed.wants is None


def test_case_that_keeps_records_stays_answered() -> None:
    """While a law keeps records the case is not closed."""
    case = keeping()

    case = after_events(case, signed(case), FORGOTTEN, TimePassed(T0 + 99 * DAY))

    assert case.status is CaseStatus.ANSWERED
    assert case.wake_at is not None


def test_case_with_a_live_copy_stays_answered() -> None:
    """While the copy can be fetched the case is not closed."""
    case = copied()

    case = after_events(case, signed(case), FORGOTTEN)

    assert case.status is CaseStatus.ANSWERED
    assert case.wake_at == EXPIRES


@pytest.mark.parametrize(
    "case",
    [
        pytest.param(a_case(), id="searching"),
        pytest.param(ready_to_erase("a"), id="erasing"),
        pytest.param(erased(), id="waiting for the signature"),
        pytest.param(keeping(), id="keeping"),
        pytest.param(copied(), id="copied"),
    ],
)
def test_open_case_always_has_a_next_moment(case: Case) -> None:
    """Whatever time passes, an open case is looked at again."""
    for _ in range(50):
        assert case.wake_at is not None
        moment = case.wake_at
        case = decide(case, TimePassed(moment)).case
        assert case.wake_at is not None
        assert case.wake_at > moment


def test_time_that_has_not_come_changes_nothing() -> None:
    """A sweep that is early, or comes twice, decides nothing."""
    case = a_case()
    assert case.wake_at is not None

    early = decide(case, TimePassed(case.wake_at - HOUR)).case
    moved = decide(case, TimePassed(case.wake_at)).case

    assert early is case
    assert decide(moved, TimePassed(case.wake_at)).case is moved
