"""How a command that could not do it says why: sentences on stderr, no traceback."""

from __future__ import annotations

import sys
from traceback import extract_tb

from orchestrator.errors import OrchestratorError, SetUpError, Unavailable

YES, NO, WRONG_USE = 0, 1, 2


def tell(error: BaseException) -> None:
    """Write our own sentence; of any other error its kind and place, never its text."""
    if isinstance(error, OrchestratorError):
        sys.stderr.write(f"{error}\n")
        return
    places = extract_tb(error.__traceback__)
    place = f" at {places[-1].name}:{places[-1].lineno}" if places else ""
    sys.stderr.write(
        f"A fault of ours ended the command ({type(error).__name__}{place}); nothing"
        " of the last step was stored; report it with this line.\n"
    )


def exit_code_of(error: BaseException) -> int:
    """Return 2 for what must be set up or reached first, else 1."""
    return WRONG_USE if isinstance(error, SetUpError | Unavailable) else NO
