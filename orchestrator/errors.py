"""
Errors of the orchestrator, sorted by what the caller must do.

    OrchestratorError
    ├── SetUpError       wrong configuration: say it in one sentence, exit 2
    ├── Unavailable      a part is away for now: keep what is there, try again
    ├── Conflict         somebody was faster: reload and decide again
    └── NotPossible      a person asked for what cannot be: say why, exit 1
"""

from __future__ import annotations


class OrchestratorError(Exception):
    """The root; its message is a whole sentence free of personal data."""


class SetUpError(OrchestratorError):
    """Configuration, keys, register, schema or topics are wrong; the message says what to write."""


class Unavailable(OrchestratorError):
    """The database, the broker or the disk is away; nothing was acknowledged."""


class Conflict(OrchestratorError):
    """The row changed under us, or our ownership ended: nothing was written."""


class NotPossible(OrchestratorError):
    """The command does not fit the state of the case; the message says what does."""
