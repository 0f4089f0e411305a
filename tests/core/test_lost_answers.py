"""After a call whose answer was lost: look, repeat, or ask; never assume."""

from __future__ import annotations

import pytest

from orchestrator.core.cases import Case, Step, TaskStatus
from orchestrator.core.decide import decide
from orchestrator.core.events import ItemsLookedAt, PersonRetried
from orchestrator.core.plan import PlannedAccount
from schemas.connecting import (
    Accepted,
    Action,
    Done,
    Evidence,
    Exported,
    ItemId,
    NothingFound,
    Proof,
    Replay,
    Unknown,
)
from tests.core.builders import (
    ACCESS,
    DAY,
    HOUR,
    MAIL,
    T0,
    after,
    an_account,
    ready_to_erase,
    task_of,
)

LOST = Unknown("timeout")
A, B = ItemId("a"), ItemId("b")
ABSENT = ItemsLookedAt(frozenset())


def _with(replay: Replay, **changes: object) -> PlannedAccount:
    """Build an account whose lost erasures are followed by *replay*."""
    return an_account(MAIL, **{"replay": {Action.ERASE: replay}, **changes})


def _lost(*ids: str, account: PlannedAccount, proven: bool = True) -> Case:
    """Build a case whose first erasing call was sent and never answered."""
    case = ready_to_erase(*ids, account=account, proven=proven)
    return after(case, MAIL, LOST)


def test_lost_answer_is_followed_by_a_look() -> None:
    """Where a look can tell, it comes before any repetition."""
    task = task_of(_lost("a", account=_with(Replay.LOOK)), MAIL)

    assert (task.status, task.step) == (TaskStatus.WAITING, Step.LOOK)
    assert task.wake_at is not None


def test_absence_after_a_lost_answer_is_our_own_erasure() -> None:
    """What was found before and is gone now is done at E4, never nothing found."""
    case = after(_lost("a", "b", account=_with(Replay.LOOK)), MAIL, ABSENT)

    assert task_of(case, MAIL).outcome == Done("deleted", Evidence.E4)


def test_absence_after_a_lost_answer_is_seen_as_often_as_wanted() -> None:
    """A lost answer does not make the proof cheaper."""
    account = _with(Replay.LOOK, looks_wanted=2, settle_for=DAY)

    case = after(_lost("a", account=account), MAIL, ABSENT)
    first = task_of(case, MAIL).is_settled
    case = after(case, MAIL, ABSENT, at=T0 + DAY)

    assert not first
    assert task_of(case, MAIL).outcome == Done("deleted", Evidence.E4)


def test_what_is_still_there_is_acted_on_again() -> None:
    """After the look, only the records that remain are erased by the next call."""
    case = _lost("a", "b", account=_with(Replay.LOOK))

    case = after(case, MAIL, ItemsLookedAt(frozenset({B})))

    task = task_of(case, MAIL)
    assert task.status is TaskStatus.READY
    assert [item.id for item in task.open_items()] == [B]


def test_single_look_is_no_proof_where_two_are_wanted() -> None:
    """A record missed once beside one that remains is looked at again at the end."""
    account = _with(Replay.LOOK, looks_wanted=2, settle_for=DAY)
    case = _lost("a", "b", account=account)

    case = after(case, MAIL, ItemsLookedAt(frozenset({B})))

    grades = {item.id: item.evidence for item in task_of(case, MAIL).items}
    assert grades == {A: Evidence.E2, B: None}


def test_job_vendor_is_asked_again_where_that_is_harmless() -> None:
    """Where a second job does no harm, the call is repeated."""
    task = task_of(_lost("a", account=_with(Replay.REPEAT)), MAIL)

    assert (task.status, task.step) == (TaskStatus.WAITING, Step.ACT)
    assert [item.id for item in task.open_items()] == [A]


def test_not_found_after_a_lost_job_is_done() -> None:
    """Unproven ids unknown to the second job are done at E2, never nothing found."""
    account = _with(Replay.REPEAT, proof=Proof.STATUS)
    case = _lost("a", account=account, proven=False)

    case = after(case, MAIL, Accepted(HOUR))
    case = after(case, MAIL, NothingFound())

    assert task_of(case, MAIL).outcome == Done("deleted", Evidence.E2)


@pytest.mark.parametrize(
    "account",
    [
        pytest.param(_with(Replay.ASK), id="declared"),
        pytest.param(an_account(MAIL, replay={}), id="nothing declared"),
    ],
)
def test_person_decides_where_neither_look_nor_repetition_is_safe(
    account: PlannedAccount,
) -> None:
    """A connector that declares no safe way hands a lost answer to a person."""
    task = task_of(_lost("a", account=account), MAIL)

    assert (task.status, task.reason) == (TaskStatus.NEEDS_HUMAN, "answer_lost")


@pytest.mark.parametrize(
    ("proof", "step"),
    [
        pytest.param(Proof.LOOKUP, Step.LOOK, id="a look first where one can be had"),
        pytest.param(Proof.NONE, Step.ACT, id="the act where no look can be had"),
    ],
)
def test_person_lets_a_lost_call_go_on(proof: Proof, step: Step) -> None:
    """A person's retry after a lost answer leads somewhere for every connector."""
    case = _lost("a", account=_with(Replay.ASK, proof=proof))

    case = decide(case, PersonRetried(T0, task_of(case, MAIL).id, "dpo")).case

    task = task_of(case, MAIL)
    assert task.step is step
    assert task.status in {TaskStatus.READY, TaskStatus.WAITING}


def test_look_that_cannot_tell_after_a_lost_answer_asks_a_person() -> None:
    """Neither done nor open can be said, so neither is."""
    case = _lost("a", account=_with(Replay.LOOK))

    case = after(case, MAIL, ItemsLookedAt(frozenset(), told=False))

    assert task_of(case, MAIL).reason == "answer_lost"


@pytest.mark.parametrize(
    "replay",
    [
        pytest.param({}, id="nothing declared"),
        pytest.param({Action.EXPORT: Replay.LOOK}, id="a look makes no sense"),
    ],
)
def test_lost_copy_is_asked_for_again(replay: dict[Action, Replay]) -> None:
    """What only reads is repeated, whatever was lost."""
    account = an_account(MAIL, replay=replay)
    case = ready_to_erase("a", account=account, rights=ACCESS)

    case = after(case, MAIL, LOST, Action.EXPORT)
    waiting = task_of(case, MAIL, Action.EXPORT)
    case = after(case, MAIL, Exported(1), Action.EXPORT)

    assert (waiting.status, waiting.step) == (TaskStatus.WAITING, Step.ACT)
    assert task_of(case, MAIL, Action.EXPORT).outcome == Exported(1)


@pytest.mark.parametrize("step", [Step.POLL, Step.LOOK])
def test_lost_check_is_checked_again(step: Step) -> None:
    """A poll or look of a dead worker is made again; nothing is acted on."""
    case = ready_to_erase("a", account=_with(Replay.LOOK))
    first = Accepted(HOUR) if step is Step.POLL else Done("deleted", Evidence.E2)
    case = after(case, MAIL, first)

    case = after(case, MAIL, Unknown("owner_lost"))

    task = task_of(case, MAIL)
    assert (task.status, task.step) == (TaskStatus.WAITING, step)
    assert task.answers_lost == 0
