"""`erasure run`: the stages of one process, until a signal."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, nullcontext
from typing import TYPE_CHECKING, Annotated

import typer

from orchestrator.entrypoints.cli.telling import NO, WRONG_USE, tell
from orchestrator.errors import SetUpError

# ruff: noqa: PLC0415 (the parts take a second to import, and --help needs none)

if TYPE_CHECKING:
    from orchestrator.bootstrap.installation import Installation
    from orchestrator.entrypoints.running import Running

_SIGNALS = (signal.SIGTERM, signal.SIGINT)


def run(
    only: Annotated[
        list[str] | None,
        typer.Option("--only", metavar="STAGE", help="Run this stage; repeatable."),
    ] = None,
    account: Annotated[
        list[str] | None,
        typer.Option(
            "--account", metavar="ID", help="Work for this account; repeatable."
        ),
    ] = None,
) -> None:
    """
    Run the stages until SIGTERM or SIGINT; calls in flight may finish.

    Without options every stage runs in this process. On the embedded log there is one
    process; with Kafka and PostgreSQL any part may run in any number of processes. A
    second signal ends the process at once.
    """
    from orchestrator.adapters.logs import configure_logs, log_uncaught_errors
    from orchestrator.bootstrap.installation import Installation
    from orchestrator.settings import load_settings

    settings = load_settings()
    configure_logs(settings.log_format.value, settings.log_level.value)
    log_uncaught_errors()
    installation = Installation(settings)
    try:
        failure = _run(installation, only or (), account or ())
    finally:
        installation.close()
    if failure is not None:
        tell(failure)
        raise typer.Exit(WRONG_USE if isinstance(failure, SetUpError) else NO)


def _run(
    installation: Installation, only: Sequence[str], accounts: Sequence[str]
) -> BaseException | None:
    """Check everything, then run until a signal or a failure, which is returned."""
    from orchestrator.adapters.single_run import only_run
    from orchestrator.entrypoints import starting
    from orchestrator.entrypoints.collecting import collect_seldom
    from orchestrator.entrypoints.running import Running

    stages = starting.chosen_stages(installation, only)
    ours = starting.chosen_accounts(installation, accounts, stages)
    starting.check_start(installation)
    starting.tell_doubts(installation)
    alone = installation.is_embedded
    with only_run(installation.database) if alone else nullcontext():
        starting.remember_keys(installation)
        running = Running(installation, stages, ours)
        collect_seldom()
        with _stopped_by_signals(running):
            running.start()
            return running.wait()


@contextmanager
def _stopped_by_signals(running: Running) -> Iterator[None]:
    """
    Let a thread wait for signals: a handler would interrupt the main thread anywhere.

    Every thread started inside inherits the blocked signals, so only that one sees
    them.
    """
    before = signal.pthread_sigmask(signal.SIG_BLOCK, _SIGNALS)
    threading.Thread(target=_wait_for_signals, args=(running,), daemon=True).start()
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _wait_for_signals(running: Running) -> None:
    """Stop on the first signal; end at once on the second, as after a crash."""
    import structlog

    log = structlog.get_logger()
    received = signal.sigwait(_SIGNALS)
    log.info("process_stopping", signal=signal.Signals(received).name)
    running.stop()
    signal.sigwait(_SIGNALS)
    log.warning("process_ended_at_once")
    os._exit(NO)
