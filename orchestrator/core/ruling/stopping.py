"""
Whether what was not erased is still used, where a law lets it only be stored.

PIPL Art 47 (text of 2021, read 2026-11): where a period that a law prescribes is not
over, or erasing is technically hard, the processor stops all processing but storage and
the protection that is necessary.  Nobody here can see that use has stopped: a person
says so and by which means, and without their word a statement says that it has not.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Literal

from orchestrator.core.cases import Case, CaseStatus, Task
from orchestrator.core.changing import replace
from orchestrator.core.grounds import Ground
from orchestrator.core.holds import Ruling, RulingKind
from orchestrator.core.laws import Law, law_of
from orchestrator.core.ruled import UseStopped
from orchestrator.core.settling import REFUSED
from orchestrator.core.work.gates import refused_classes
from schemas.connecting import Action, Failed, Unconfirmed
from schemas.receipts import Line
from schemas.stopped import Stopped

ONLY_STORED: Mapping[Law, str] = {Law.CHINA: "PIPL Art 47(2)"}
"""The laws under which what is not erased is only stored, and by which provision."""
STORED_FOR = frozenset({Ground.LEGAL_OBLIGATION, Ground.TECHNICALLY_HARD})
"""The grounds of a refusal that leave data to be stored and nothing else."""


def after_use_stopped(case: Case, event: UseStopped) -> Case:
    """Note by which means use has stopped, of one account or of all; once."""
    is_open = case.status in {CaseStatus.RUNNING, CaseStatus.ANSWERED}
    if not is_open or case.withdrawn_at is not None:
        return case
    task = case.task(event.account, Action.ERASE) if event.account else None
    if event.account is not None and task is None:
        return case
    scope = task.id if task else None
    said = [one for one in _said(case) if one.task == scope]
    if said and said[-1].reason == event.means:
        return case
    ruling = Ruling(
        RulingKind.USE_STOPPED,
        event.at,
        (event.by,),
        reason=event.means.value,
        provision=ONLY_STORED.get(law_of(case.jurisdiction)),
        task=scope,
    )
    return replace(case, rulings=(*case.rulings, ruling))


def stopped_by(case: Case, task: Task) -> Stopped | None:
    """
    Return by which means use has stopped of what an erasure left, if by any.

    Nothing is said where nothing was left, or where no law asks and nobody spoke.
    """
    if case.is_dry_run or not _leaves_something(case, task):
        return None
    by = said_to_stop(case, task)
    if by is not None:
        return by
    return "not_stopped" if law_of(case.jurisdiction) in ONLY_STORED else None


def said_to_stop(
    case: Case, task: Task
) -> Literal["at_processor", "by_separation"] | None:
    """Return by which means a person last said that use has stopped at its account."""
    said = [one.reason for one in _said(case) if one.task in {None, task.id}]
    if not said:
        return None
    return "at_processor" if said[-1] == "at_processor" else "by_separation"


def is_still_used(case: Case, lines: Iterable[Line]) -> bool:
    """Tell whether a line leaves or keeps what a law lets only be stored, in use."""
    if law_of(case.jurisdiction) not in ONLY_STORED:
        return False
    return any(
        line.use == "not_stopped"
        or any(one.restricted == "not_restricted" for one in line.retained)
        for line in lines
    )


def is_use_stopped(case: Case) -> bool:
    """Tell whether somebody said so of every account that is asked to erase."""
    scopes = {one.task for one in _said(case)}
    erasures = {task.id for task in case.tasks_of(Action.ERASE)}
    return None in scopes or (bool(scopes) and erasures <= scopes)


def _said(case: Case) -> list[Ruling]:
    """Return what people said of stopped use, oldest first."""
    return [one for one in case.rulings if one.kind is RulingKind.USE_STOPPED]


def _leaves_something(case: Case, task: Task) -> bool:
    """Tell whether an erasure is over and did not reach what it was asked to."""
    if task.action is not Action.ERASE or not task.is_settled:
        return False
    failed = isinstance(task.outcome, Failed | Unconfirmed)
    return failed or task.outcome == REFUSED or bool(refused_classes(case, task))
