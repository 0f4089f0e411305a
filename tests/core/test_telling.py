"""Recipients that are controllers of their own are told, not instructed."""

from __future__ import annotations

from dataclasses import replace

import pytest

from orchestrator.core.answer.results import result_of
from orchestrator.core.answer.statements import final_receipt
from orchestrator.core.cases import Case, GateReason, Scope, Step, TaskStatus
from orchestrator.core.decide import decide
from orchestrator.core.events import (
    Attested,
    ExportSealed,
    PersonAttested,
    PersonClosed,
    Report,
    SiblingExportOpened,
    SiblingExportSettled,
)
from orchestrator.core.intake.opening import open_case
from orchestrator.core.words import CaseId, Result
from orchestrator.core.work.gates import close_gates
from schemas.connecting import (
    Action,
    ActionClass,
    Done,
    Evidence,
    Exported,
    HandedOver,
    Mode,
    NotApplicable,
    Notified,
    NotTold,
    Outcome,
    Replay,
    Unknown,
)
from tests.core.builders import (
    ACCESS,
    BOTH,
    CRM,
    CUSTOMER,
    DAY,
    EVERY_ACTION,
    MAIL,
    SHOP,
    T0,
    TELLING,
    a_hold,
    a_plan,
    after,
    after_events,
    an_account,
    an_opening,
    located,
    task_of,
    told,
)

NOTIFY, LOCATE, EXPORT = Action.NOTIFY, Action.LOCATE, Action.EXPORT
ADS = an_account(MAIL, actions=TELLING, replay={NOTIFY: Replay.REPEAT})
SHA = "0" * 64
OTHER = CaseId("case-2")


def _opened(*others: object, **changes: object) -> Case:
    """Open a case with an advertising platform that is told."""
    ads = replace(ADS, **changes)  # type: ignore[arg-type]
    return open_case(an_opening(), told(ads, *others)).case  # type: ignore[arg-type]


def _actions(case: Case) -> set[tuple[str, Action]]:
    """Return which account is asked for what."""
    return {(task.account, task.action) for task in case.all_tasks.values()}


def _notice(case: Case) -> Outcome | object:
    """Return how the notice ended."""
    return task_of(case, MAIL, NOTIFY).outcome


def test_controller_of_its_own_is_told_and_never_searched_or_erased() -> None:
    """A recipient with a role of its own gets a notice, and nothing else."""
    case = _opened(an_account(CRM))

    assert _actions(case) == {
        (MAIL, NOTIFY),
        (CRM, LOCATE),
        (CRM, Action.ERASE),
    }


@pytest.mark.parametrize(
    ("role", "actions", "asked"),
    [
        pytest.param(
            "independent", EVERY_ACTION | TELLING, NOTIFY, id="told where it can be"
        ),
        pytest.param("joint", EVERY_ACTION | TELLING, NOTIFY, id="jointly"),
        pytest.param(
            "processor", EVERY_ACTION | TELLING, Action.ERASE, id="instructed"
        ),
        pytest.param("joint", EVERY_ACTION, Action.ERASE, id="cannot be told"),
    ],
)
def test_role_and_connector_decide_whether_it_is_told(
    role: str, actions: frozenset[Action], asked: Action
) -> None:
    """A processor is instructed, whatever else its connector can."""
    plan = a_plan(an_account(MAIL, actions=actions))
    (recipient,) = plan.recipients.values()
    plan = replace(plan, recipients={recipient.id: replace(recipient, role=role)})

    case = open_case(an_opening(), plan).case

    assert {a for _, a in _actions(case)} - {LOCATE} == {asked}


def test_processor_that_can_only_be_told_has_a_visible_line() -> None:
    """A notice does not stand in for an instruction: the line says what is missing."""
    case = open_case(an_opening(), a_plan(ADS)).case

    assert task_of(case, MAIL).outcome == NotApplicable("not_supported")


def test_copy_is_asked_of_a_controller_only_where_it_gives_one() -> None:
    """What another controller holds is not ours to copy."""
    without = open_case(an_opening(rights=ACCESS), told(ADS, an_account(CRM))).case
    gives = replace(ADS, actions=EVERY_ACTION | TELLING)
    given = open_case(an_opening(rights=BOTH), told(gives)).case

    assert {account for account, _ in _actions(without)} == {CRM}
    assert _actions(given) == {(MAIL, LOCATE), (MAIL, EXPORT), (MAIL, NOTIFY)}


