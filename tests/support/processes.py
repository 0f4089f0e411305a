"""Start and end the programs that tests run against, each by its own id."""

from __future__ import annotations

import os
import secrets
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Sequence
from pathlib import Path
from signal import SIGKILL, SIGTERM, Signals
from typing import Final

from tests.support.patience import PATIENCE

_LEASH = Path(__file__).with_name("leash.py")
_POLL_SECONDS = 0.05
_PORTS: Final = range(15_000, 30_000)
_given: set[int] = set()


class StartError(RuntimeError):
    """A real part did not start; the message holds the end of its log."""


def start_on_leash(
    command: Sequence[str | Path],
    log: Path,
    *,
    on_our_death: Signals = SIGKILL,
    user: tuple[int, int] | None = None,
) -> subprocess.Popen[bytes]:
    """
    Start *command* so that it ends with this process, its output going to *log*.

    The kernel watches the thread that calls this: call it from one that lives
    as long as the program should.
    """
    uid, gid = user or (os.geteuid(), os.getegid())
    leash = [sys.executable, "-I", str(_LEASH), str(int(on_our_death))]
    with log.open("ab") as output:
        return subprocess.Popen(
            [*leash, str(uid), str(gid), *map(str, command)],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            cwd=log.parent,
            start_new_session=True,
        )


def end(
    process: subprocess.Popen[bytes], signal: Signals = SIGTERM, within: float = 20
) -> None:
    """Ask *process* to end with *signal*, and insist after *within* seconds."""
    if process.poll() is None:
        process.send_signal(signal)
    try:
        process.wait(within)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def wait_until(
    is_ready: Callable[[], bool],
    process: subprocess.Popen[bytes],
    log: Path,
    within: float = PATIENCE,
) -> None:
    """Return once *is_ready* says so; raise `StartError` when that cannot happen."""
    pause = threading.Event()
    for _ in range(int(within / _POLL_SECONDS)):
        if process.poll() is not None:
            raise StartError(f"It ended with {process.returncode}.\n{tail(log)}")
        if is_ready():
            return
        pause.wait(_POLL_SECONDS)
    end(process, SIGKILL)
    raise StartError(f"It was not ready after {within} s.\n{tail(log)}")


def is_listening(port: int) -> bool:
    """Tell whether something accepts connections on this loopback port."""
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=1):
            return True
    except OSError:
        return False


def free_port() -> int:
    """
    Find a loopback port nobody listens on, nor ever will but for whoever asked.

    It may be bound much later, and again after an outage.  So no port is given twice,
    and each of the processes that share the tests has its own; none is of the range
    that the kernel hands to outgoing connections: a client that retries a stopped
    server there could connect to itself.
    """
    share = _share(os.environ.get("PYTEST_XDIST_WORKER", "gw0"))
    for _ in range(200):
        port = secrets.choice(share)
        if port in _given:
            continue
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
        _given.add(port)
        return port
    raise StartError(f"No loopback port from {share[0]} to {share[-1]} is free.")


def _share(worker: str) -> range:
    """Return the ports of a worker of pytest-xdist; there are hardly more than 15."""
    number = int(worker.removeprefix("gw")) % 15
    return _PORTS[number * 1000 : (number + 1) * 1000]


def tail(log: Path, lines: int = 40) -> str:
    """Read the end of a log for an error message."""
    if not log.exists():
        return "(It left no log.)"
    return "\n".join(log.read_text(errors="replace").splitlines()[-lines:])
