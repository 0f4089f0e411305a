"""The codes that say why a line is not what was asked."""

from __future__ import annotations

from orchestrator.core.tasks import Found
from schemas.connecting import Failed, NotApplicable, NotTold, Outcome


def reasons_of(outcome: Outcome | Found) -> tuple[str, ...]:
    """Return the codes that say why a line is not what was asked."""
    match outcome:
        case NotApplicable(reason=reason) | NotTold(reason=reason):
            return (reason,)
        case Failed(code=code):
            return (code,)
        case _:
            return ()