def test_notice_waits_for_the_identifiers_that_others_teach() -> None:
    """It goes out once, with all that is known by then."""
    teacher = an_account(CRM, yields=frozenset({CUSTOMER}))
    case = _opened(teacher, accepts=frozenset({CUSTOMER}))
    gate = task_of(case, MAIL, NOTIFY).gate

    taught = after(case, CRM, located("i1", learned=[CUSTOMER]), LOCATE)

    assert gate is not None
    assert gate.reason is GateReason.LOCATE
    notice = task_of(taught, MAIL, NOTIFY)
    assert notice.status is TaskStatus.READY
    assert notice.identifier_types == {CUSTOMER}


def test_notice_waits_for_the_copy_and_for_what_feeds_the_recipient() -> None:
    """Nobody hears of an erasure before the copy, nor while a feeder may tell anew."""
    case = open_case(
        an_opening(rights=BOTH),
        told(replace(ADS, fed_by=(CRM,)), an_account(CRM)),
    ).case
    case = after(case, CRM, located("i1"), LOCATE)
    copied = after(case, CRM, Exported(1), EXPORT)
    sealed = after_events(copied, ExportSealed(T0, SHA, T0 + 7 * DAY))
    erased = after(sealed, CRM, Done("deleted", Evidence.E4))

    gates = [task_of(one, MAIL, NOTIFY).gate for one in (copied, sealed)]

    assert [gate and gate.reason for gate in gates] == [
        GateReason.EXPORT,
        GateReason.FEEDER,
    ]
    assert task_of(erased, MAIL, NOTIFY).status is TaskStatus.READY


def test_notice_waits_for_another_cases_copy() -> None:
    """A copy that another case gathers comes first for a notice too."""
    case = _opened()

    waiting = decide(case, SiblingExportOpened(T0, OTHER)).case
    free = decide(waiting, SiblingExportSettled(T0, OTHER)).case

    assert task_of(waiting, MAIL, NOTIFY).status is TaskStatus.PLANNED
    assert task_of(free, MAIL, NOTIFY).status is TaskStatus.READY


def test_hold_on_telling_calls_a_notice_back() -> None:
    """A notice that is ready and not claimed waits while telling is held."""
    case = replace(_opened(), holds=a_hold({ActionClass.TELLING}))

    notice = task_of(close_gates(case), MAIL, NOTIFY)

    assert notice.gate is not None
    assert notice.gate.reason is GateReason.HOLD


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        pytest.param({"mode": Mode.OFF}, "account_off", id="off"),
        pytest.param({"mode": Mode.DRY_RUN}, "dry_run", id="dry run"),
        pytest.param({"accepts": frozenset({CUSTOMER})}, "no_identifier", id="unknown"),
    ],
)
def test_recipient_that_is_not_told_has_a_line_with_the_reason(
    changes: dict[str, object], reason: str
) -> None:
    """Art 19 GDPR asks for each recipient; one that was not told is named as such."""
    case = _opened(**changes)

    assert _notice(case) == NotTold(reason)
    assert result_of(case) is Result.PARTIAL


def test_erasure_of_some_records_is_not_told() -> None:
    """A notice speaks of the whole person, so a narrower erasure is not told by it."""
    scope = Scope(record_classes=frozenset({"marketing_profile"}))

    case = open_case(an_opening(scope=scope), told(ADS)).case

    assert _notice(case) == NotTold("partial_erasure")


@pytest.mark.parametrize(
    ("said", "outcome"),
    [
        pytest.param(Notified(Evidence.E3, SHA), Notified(Evidence.E3, SHA), id="told"),
        pytest.param(NotTold("refused"), NotTold("refused"), id="not told"),
        pytest.param(NotApplicable("no_notice"), NotTold("no_notice"), id="cannot"),
    ],
)
def test_notice_settles_with_what_the_recipient_said(
    said: Report, outcome: Outcome
) -> None:
    """Told or not told, with its proof: no other end."""
    case = after(_opened(), MAIL, said, NOTIFY)

    assert _notice(case) == outcome


def test_claim_of_an_erasure_is_never_taken_for_a_notice() -> None:
    """A connector that says it has erased where it should tell is at fault."""
    case = after(_opened(), MAIL, Done("deleted", Evidence.E4), NOTIFY)

    assert task_of(case, MAIL, NOTIFY).status is TaskStatus.NEEDS_HUMAN


