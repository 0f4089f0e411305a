"""
What a person decides: of a task to choose, try again or close; to withdraw a case.

Each decision is one event of the case, so it reaches the history with who took it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from orchestrator.adapters.reading.queries import Queries
from orchestrator.adapters.reading.views import TaskView
from orchestrator.bootstrap.installation import Installation
from orchestrator.core.afterwards.reading_back import PRESENT_AGAIN
from orchestrator.core.answer.dossier import (
    ALL_IDENTIFIERS,
    candidates_name,
    dump_identifiers,
    dump_items,
    identifiers_name,
    items_name,
    load_candidates,
    load_identifiers,
    load_items,
)
from orchestrator.core.cases import Case, Task, TaskStatus
from orchestrator.core.decide import CLOSE_REASONS
from orchestrator.core.events import (
    PersonChose,
    PersonClosed,
    PersonRetried,
    RequestWithdrawn,
)
from orchestrator.core.holds import OpeningReason, ReturnReason
from orchestrator.core.ruled import GateOpened, ReturnRuled
from orchestrator.core.ruling.locking import IDENTITY_LOCKED
from orchestrator.core.ruling.reviewing import OPENABLE
from orchestrator.core.work.learned import news_of
from orchestrator.engine import Step
from orchestrator.entrypoints.actions.locked_away import LOCKED, refuse_if_locked
from orchestrator.entrypoints.printing.masking import masked_identifier, masked_text
from orchestrator.errors import NotPossible
from orchestrator.ports import OpenVault, Write
from schemas.connecting import Candidate, Identifier, IdentifierType, Item, ItemId
from schemas.withdrawals import WithdrawalReason

Event = PersonChose | PersonClosed | PersonRetried | GateOpened | ReturnRuled


@dataclass(frozen=True, slots=True)
class Choosing:
    """A search that a person decides on, with what the vault knows of its matches."""

    case: Case
    task: Task
    opened: OpenVault
    candidates: tuple[Candidate, ...]
    known: Mapping[ItemId, Item]

    def of_choice(self, number: int) -> Candidate | None:
        """Return what the vault keeps of a choice (0-based), if it keeps it."""
        wanted = {item.id for item in self.task.choices[number]}
        for candidate in self.candidates:
            if {item.id for item in candidate.items} == wanted:
                return candidate
        return None


class Rulings:
    """Takes people's decisions; raises `NotPossible` where one does not fit."""

    def __init__(self, installation: Installation) -> None:
        """Keep the parts; nothing is opened yet."""
        self._parts = installation
        self._queries = Queries(installation.database)

    def shown(self, id_: str) -> TaskView:
        """Return a task with its candidates' labels and identifiers masked."""
        view = self._queries.task_view(id_)
        if not view.candidates:
            return view
        choosing = self._choosing(id_)
        lines = []
        for number, line in enumerate(view.candidates):
            candidate = choosing.of_choice(number)
            if candidate is not None:
                line = replace(  # noqa: PLW2901 (the masked version of it)
                    line,
                    label=masked_text(candidate.label),
                    learned=tuple(masked_identifier(i) for i in candidate.learned),
                )
            lines.append(line)
        return replace(view, candidates=tuple(lines))

    def choose(self, id_: str, records: Sequence[int], by: str) -> None:
        """Take these candidates (1-based, as shown) for the person; [] is none."""
        choosing = self._choosing(id_)
        picks = tuple(sorted({record - 1 for record in records}))
        count = len(choosing.task.choices)
        if not count:
            raise NotPossible(
                f"Nothing is to choose; {where_it_stands(choosing.task)}."
            )
        if any(not 0 <= pick < count for pick in picks):
            raise NotPossible(f"The records of this task are 1 to {count}.")
        writes, learned = _taken(self._parts, choosing, picks)
        event = PersonChose(
            self._parts.clock.now(), choosing.task.id, picks, by, learned
        )
        self._apply(choosing.case, choosing.task, event, writes)

    def retry(self, id_: str, by: str) -> None:
        """Let the next call of a stuck or waiting task happen now."""
        case, task = self._queries.task(id_)
        refuse_if_locked(case, "Nothing can be tried")
        event = PersonRetried(self._parts.clock.now(), task.id, by)
        self._apply(case, task, event)

    def close(self, id_: str, reason: str, by: str) -> None:
        """End a task by a person's word; the receipt prints the reason."""
        if reason not in CLOSE_REASONS:
            known = ", ".join(sorted(CLOSE_REASONS))
            raise NotPossible(f"{reason} is no reason; write one of {known}.")
        case, task = self._queries.task(id_)
        event = PersonClosed(self._parts.clock.now(), task.id, reason, by)
        self._apply(case, task, event)

    def returned(self, id_: str, reason: ReturnReason, by: str) -> None:
        """Say why a read-back found somebody again; some reasons erase again."""
        case, task = self._queries.task(id_)
        if task.reason != PRESENT_AGAIN:
            raise NotPossible(f"Nobody was found again: {where_it_stands(task)}.")
        event = ReturnRuled(self._parts.clock.now(), task.id, reason, by)
        self._apply(case, task, event)

    def open_gate(self, id_: str, reason: OpeningReason, by: str) -> None:
        """Let a task past a gate of order whose moment has come."""
        case, task = self._queries.task(id_)
        now, gate = self._parts.clock.now(), task.gate
        if gate is None:
            raise NotPossible(f"No gate is shut: {where_it_stands(task)}.")
        if gate.reason not in OPENABLE:
            raise NotPossible(
                f"A gate for {gate.reason} is not opened by a person; docs/runbook.md"
                " says what ends it."
            )
        if now < gate.opens_at:
            raise NotPossible(
                f"This gate may be opened from {gate.opens_at:%Y-%m-%d %H:%M} UTC on."
            )
        self._apply(case, task, GateOpened(now, task.id, gate.reason, reason, by))

    def withdraw(self, id_: str, reason: WithdrawalReason, by: str) -> None:
        """Stop a case: what has not begun is left, jobs are called back."""
        case = self._queries.case_now(id_)
        event = RequestWithdrawn(self._parts.clock.now(), by, reason)
        (applied,) = self._parts.engine.apply([Step(case.id, event)])
        if applied:
            return
        if case.withdrawn_at is not None:
            raise NotPossible("This changes nothing: the request is withdrawn already.")
        raise NotPossible(f"This changes nothing: the case is {case.status}.")

    def _choosing(self, id_: str) -> Choosing:
        """Open what the vault keeps of a task's candidates."""
        case, task = self._queries.task(id_)
        refuse_if_locked(case, "Nothing can be chosen")
        names = [
            candidates_name(task.account),
            items_name(task.account),
            ALL_IDENTIFIERS,
        ]
        opened = self._parts.vault.open([case.id], "identity", names)
        kept = opened.get(case.id, candidates_name(task.account))
        known = opened.get(case.id, items_name(task.account))
        return Choosing(case, task, opened, load_candidates(kept), load_items(known))

    def _apply(
        self, case: Case, task: Task, event: Event, writes: Sequence[Write] = ()
    ) -> None:
        """Apply a decision; says why if it changed nothing."""
        (applied,) = self._parts.engine.apply([Step(case.id, event, tuple(writes))])
        if not applied:
            raise NotPossible(f"This changes nothing: {where_it_stands(task)}.")


