"""An installation whose cases were answered by a real `erasure run`."""

from __future__ import annotations

import json
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from signal import SIGTERM

from connectors.fakes.every import Street, every_fake
from connectors.fakes.serving import serve
from tests.support.installation import AnInstallation
from tests.support.patience import PATIENCE
from tests.support.people import Human, a_submission, settle_in
from tests.support.processes import tail
from tests.support.site_register import RegisterText

ERASED, COPIED, KEPT = Human(11), Human(12), Human(13)
_POLL_SECONDS = 0.05


@contextmanager
def running(
    installation: AnInstallation, *args: object
) -> Iterator[subprocess.Popen[bytes]]:
    """Lend `erasure run` until the end of the block."""
    process = installation.start("run", *args)
    try:
        until(lambda: has_said(installation, "process_ready"), installation, process)
        yield process
    finally:
        if process.poll() is None:
            process.send_signal(SIGTERM)
            process.wait(PATIENCE)


def has_said(installation: AnInstallation, fact: str) -> bool:
    """Tell whether a process of this installation logged *fact*."""
    log = installation.folder / "process.log"
    return log.exists() and f'"{fact}"' in log.read_text()


def until(
    is_so: Callable[[], bool],
    installation: AnInstallation,
    process: subprocess.Popen[bytes],
    within: float = PATIENCE,
) -> None:
    """Return once *is_so*; fail with the process's log if it ends or takes too long."""
    pause = threading.Event()
    deadline = time.monotonic() + within
    while not is_so():
        log = tail(installation.folder / "process.log")
        assert process.poll() is None, f"It ended with {process.returncode}.\n{log}"
        assert time.monotonic() < deadline, f"Not so within {within} s.\n{log}"
        pause.wait(_POLL_SECONDS)


def a_request_file(folder: Path, human: Human, *rights: str) -> Path:
    """Write the request of *human* as `erasure request publish` takes it."""
    message = a_submission(human, *rights)
    headers = {name: value.decode() for name, value in message.headers}
    event = {
        **{name[3:]: text for name, text in headers.items() if name[:3] == "ce_"},
        "datacontenttype": "application/json",
        "data": json.loads(message.value or b""),
    }
    path = folder / f"{human.request_id}.json"
    path.write_text(json.dumps(event), encoding="utf-8")
    return path


@contextmanager
def a_finished_installation(folder: Path) -> Iterator[AnInstallation]:
    """Erase one person, copy another, keep a third one's orders; then stop."""
    fakes = every_fake()
    settle_in(fakes, [ERASED, COPIED])
    settle_in(fakes, [KEPT], whole=True)
    with serve(Street(fakes)) as url:
        made = AnInstallation(folder, url=url, register=RegisterText(keeps_orders=True))
        files = [
            a_request_file(folder, ERASED),
            a_request_file(folder, COPIED, "access", "erasure"),
            a_request_file(folder, KEPT),
        ]
        with running(made) as process:
            published = made("request", "publish", *files)
            assert published.code == 0, published.err
            until(lambda: _is_over(made, len(files)), made, process)
        assert process.returncode == 0
        yield made
        made.close()


def _is_over(installation: AnInstallation, count: int) -> bool:
    """Tell whether every case is answered and forgotten, and all is told."""
    cases = installation("case", "list", "--json").data
    over = [case for case in cases if case["status"] in {"answered", "closed"}]
    wanting = [
        case
        for case in over
        if installation("case", "show", case["id"], "--json").data["identity_held"]
    ]
    is_logged = installation("status", "--json").data["logged"] == count
    # Asked last: whoever forgets a case tells of it, and what enters the log does so
    # by way of the outbox.
    unsent = installation("status", "--json").data["unsent"]
    return len(over) == count and not wanting and is_logged and unsent == 0
