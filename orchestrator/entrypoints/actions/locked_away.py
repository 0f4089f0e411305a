"""What cannot be done while the data protection officer has a case's identifiers."""

from __future__ import annotations

from orchestrator.core.cases import Case
from orchestrator.errors import NotPossible

LOCKED = (
    "the data protection officer has what identifies this person; `erasure case unlock`"
    " lets the work go on"
)


def refuse_if_locked(case: Case, what: str) -> None:
    """Raise `NotPossible` if the case is locked; *what* begins the sentence."""
    if case.locked_at is not None:
        raise NotPossible(f"{what}: {LOCKED}.")
