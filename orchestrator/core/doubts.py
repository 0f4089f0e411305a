"""The doubt whether a case was answered already, by a statement that nobody has."""

from __future__ import annotations

from datetime import datetime

from orchestrator.core.cases import Case
from orchestrator.core.changing import replace
from orchestrator.core.holds import Ruling, RulingKind


def in_doubt(case: Case, at: datetime, by: tuple[str, ...]) -> Case:
    """Let *case* wait for a person who finds out whether it was answered before."""
    ruling = Ruling(RulingKind.ANSWER_UNKNOWN, at, by)
    return replace(case, unsure_since=at, rulings=(*case.rulings, ruling))
