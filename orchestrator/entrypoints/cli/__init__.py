"""
The command `erasure`: nouns first, a module a noun.

Results go to stdout, diagnostics to stderr.  Exit codes: 0 yes, 1 no, 2 wrong use or
set-up.  Modules import what is slow only inside their commands, so that `--help` and
reads answer at once.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from contextvars import copy_context

from orchestrator.entrypoints.cli.app import app
from orchestrator.entrypoints.cli.telling import exit_code_of, tell

__all__ = ["app", "main"]


def main(args: Sequence[str] | None = None) -> None:
    """Run one command (of the process's arguments) and leave with its exit code."""
    try:
        # A context of its own: who acted by one command does not act by the next.
        copy_context().run(app, args, prog_name="erasure")
    except Exception as error:  # noqa: BLE001 (told without its text)
        tell(error)
        sys.exit(exit_code_of(error))
