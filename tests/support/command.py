"""The command `erasure` in this process, with an environment of its own."""

from __future__ import annotations

import io
import json
import logging
import os
import sys
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from dataclasses import dataclass
from typing import Any

import structlog

from orchestrator.entrypoints.cli import main


@dataclass(frozen=True, slots=True)
class Ran:
    """What a command said, and its exit code."""

    code: int
    out: str
    err: str

    @property
    def data(self) -> Any:  # noqa: ANN401 (JSON)
        """Its output, read as JSON."""
        return json.loads(self.out)

    @property
    def sentences(self) -> list[str]:
        """Its diagnostics, line by line."""
        return self.err.splitlines()


class _Terminal(io.StringIO):
    """An output that says it is a terminal."""

    def isatty(self) -> bool:
        return True


def erasure(*args: object, env: Mapping[str, str], on_terminal: bool = False) -> Ran:
    """Run `erasure` with *args*; everything global is put back afterwards."""
    out, err = _Terminal() if on_terminal else io.StringIO(), io.StringIO()
    with _environment(env), _logging(), redirect_stdout(out), redirect_stderr(err):
        try:
            main([str(arg) for arg in args])
        except SystemExit as ended:
            code = ended.code if isinstance(ended.code, int) else int(bool(ended.code))
        else:
            code = 0
    return Ran(code, out.getvalue(), err.getvalue())


@contextmanager
def _environment(env: Mapping[str, str]) -> Iterator[None]:
    before = dict(os.environ)
    os.environ.clear()
    os.environ.update(env)
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)


@contextmanager
def _logging() -> Iterator[None]:
    """Put back what a command may configure."""
    root = logging.getLogger()
    before = (list(root.handlers), root.level, logging.raiseExceptions)
    hooks = (sys.excepthook, threading.excepthook, sys.unraisablehook)
    try:
        yield
    finally:
        structlog.reset_defaults()
        root.handlers, root.level = before[0], before[1]
        logging.raiseExceptions = before[2]
        logging.captureWarnings(capture=False)
        sys.excepthook, threading.excepthook, sys.unraisablehook = hooks