def _taken(
    parts: Installation, choosing: Choosing, picks: Sequence[int]
) -> tuple[Sequence[Write], frozenset[IdentifierType]]:
    """Return what the vault must keep of the chosen records, as gather keeps it."""
    case, account = choosing.case, choosing.task.account
    chosen = [found for pick in picks if (found := choosing.of_choice(pick))]
    items = dict(choosing.known)
    items.update({item.id: item for one in chosen for item in one.items})
    wanted = {item.id for pick in picks for item in choosing.task.choices[pick]}
    if not wanted <= items.keys():
        raise NotPossible(
            "The vault no longer holds these records; `erasure task retry` searches"
            " again."
        )
    writes: list[Write] = []
    if chosen:
        spelled = dump_items(items.values())
        writes.append(choosing.opened.seal(case.id, items_name(account), spelled))
    learned = _news(parts, choosing, [k for one in chosen for k in one.learned])
    if learned:
        before = choosing.opened.get(case.id, identifiers_name(account))
        own = load_identifiers([before] if before else [])
        value = dump_identifiers((*own, *learned))
        writes.append(choosing.opened.seal(case.id, identifiers_name(account), value))
    return writes, frozenset(one.type for one in learned)


def _news(
    parts: Installation, choosing: Choosing, learned: Sequence[Identifier]
) -> tuple[Identifier, ...]:
    """Return the identifiers that the account may teach and the case does not know."""
    values = choosing.opened.named(choosing.case.id, ALL_IDENTIFIERS).values()
    known = set(load_identifiers(values))
    entry = parts.register.accounts.get(choosing.task.account)
    yields = (
        entry.yields
        if entry is not None
        else choosing.case.planned(choosing.task).yields
    )
    return news_of(learned, yields, known).identifiers


_STANDS = {
    TaskStatus.SETTLED: "the task is settled",
    TaskStatus.CALLED: "the task is being called right now; look again in a moment",
    TaskStatus.WITH_PERSON: "a person has the work; `erasure task attest` or"
    " `erasure task close` ends it",
}


def where_it_stands(task: Task) -> str:
    """Say where a task stands and what fits."""
    match task.status:
        case TaskStatus.NEEDS_HUMAN if task.reason == IDENTITY_LOCKED:
            return LOCKED
        case TaskStatus.NEEDS_HUMAN if task.choices:
            return "the task wants a choice; see `erasure task show` and `task choose`"
        case TaskStatus.NEEDS_HUMAN if task.reason == PRESENT_AGAIN:
            return "the task wants `erasure task returned`"
        case TaskStatus.NEEDS_HUMAN:
            return "the task wants `erasure task retry` or `erasure task close`"
        case TaskStatus.WAITING if task.reason == "settling":
            return "the time between two looks is part of the proof"
        case status:
            ends = f"the task is {status}, which ends by itself"
            return _STANDS.get(status, ends)
