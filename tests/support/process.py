"""
One process of an installation under test: every stage, until SIGTERM.

The environment says everything (`ERASURE_…`), and besides, for tests alone:
`KILL_AT` (see `moments`), `DELIVERIES` (how often each record comes), `STAGES` and
`ACCOUNTS` (lists with commas), `FILE_LIMIT` (the most bytes a file may have),
`KEEPS_RATES` (without it the windows that a vendor sets for one operation are lifted
and only the register's hold), `BUDGET` ("points/seconds", in place of the size of
every window that an operation has of its own; its cost stays), `LOOKS_BACK` (look for
a restored backup before anything starts, as the command does), `DAYS_AHEAD` (how many
days later the process lives).
Exits as `erasure run` does.
"""

from __future__ import annotations

import faulthandler
import os
import resource
import signal
import sys
from dataclasses import replace
from datetime import datetime, timedelta

from connectors.registry import connectors
from orchestrator.adapters.clock import SystemClock
from orchestrator.adapters.logs import configure_logs
from orchestrator.bootstrap.installation import Installation
from orchestrator.core.words import AccountId
from orchestrator.entrypoints.running import STAGES, Running
from orchestrator.entrypoints.starting import hold_if_restored
from orchestrator.errors import OrchestratorError, SetUpError
from orchestrator.ports.event_log import Consumer
from orchestrator.settings import load_settings
from tests.support.moments import arm
from tests.support.noisy_log import NoisyConsumer


def run() -> int:
    """Run until told to stop; return the exit status."""
    # Whoever waits in vain asks where it stands.
    faulthandler.register(signal.SIGUSR1, all_threads=True)
    arm(os.environ.pop("KILL_AT", None))
    _deliver(int(os.environ.pop("DELIVERIES", "1")))
    limit = os.environ.pop("FILE_LIMIT", None)
    if limit:
        resource.setrlimit(resource.RLIMIT_FSIZE, (int(limit), int(limit)))
    budget = os.environ.pop("BUDGET", None)
    if budget is not None:
        _resize_rates(*map(int, budget.split("/")))
    elif not os.environ.pop("KEEPS_RATES", None):
        _lift_rates()
    stages = _listed("STAGES") or STAGES
    accounts = [AccountId(one) for one in _listed("ACCOUNTS")] or None
    _live_later(int(os.environ.pop("DAYS_AHEAD", "0")))
    looks_back = bool(os.environ.pop("LOOKS_BACK", None))
    try:
        settings = load_settings()
        configure_logs(settings.log_format, settings.log_level)
        installation = Installation(settings)
        if looks_back:
            hold_if_restored(installation)
        running = Running(installation, stages, accounts)
        signal.signal(signal.SIGTERM, lambda *_: running.stop())
        running.start()
        failure = running.wait()
    except OrchestratorError as error:
        failure = error
    if failure is None:
        return 0
    said = str(failure) if isinstance(failure, OrchestratorError) else repr(failure)
    sys.stderr.write(f"{type(failure).__name__}: {said}\n")
    return 2 if isinstance(failure, SetUpError) else 1


def _resize_rates(points: int, seconds: int) -> None:
    """Let a vendor's hour pass in seconds: each window of an operation is this one."""
    per = timedelta(seconds=seconds)
    for connector in connectors().values():
        resized = {
            name: replace(
                operation,
                rates=operation.rates
                and tuple(replace(r, limit=points, per=per) for r in operation.rates),
            )
            for name, operation in connector.spec.operations.items()
        }
        connector.spec = replace(connector.spec, operations=resized)


def _lift_rates() -> None:
    """Let hundreds of cases pass in seconds: no operation has windows of its own."""
    for connector in connectors().values():
        spec = connector.spec
        operations = {
            name: replace(operation, rates=None)
            for name, operation in spec.operations.items()
        }
        connector.spec = replace(spec, operations=operations)


def _live_later(days: int) -> None:
    """Let the wall clock be ahead; what is measured in seconds passes as ever."""
    now = SystemClock.now

    def later(clock: SystemClock) -> datetime:
        return now(clock) + timedelta(days=days)

    SystemClock.now = later  # type: ignore[assignment, method-assign]


def _deliver(times: int) -> None:
    """Let every record come late and so many times."""
    if times > 1:
        quiet = Installation.consumer

        def noisy(installation: Installation) -> Consumer:
            return NoisyConsumer(quiet(installation), times=times)

        Installation.consumer = noisy  # type: ignore[assignment, method-assign]


def _listed(name: str) -> list[str]:
    """Read a variable that lists names."""
    given = os.environ.pop(name, "")
    return given.split(",") if given else []


if __name__ == "__main__":
    sys.exit(run())
