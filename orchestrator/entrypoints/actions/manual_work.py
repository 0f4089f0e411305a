"""
What an assignee of manual work may see, and who the assignee is.

The identifiers are shown to the assignee alone, and only once it stands in the case's
history that they were.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Protocol, cast

from orchestrator.adapters.reading.queries import Queries
from orchestrator.bootstrap.installation import Installation
from orchestrator.core.answer.dossier import ALL_IDENTIFIERS, load_identifiers
from orchestrator.core.cases import Case, Handover, ItemState, Task, TaskStatus
from orchestrator.core.events import IdentifiersShown, PersonAssigned
from orchestrator.core.work.manual_work import is_of
from orchestrator.engine import Step
from orchestrator.entrypoints.actions.locked_away import refuse_if_locked
from orchestrator.entrypoints.actions.rulings import where_it_stands
from orchestrator.errors import NotPossible
from orchestrator.ports import Vault
from schemas.connecting import Identifier


class _Instructed(Protocol):
    """The options of an account that people work for."""

    instructions: Mapping[str, str]
    language: str


@dataclass(frozen=True, slots=True)
class KeptClass:
    """Records that must stay, and until when."""

    record_class: str
    rule: str
    until: date


@dataclass(frozen=True, slots=True)
class Brief:
    """All that the assignee needs; the identifiers stay out of `repr`."""

    task: str
    account: str
    action: str
    recipient: str
    due_at: datetime
    assignee: str
    language: str | None
    instructions: str | None
    record_classes: tuple[str, ...]
    keep: tuple[KeptClass, ...]
    withdrawn_at: datetime | None
    identifiers: tuple[Identifier, ...] = field(repr=False)


class ManualWork:
    """Briefs and assigns; raises `NotPossible` where that does not fit."""

    def __init__(self, installation: Installation) -> None:
        """Keep the parts; nothing is opened yet."""
        self._parts = installation
        self._queries = Queries(installation.database)

    def assign(self, id_: str, to: str, by: str) -> None:
        """Give open work to a team, a role or a pseudonym."""
        case, task, handover = handed_over(self._queries, id_)
        if handover.assignee == to:
            raise NotPossible(f"{to} has this work already.")
        event = PersonAssigned(self._parts.clock.now(), task.id, to, by)
        self._apply(case, task, event)

    def brief(self, id_: str, by: str) -> Brief:
        """Return what the assignee may see, after it is noted that it is shown."""
        case, task, handover = handed_over(self._queries, id_)
        check_assignee(handover, by, id_, "is shown the identifiers")
        identifiers = self._identifiers(case, task)
        types = tuple(sorted({one.type for one in identifiers}))
        now = self._parts.clock.now()
        self._apply(case, task, IdentifiersShown(now, task.id, by, types))
        language, words = self._instructions(task)
        return Brief(
            task=task.id,
            account=task.account,
            action=task.action.value,
            recipient=case.plan.recipients[case.planned(task).recipient].legal_name,
            due_at=handover.due_at,
            assignee=by,
            language=language,
            instructions=words,
            record_classes=_left(task),
            keep=_kept(task),
            withdrawn_at=case.withdrawn_at,
            identifiers=identifiers,
        )

    def _identifiers(self, case: Case, task: Task) -> tuple[Identifier, ...]:
        """Open the identifiers of the types that the register accepts there."""
        known = known_of(self._parts.vault, case)
        accepts = case.planned(task).accepts
        entry = self._parts.register.accounts.get(task.account)
        if entry is not None:
            accepts &= entry.accepts
        return tuple(one for one in known if one.type in accepts)

    def _instructions(self, task: Task) -> tuple[str | None, str | None]:
        """Return what the register says now, in the language of its people."""
        entry = self._parts.register.accounts.get(task.account)
        if entry is None or not hasattr(entry.options, "instructions"):
            return None, None
        options = cast("_Instructed", entry.options)
        return options.language, options.instructions.get(options.language)

    def _apply(
        self, case: Case, task: Task, event: PersonAssigned | IdentifiersShown
    ) -> None:
        """Apply an event; says why if it changed nothing."""
        (applied,) = self._parts.engine.apply([Step(case.id, event)])
        if not applied:
            raise NotPossible(f"This changes nothing: {where_it_stands(task)}.")


def handed_over(queries: Queries, id_: str) -> tuple[Case, Task, Handover]:
    """Return a task that is with a person; raises `NotPossible` for any other."""
    case, task = queries.task(id_)
    if task.status is not TaskStatus.WITH_PERSON or task.handover is None:
        raise NotPossible(f"Nobody has this work: {where_it_stands(task)}.")
    return case, task, task.handover


def known_of(vault: Vault, case: Case) -> tuple[Identifier, ...]:
    """Return all that is known of the person, whoever taught it."""
    refuse_if_locked(case, "Nobody can be shown")
    opened = vault.open([case.id], "identity", [ALL_IDENTIFIERS])
    return load_identifiers(opened.named(case.id, ALL_IDENTIFIERS).values())


def check_assignee(handover: Handover, by: str, id_: str, may: str) -> None:
    """Refuse whoever the work was not given to; raises `NotPossible`."""
    if not is_of(handover, by):
        raise NotPossible(
            f"This work is assigned to {handover.assignee}, and only its assignee"
            f" {may}; `erasure task assign {id_} --to {by} --by {by}` takes it over."
        )


def _left(task: Task) -> tuple[str, ...]:
    """Return the classes of the records that the work is about."""
    left = {one.record_class for one in task.items if one.state is ItemState.OPEN}
    return tuple(sorted(left))


def _kept(task: Task) -> tuple[KeptClass, ...]:
    """Return the classes that a law keeps."""
    kept = {
        (one.record_class, one.rule, one.keep_until)
        for one in task.items
        if one.state is ItemState.KEPT and one.rule and one.keep_until
    }
    return tuple(
        KeptClass(cls, rule, until) for cls, rule, until in sorted(kept) if rule
    )