@pytest.mark.parametrize(
    ("replay", "status"),
    [
        pytest.param({NOTIFY: Replay.REPEAT}, TaskStatus.WAITING, id="repeat"),
        pytest.param({NOTIFY: Replay.ASK}, TaskStatus.NEEDS_HUMAN, id="ask"),
        pytest.param({NOTIFY: Replay.LOOK}, TaskStatus.NEEDS_HUMAN, id="look"),
        pytest.param({}, TaskStatus.NEEDS_HUMAN, id="not declared"),
    ],
)
def test_lost_notice_is_repeated_only_where_that_is_harmless(
    replay: dict[Action, Replay], status: TaskStatus
) -> None:
    """Nothing shows that somebody was told, so there is no look."""
    case = after(_opened(replay=replay), MAIL, Unknown("reset"), NOTIFY)

    notice = task_of(case, MAIL, NOTIFY)
    assert notice.status is status
    assert notice.step is Step.ACT


@pytest.mark.parametrize(
    ("reason", "outcome"),
    [
        pytest.param("told_by_hand", Notified(Evidence.M), id="by hand"),
        pytest.param("not_reachable", NotTold("not_reachable"), id="impossible"),
        pytest.param("erased_by_hand", None, id="not ours to erase"),
    ],
)
def test_person_may_say_how_a_notice_ended(
    reason: str, outcome: Outcome | None
) -> None:
    """A person told them, or says why nobody can; nobody erases for them."""
    case = decide(
        _opened(), PersonClosed(T0, task_of(_opened(), MAIL, NOTIFY).id, reason, "dpo")
    ).case

    assert _notice(case) == outcome


@pytest.mark.parametrize(
    ("word", "outcome"),
    [
        pytest.param("notified", Notified(Evidence.M), id="told"),
        pytest.param("done", None, id="never erased"),
        pytest.param("nothing_found", None, id="nobody looked"),
        pytest.param("exported", None, id="nothing copied"),
    ],
)
def test_person_who_tells_a_recipient_attests_just_that(
    word: Attested, outcome: Outcome | None
) -> None:
    """By hand as by a call: told, with grade M, and never a claim of an erasure."""
    handed = after(_opened(), MAIL, HandedOver("desk", 3 * DAY), NOTIFY)
    task = task_of(handed, MAIL, NOTIFY)
    assert task.status is TaskStatus.WITH_PERSON

    case = decide(handed, PersonAttested(T0, task.id, word, SHA, "desk")).case

    assert _notice(case) == outcome
    assert (case is handed) is (outcome is None)


def test_receipt_says_that_a_person_told_the_recipient() -> None:
    """The line has grade M and the digest of what the person brought."""
    case = _opened(an_account(SHOP))
    case = after(case, SHOP, located("i1"), LOCATE)
    case = after(case, SHOP, Done("deleted", Evidence.E4))
    case = after(case, MAIL, HandedOver("desk", 3 * DAY), NOTIFY)
    task = task_of(case, MAIL, NOTIFY)

    case = decide(case, PersonAttested(T0, task.id, "notified", SHA, "desk")).case

    receipt = final_receipt(case, "statement-1", T0, "1.0.0")
    (line,) = (one for one in receipt.lines if one.account == MAIL)
    assert receipt.result == "complete"
    assert (line.outcome, line.evidence) == ("notified", "M")
    assert (line.evidence_sha256, line.answer_sha256, line.method) == (SHA, None, None)


def test_receipt_names_who_was_told_and_how_well_it_is_proven() -> None:
    """The line carries the recipient's role, the grade and no claim of an erasure."""
    case = _opened(an_account(SHOP))
    case = after(case, SHOP, located("i1"), LOCATE)
    case = after(case, SHOP, Done("deleted", Evidence.E4))
    case = after(case, MAIL, Notified(Evidence.E1, SHA), NOTIFY)

    receipt = final_receipt(case, "statement-1", T0, "1.0.0")

    (line,) = (one for one in receipt.lines if one.account == MAIL)
    assert receipt.result == "complete"
    assert (line.action, line.outcome, line.evidence) == ("notify", "notified", "E1")
    assert line.recipient.role == "independent"
    assert line.identifier_types == ("email",)
    assert line.answer_sha256 == SHA
    assert line.method is None
