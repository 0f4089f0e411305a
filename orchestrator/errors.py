"""
Errors of the orchestrator, sorted by what the caller must do.

    OrchestratorError
    ├── SetUpError       wrong configuration: say it in one sentence, exit 2
    ├── Unavailable      a part is away for now: keep what is there, try again
    ├── CannotStore      the disk or the database refuses: stop, say why, exit 1
    ├── Conflict         somebody was faster: reload and decide again
    └── NotPossible      a person asked for what cannot be: say why, exit 1
"""

from __future__ import annotations


class OrchestratorError(Exception):
    """The root; its message is a whole sentence free of personal data."""


class SetUpError(OrchestratorError):
    """Something is set up wrongly; the message says what to write instead."""


class Unavailable(OrchestratorError):  # noqa: N818 (what to do reads better)
    """The database or the broker is away; nothing was acknowledged."""


class CannotStore(OrchestratorError):  # noqa: N818 (what to do reads better)
    """The disk is full or the database refuses; nothing of the step was stored."""


class Conflict(OrchestratorError):  # noqa: N818 (what to do reads better)
    """The row changed under us, or our ownership ended: nothing was written."""


class NotPossible(OrchestratorError):  # noqa: N818 (what to do reads better)
    """The command does not fit the state of the case; the message says what does."""
