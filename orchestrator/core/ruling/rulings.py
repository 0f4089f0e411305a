"""What a person may say of a task: choose, retry, close with a reason."""

from __future__ import annotations

from orchestrator.core.cases import Case, ItemState, Step, Task, TaskStatus
from orchestrator.core.changing import replace
from orchestrator.core.events import PersonChose, PersonClosed, PersonRetried
from orchestrator.core.plan import PlannedAccount
from orchestrator.core.settling import WITHDRAWN, ready, settle, wait
from orchestrator.core.work.items import marked
from orchestrator.core.work.locating import chosen, with_learned
from schemas.connecting import Action, Done, Evidence, Failed, Notified, NotTold, Proof

BY_HAND = "erased_by_hand"
TOLD_BY_HAND = "told_by_hand"
NOT_BEGUN = "not_begun"
"""Manual work of a withdrawn request: whoever has it says that nothing was done."""
_FAILED = frozenset({"not_reachable", "not_our_processor", "superseded"})
CLOSE_REASONS = _FAILED | {BY_HAND, TOLD_BY_HAND, NOT_BEGUN}
_ONLY_OF = {BY_HAND: Action.ERASE, TOLD_BY_HAND: Action.NOTIFY}


def after_choice(case: Case, task: Task, event: PersonChose) -> Case:
    """Apply a choice among candidates; one that names none of them changes nothing."""
    names_all = all(0 <= pick < len(task.choices) for pick in event.chosen)
    if task.status is not TaskStatus.NEEDS_HUMAN or not task.choices or not names_all:
        return case
    case = case.with_task(chosen(task, event.chosen, event.at))
    return with_learned(case, task.id, event.learned) if event.learned else case


def after_retry(task: Task, event: PersonRetried, planned: PlannedAccount) -> Task:
    """
    Let the next call happen now: a poll, a look, or the act.

    A task that waits between two looks of its proof is left alone, for the time between
    them is part of the proof; one with candidates wants a choice instead.
    """
    stuck = task.status is TaskStatus.NEEDS_HUMAN and not task.choices
    impatient = task.status is TaskStatus.WAITING and task.reason != "settling"
    if not stuck and not impatient:
        return task
    task = replace(task, attempts=0, garbled=0, misses=0)
    if task.open_calls:
        return wait(task, Step.POLL, event.at)
    if task.action is Action.ERASE and _wants_look(task, planned):
        return wait(task, Step.LOOK, event.at)
    return ready(task)


def after_close(case: Case, task: Task, event: PersonClosed) -> Task:
    """
    Settle by a person's word: done by hand, left alone, or failed with their reason.

    A reason that does not stand in `CLOSE_REASONS`, or does not fit, changes nothing.
    """
    by_hand = event.reason == BY_HAND
    wanted = _ONLY_OF.get(event.reason, task.action)
    if event.reason not in CLOSE_REASONS or task.action is not wanted:
        return task
    if event.reason == NOT_BEGUN:
        return _left_alone(case, task, event)
    if event.reason == TOLD_BY_HAND:
        return settle(task, Notified(Evidence.M), event.at)
    if task.action is Action.NOTIFY:
        return settle(task, NotTold(event.reason), event.at)
    if not by_hand:
        hint = "A person ended this task without the processor's confirmation."
        return settle(task, Failed(event.reason, hint), event.at)
    under_way = {ItemState.OPEN, ItemState.ACCEPTED}
    left = [i.id for i in task.items if i.state in under_way and not i.limited]
    task = marked(task, left, ItemState.GONE, Evidence.M)
    return settle(task, Done("deleted", Evidence.M), event.at)


def _left_alone(case: Case, task: Task, event: PersonClosed) -> Task:
    """Take the word of whoever has the work that the withdrawal came in time."""
    is_theirs = task.status is TaskStatus.WITH_PERSON and not task.is_asked
    if case.withdrawn_at is None or not is_theirs:
        return task
    return settle(task, WITHDRAWN, event.at)


def _wants_look(task: Task, planned: PlannedAccount) -> bool:
    """Tell whether looking comes before acting: nothing is open, or it may be gone."""
    if task.items and not task.open_items():
        return True
    return bool(task.answers_lost) and planned.proof is Proof.LOOKUP
