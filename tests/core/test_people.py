"""What a person may say of a task, and what the receipt then says."""

from __future__ import annotations

import pytest

from orchestrator.core.cases import ItemState, Step, TaskStatus
from orchestrator.core.decide import CLOSE_REASONS, decide
from orchestrator.core.events import (
    CheckFailed,
    ItemsLocated,
    MatchesConflicted,
    PersonClosed,
    PersonRetried,
)
from schemas.connecting import (
    Action,
    Done,
    Evidence,
    Failed,
    ItemId,
    NeedsHuman,
    Progress,
    Retry,
)
from tests.core.builders import (
    HOUR,
    INVOICES,
    MAIL,
    T0,
    a_case,
    after,
    an_item,
    ready_to_erase,
    task_of,
)

LATER = T0 + HOUR


def test_retry_lets_a_waiting_task_act_now() -> None:
    """A person need not wait for a retry time."""
    case = after(ready_to_erase("a"), MAIL, Retry("throttled", HOUR))

    case = decide(case, PersonRetried(T0, task_of(case, MAIL).id, "dpo")).case

    assert task_of(case, MAIL).status is TaskStatus.READY


def test_retry_takes_a_task_back_from_a_person() -> None:
    """What needed a person acts again when they say so, without the old reason."""
    case = after(ready_to_erase("a"), MAIL, Failed("refused_400", "Ask support."))

    case = decide(case, PersonRetried(T0, task_of(case, MAIL).id, "dpo")).case

    task = task_of(case, MAIL)
    assert (task.status, task.step) == (TaskStatus.READY, Step.ACT)
    assert (task.reason, task.hint) == (None, None)


def test_retry_of_an_unreadable_look_is_a_look() -> None:
    """A person who retries a look does not erase what is already said to be gone."""
    case = after(ready_to_erase("a"), MAIL, Done("deleted", Evidence.E2))
    for _ in range(12):
        case = after(case, MAIL, CheckFailed("contract_changed"))
    stuck = task_of(case, MAIL)

    case = decide(case, PersonRetried(LATER, stuck.id, "dpo")).case

    task = task_of(case, MAIL)
    assert stuck.status is TaskStatus.NEEDS_HUMAN
    assert (task.step, task.wake_at) == (Step.LOOK, LATER)


def test_retry_does_not_answer_a_choice() -> None:
    """A search with candidates wants a choice; a retry would only find them again."""
    conflict = MatchesConflicted(((an_item("a"),), (an_item("b"),)))
    case = after(a_case(), MAIL, conflict, Action.LOCATE)
    search = task_of(case, MAIL, Action.LOCATE)

    assert decide(case, PersonRetried(T0, search.id, "dpo")).case is case


@pytest.mark.parametrize("status", ["planned", "ready"])
def test_retry_of_a_task_that_is_not_stuck_changes_nothing(status: str) -> None:
    """A gate is not opened by a retry, and a ready task needs none."""
    case = a_case() if status == "planned" else ready_to_erase("a")
    task = task_of(case, MAIL)

    assert task.status == status
    assert decide(case, PersonRetried(T0, task.id, "dpo")).case is case


def test_record_erased_by_hand_is_attested_by_a_person() -> None:
    """A person's word closes the line as done, at grade M."""
    case = after(ready_to_erase("a"), MAIL, NeedsHuman("x"))
    event = PersonClosed(T0, task_of(case, MAIL).id, "erased_by_hand", "dpo")

    case = decide(case, event).case

    assert task_of(case, MAIL).outcome == Done("deleted", Evidence.M)


def test_person_attests_only_what_was_left() -> None:
    """What was seen gone keeps its proof, and what is kept stays kept."""
    found = ItemsLocated(
        (an_item("a"), an_item("b"), an_item("kept", record_class="invoice"))
    )
    case = after(a_case(retention=[INVOICES]), MAIL, found, Action.LOCATE)
    case = after(case, MAIL, Progress((ItemId("a"),), Evidence.E4))
    event = PersonClosed(T0, task_of(case, MAIL).id, "erased_by_hand", "dpo")

    case = decide(case, event).case

    items = {item.id: (item.state, item.evidence) for item in task_of(case, MAIL).items}
    assert items == {
        "a": (ItemState.GONE, Evidence.E4),
        "b": (ItemState.GONE, Evidence.M),
        "kept": (ItemState.KEPT, None),
    }


@pytest.mark.parametrize(
    "reason",
    sorted(CLOSE_REASONS - {"erased_by_hand", "told_by_hand", "not_begun"}),
)
def test_other_reasons_close_the_line_as_failed(reason: str) -> None:
    """A task that a person ended otherwise is failed, with the reason printed."""
    case = ready_to_erase("a")
    event = PersonClosed(T0, task_of(case, MAIL).id, reason, "dpo")

    outcome = task_of(decide(case, event).case, MAIL).outcome

    assert isinstance(outcome, Failed)
    assert outcome.code == reason


@pytest.mark.parametrize("reason", ["", "because Jane Doe asked", "ERASED_BY_HAND"])
def test_reason_in_free_text_closes_nothing(reason: str) -> None:
    """A reason is one of a closed list, for receipts print it."""
    case = ready_to_erase("a")
    event = PersonClosed(T0, task_of(case, MAIL).id, reason, "dpo")

    assert decide(case, event).case is case


def test_search_is_not_erased_by_hand() -> None:
    """Only an erasure can be attested as erased."""
    case = a_case()
    search = task_of(case, MAIL, Action.LOCATE)

    event = PersonClosed(T0, search.id, "erased_by_hand", "dpo")

    assert decide(case, event).case is case
