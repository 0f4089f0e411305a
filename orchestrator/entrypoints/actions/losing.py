"""
What people do where no archive has a statement that was published before a restore.

Two of them, each after having seen what is missing, let the log go on without it; then
a person finds out, case by case, whether it had answered.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from orchestrator.adapters.reading.queries import Queries
from orchestrator.adapters.receipts.archive import Archived
from orchestrator.adapters.receipts.lost_statements import LetGo, Lost
from orchestrator.bootstrap.installation import Installation
from orchestrator.core.ruled import AnswerRuled
from orchestrator.core.words import CaseId, Result
from orchestrator.engine import Step
from orchestrator.entrypoints.actions.missed import missed_since
from orchestrator.entrypoints.actions.recovering import Recovered, recover
from orchestrator.errors import NotPossible


@dataclass(frozen=True, slots=True)
class MissingLine:
    """A statement that nobody has: its place in the log, and what we know of it."""

    index: int
    leaf: str
    statement_id: str
    published_at: str
    is_case_known: bool
    let_go_by: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class MissingView:
    """What is missing now, what two people let go, and which cases wait for it."""

    missing: Sequence[MissingLine]
    let_go: Sequence[MissingLine]
    in_doubt: Sequence[CaseId]


class Losing:
    """Shows what is missing, and takes people's words on it."""

    def __init__(self, installation: Installation, archive: Iterable[Archived]) -> None:
        """Keep the parts, and the receipts of the archive."""
        self._parts = installation
        self._lost = installation.lost_statements
        self._archive = tuple(archive)

    def shown(self, by: str | None) -> MissingView:
        """Return what is missing; that *by* has seen it is kept."""
        missing, ruled = self._missing(), self._lost.let_go()
        if by is not None and missing:
            self._lost.note(missing, by, self._parts.clock.now())
        gone = [self._line(one, it) for it in ruled for one in it.missing]
        lines = [self._line(one) for one in missing]
        return MissingView(lines, gone, self._lost.doubted())

    def release(self, by: str) -> Recovered | None:
        """
        Let the log go on without what is missing, once a second person says so.

        Then everything else is recovered, and the hold ends.  Nothing: noted.
        """
        missing = self._missing()
        if not missing:
            raise NotPossible("Nothing is missing: run `erasure log recover`.")
        if not self._lost.release(missing, by, self._parts.clock.now()):
            return None
        return recover(self._parts, self._archive)

    def _missing(self) -> Sequence[Lost]:
        """Return what nobody has, and nobody let go."""
        gone = {one.leaf for it in self._lost.let_go() for one in it.missing}
        missed = missed_since(self._parts, self._archive)
        return [one for one in missed.lost if one.leaf not in gone]

    def _line(self, one: Lost, ruled: LetGo | None = None) -> MissingLine:
        """Return an entry as people see it."""
        return MissingLine(
            index=one.number,
            leaf=one.leaf,
            statement_id=one.statement_id,
            published_at=one.published_at.isoformat(),
            is_case_known=self._lost.is_known(one.case),
            let_go_by=() if ruled is None else ruled.by,
        )


def rule_answer(parts: Installation, id_: str, result: Result | None, by: str) -> None:
    """Say how a case in doubt was answered before, or that it was not."""
    case = Queries(parts.database).case_now(id_)
    if case.unsure_since is None:
        raise NotPossible("Nobody doubts whether this case is answered.")
    event = AnswerRuled(parts.clock.now(), result, by)
    (applied,) = parts.engine.apply([Step(case.id, event)])
    if not applied:
        raise NotPossible(f"It can wait: the case is {case.status}, and asks nobody.")
