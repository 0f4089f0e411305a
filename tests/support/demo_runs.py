"""Demos as somebody runs them: processes of their own, judged from outside."""

from __future__ import annotations

import fcntl
import os
import pty
import struct
import subprocess
import sys
import termios
import textwrap
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from tests.support.patience import PATIENCE

ERASURE = str(Path(sys.executable).with_name("erasure"))
VERDICT = "All of it is true"
# More than the demo's own patience.
LONGEST = 2 * PATIENCE
PEOPLE = ("ada.moreau", "bo.lindqvist", "chiara.conti", "dmitri.ilves")


@dataclass(frozen=True, slots=True)
class Ran:
    """A demo that has ended."""

    where: Path
    status: int
    said: str

    @property
    def out(self) -> Path:
        """The folder it left."""
        return self.where / "demo-out"

    def command(self, words: str) -> str:
        """Return the command it printed that contains *words*."""
        lines = [line.strip() for line in self.said.splitlines() if words in line]
        return lines[-1]


def run(
    where: Path,
    command: Sequence[str] = (ERASURE, "demo"),
    *,
    encoding: str = "utf-8",
) -> Ran:
    """Run a demo in *where*; settings of a live installation must not reach it."""
    strange = {"ERASURE_DATABASE_URL": "sqlite:////nowhere/live.db", "COLUMNS": "80"}
    done = subprocess.run(
        command,
        cwd=where,
        env={**os.environ, **strange, "PYTHONIOENCODING": encoding},
        capture_output=True,
        text=True,
        check=False,
        timeout=LONGEST,
    )
    return Ran(where, done.returncode, done.stdout + done.stderr)


def pasted(command: str, where: Path) -> subprocess.CompletedProcess[str]:
    """Run a line of the output as somebody pastes it into a shell."""
    return subprocess.run(
        ["/bin/sh", "-c", command],
        cwd=where,
        capture_output=True,
        text=True,
        check=False,
        timeout=LONGEST,
    )


def run_on_terminal(where: Path, columns: int, *options: str) -> Ran:
    """Run a demo whose output is a terminal, and return all that was drawn there."""
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("4H", 50, columns, 0, 0))
    environment = {**os.environ, "TERM": "xterm-256color", "PYTHONIOENCODING": "utf-8"}
    environment.pop("COLUMNS", None)
    with subprocess.Popen(
        [ERASURE, "demo", *options],
        cwd=where,
        env=environment,
        stdout=theirs,
        stderr=theirs,
    ) as process:
        os.close(theirs)
        said = b"".join(_pieces(ours))
        status = process.wait(timeout=LONGEST)
    os.close(ours)
    return Ran(where, status, said.decode())


def _pieces(terminal: int) -> Iterator[bytes]:
    """Give what comes until the other side hangs up, which Linux calls an error."""
    with suppress(OSError):
        while piece := os.read(terminal, 65_536):
            yield piece


def script(change: str, options: str = "patience=120") -> Sequence[str]:
    """Return a program that runs the demo after a change to its fakes."""
    program = f"""
    import sys
    from pathlib import Path
    from connectors.fakes.faults import Fault, FaultKind
    from orchestrator.entrypoints.demo import run_demo

    def prepare(fakes):
    {textwrap.indent(textwrap.dedent(change), "    " * 2)}

    sys.exit(run_demo(prepare=prepare, {options}))
    """
    return (sys.executable, "-c", textwrap.dedent(program))
