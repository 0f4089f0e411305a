"""Let the demo's few signs reach a terminal that knows ASCII only."""

from __future__ import annotations

import codecs
import io
import sys
from typing import Final

_NAME: Final = "erasure-demo-plainly"
_PLAIN: Final = {"✓": "+", "✗": "!", "→": ">", "·": "-"}


def speak_plainly() -> None:
    """Write what standard output cannot encode as ASCII signs of the same meaning."""
    codecs.register_error(_NAME, _instead)
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors=_NAME)


def _instead(error: UnicodeError) -> tuple[str, int]:
    """Replace the characters that do not fit; see `codecs.register_error`."""
    if not isinstance(error, UnicodeEncodeError):
        raise error
    misfits = error.object[error.start : error.end]
    return "".join(_PLAIN.get(sign, "?") for sign in misfits), error.end
