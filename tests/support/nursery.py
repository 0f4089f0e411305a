"""
Processes that start in no time: forked from one that has imported everything.

`python -m tests.support.nursery` reads one JSON line a process, {"env", "log",
"status"}, and answers with its id; each runs `tests.support.process` with its output
in *log*, and its exit status is written to *status*.  It has one thread, so that a
fork is safe, and it ends with its standard input, and everything it started with it.
"""

from __future__ import annotations

import ctypes
import json
import os
import select
import signal
import subprocess
import sys
import threading
import traceback
from collections.abc import Mapping
from pathlib import Path

from tests.support.patience import PATIENCE
from tests.support.processes import tail

_ROOT = Path(__file__).parents[2]
_PR_SET_PDEATHSIG = 1


class Child:
    """A process of the nursery, ended by its own id."""

    def __init__(self, pid: int, log: Path, status: Path) -> None:
        self.pid = pid
        self.log = log
        self.is_over = False
        self._status = status
        self._gone = os.pidfd_open(pid)

    @property
    def is_running(self) -> bool:
        """Tell whether it lives, stopped or not."""
        return not self.is_over and not select.select([self._gone], [], [], 0)[0]

    def signal(self, number: signal.Signals) -> None:
        """Send it a signal, unless it is gone."""
        if self.is_running:
            signal.pidfd_send_signal(self._gone, number)

    def wait(self, within: float = PATIENCE) -> int:
        """Wait for its end and return its exit status; negative is a signal."""
        if not select.select([self._gone], [], [], within)[0]:
            self.signal(signal.SIGKILL)
            raise AssertionError(f"It did not end by itself.\n{tail(self.log)}")
        pause = threading.Event()
        while not self._status.exists():  # its keeper is about to write it
            pause.wait(0.002)
        os.close(self._gone)
        self.is_over = True
        return int(self._status.read_text())

    def kill(self) -> int:
        """End it as a power cut would."""
        self.signal(signal.SIGKILL)
        return self.wait()

    def stop(self) -> int:
        """Ask it to end, and return its exit status."""
        self.signal(signal.SIGCONT)
        self.signal(signal.SIGTERM)
        return self.wait()


class Nursery:
    """Starts processes of installations under test; one for the whole session."""

    def __init__(self) -> None:
        self._count = 0
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.support.nursery"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            cwd=_ROOT,
        )

    def start(self, env: Mapping[str, str], log: Path) -> Child:
        """Start one process with exactly this environment."""
        self._count += 1
        status = log.with_name(f"{log.name}.{self._count}.status")
        line = {"env": dict(env), "log": str(log), "status": str(status)}
        requests, answers = self._process.stdin, self._process.stdout
        assert requests is not None
        assert answers is not None
        requests.write(json.dumps(line).encode() + b"\n")
        requests.flush()
        return Child(int(answers.readline()), log, status)

    def close(self) -> None:
        """End the nursery; what still runs ends with it."""
        self._process.communicate()


def main() -> None:
    """Start what each line asks for, until there are no more lines."""
    # Imported here: whoever only talks to the nursery needs none of it.
    from connectors.registry import connectors  # noqa: PLC0415
    from tests.support.process import run  # noqa: PLC0415

    connectors()
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    for line in sys.stdin.buffer:
        wanted = json.loads(line)
        told, tell = os.pipe()
        if os.fork() == 0:
            os.close(told)
            _keep(wanted, tell, run)
        os.close(tell)
        sys.stdout.buffer.write(os.read(told, 32) + b"\n")
        sys.stdout.buffer.flush()
        os.close(told)


def _keep(wanted: Mapping[str, object], tell: int, run: object) -> None:
    """Start one child, wait for its end and write down how it came."""
    _die_with_parent()
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    pid = os.fork()
    if pid == 0:
        _become(wanted, tell, run)
    os.write(tell, str(pid).encode())
    os.close(tell)
    _, status = os.waitpid(pid, 0)
    path = Path(str(wanted["status"]))
    unfinished = path.with_suffix(".writing")
    unfinished.write_text(str(os.waitstatus_to_exitcode(status)))
    unfinished.rename(path)
    os._exit(0)


def _become(wanted: Mapping[str, object], tell: int, run: object) -> None:
    """Turn into the process under test; never returns."""
    _die_with_parent()
    os.close(tell)
    output = os.open(str(wanted["log"]), os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    os.dup2(output, 1)
    os.dup2(output, 2)
    assert isinstance(wanted["env"], dict)
    os.environ.clear()
    os.environ.update(wanted["env"])
    status = 70
    try:
        assert callable(run)
        status = run()
    except Exception:  # noqa: BLE001 (the log is all that is left of it)
        traceback.print_exc()
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(status)


def _die_with_parent() -> None:
    """Ask the kernel for a SIGKILL when the parent ends."""
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)


if __name__ == "__main__":
    main()
