"""Say in two or three words how far one account has come in one case."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Literal

from orchestrator.core.cases import Case, GateReason, Step, Task, TaskStatus
from orchestrator.core.settling import REFUSED
from orchestrator.core.words import AccountId
from schemas.connecting import Action

Tone = Literal["moving", "waiting", "good", "neutral", "bad"]

_ORDER: Final = (Action.LOCATE, Action.EXPORT, Action.ERASE, Action.NOTIFY)
_DOING: Final = {
    Action.LOCATE: "searching",
    Action.EXPORT: "copying",
    Action.ERASE: "erasing",
    Action.NOTIFY: "telling",
}
_BEHIND: Final[Mapping[GateReason, str]] = {
    GateReason.IDENTIFIERS: "needs its id",
    GateReason.LOCATE: "searching",
    GateReason.FED_LOCATE: "search first",
    GateReason.EXPORT: "copies first",
    GateReason.FEEDER: "source first",
    GateReason.OTHERS: "goes last",
    GateReason.HOLD: "on hold",
    GateReason.COOLING_OFF: "cooling off",
}
_SET_BACK: Final = {
    "throttled": "slowed down",
    "busy": "slowed down",
    "settling": "looks again",
}
_ENDED: Final[Mapping[str, tuple[str, Tone]]] = {
    "found": ("found", "good"),
    "exported": ("copied", "good"),
    "done": ("erased", "good"),
    "notified": ("told", "good"),
    "not_told": ("not told", "bad"),
    "retained": ("kept by law", "good"),
    "nothing_found": ("not there", "neutral"),
    "not_applicable": ("not asked", "neutral"),
}


@dataclass(frozen=True, slots=True)
class Cell:
    """What to show; an account is done with the case once `is_final`."""

    text: str
    tone: Tone
    is_final: bool = False


def cell_of(case: Case, account: AccountId) -> Cell:
    """Describe the first task of *account* that is not settled, or what came of all."""
    tasks = _tasks(case, account)
    if not tasks:
        return Cell("left out", "neutral", is_final=True)
    open_ = next((task for task in tasks if not task.is_settled), None)
    return _ended(tasks) if open_ is None else _moving(open_)


def _tasks(case: Case, account: AccountId) -> Sequence[Task]:
    found = (case.task(account, action) for action in _ORDER)
    return [task for task in found if task is not None]


def _moving(task: Task) -> Cell:
    """Describe a task that is under way, waits, or needs somebody."""
    match task.status:
        case TaskStatus.PLANNED:
            reason = task.gate.reason if task.gate else None
            return Cell(_BEHIND[reason] if reason else "waiting", "waiting")
        case TaskStatus.NEEDS_HUMAN:
            return Cell("needs person", "bad")
        case TaskStatus.WITH_PERSON:
            return Cell("by hand", "waiting")
        case TaskStatus.WAITING:
            return Cell(_waiting(task), "waiting")
        case _:
            return Cell(_doing(task), "moving")


def _doing(task: Task) -> str:
    return "looking" if task.step is Step.LOOK else _DOING[task.action]


def _waiting(task: Task) -> str:
    """Say what a task waits for: the processor's wish, its job, or another try."""
    if task.reason in _SET_BACK:
        return _SET_BACK[task.reason]
    if task.open_calls or task.step is Step.POLL:
        return "job running"
    return "tries again"


def _ended(tasks: Sequence[Task]) -> Cell:
    """Describe the last thing done, and a copy before it."""
    words: list[str] = []
    tone: Tone = "neutral"
    for task in tasks:
        kind = task.outcome.kind if task.outcome else ""
        word, its_tone = _ENDED.get(kind, ("failed", "bad"))
        if task.outcome == REFUSED:
            word = "refused"
        if task.action is not Action.LOCATE or len(tasks) == 1:
            partly = kind == "done" and task.retained
            words.append("erased, kept" if partly else word)
            tone = its_tone if tone != "bad" and its_tone != "neutral" else tone
    return Cell(_both(words), tone, is_final=True)


def _both(words: Sequence[str]) -> str:
    """Join what came of a copy and of an erasure, in a cell's width."""
    different = list(dict.fromkeys(words))
    short = {"copied": "copy", "not there": "none"}
    if len(different) == 1:
        return different[0]
    return ", ".join([short.get(different[0], different[0]), *different[1:]])
