"""`erasure status`: one screen about the whole installation."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

import typer

from orchestrator.entrypoints.cli.opening import open_database
from orchestrator.entrypoints.cli.options import Json
from orchestrator.entrypoints.cli.showing import print_facts, print_json, warn
from orchestrator.entrypoints.cli.telling import NO, WRONG_USE

# ruff: noqa: PLC0415 (reads should answer at once)

if TYPE_CHECKING:
    from orchestrator.adapters.reading.queries import Queries
    from orchestrator.adapters.reading.views import Status
    from orchestrator.adapters.receipts.checkpoint_file import CheckpointFile
    from orchestrator.adapters.receipts.log_standing import Compared
    from orchestrator.adapters.sql.database import Database
    from orchestrator.settings import Settings

DAY = timedelta(days=1)
NEARLY = 80  # percent: from there on it is told


def status(*, as_json: Json = False) -> None:
    """
    Show lag, open cases, tasks that need people, paused accounts, quarantine.

    Exit 1 while everything irreversible is held after a restore; 2 if the broker cannot
    be asked how many requests wait. The rest is shown in either case.
    """
    from orchestrator.adapters.clock import SystemClock
    from orchestrator.adapters.reading.queries import Queries
    from orchestrator.settings import load_settings

    settings = load_settings()
    is_embedded = not settings.kafka
    with open_database() as database:
        queries = Queries(database)
        found = queries.status(
            SystemClock().now(), "embedded" if is_embedded else "kafka"
        )
        if not is_embedded:
            found = replace(found, lag=_kafka_lag(queries))
        found = _with_room(found, database, settings)
        log = _standing(database, settings)
        found = _with_log(found, log, settings)
    if as_json:
        print_json(found)
    else:
        print_facts(_facts(found))
    for sentence in _alarms(found, settings):
        warn(sentence)
    if log.is_held:
        warn(log.sentence)
        raise typer.Exit(NO)
    if found.lag is None:
        raise typer.Exit(WRONG_USE)


def _with_room(found: Status, database: Database, settings: Settings) -> Status:
    """Add how full the quarantine is of what nobody of ours sent."""
    from orchestrator.adapters.intake.quarantine_room import SqlRoom
    from orchestrator.ports import Bounds

    room = SqlRoom(database)
    bounds = Bounds(settings.quarantine_most_events, settings.quarantine_most_bytes)
    percents = [bounds.percent(one.count, one.size) for one in room.rooms()]
    unkept = sum(one.count for one in room.unkept(found.at - DAY))
    return replace(found, quarantine_percent=max(percents, default=0), unkept=unkept)


def _standing(database: Database, settings: Settings) -> Compared:
    """Compare the log with the file, and with what a process found on the topic."""
    from orchestrator.adapters.receipts.log_book import LogBook
    from orchestrator.adapters.receipts.log_standing import compared
    from orchestrator.adapters.receipts.restore_hold import SqlRestoreHold

    seen = compared(LogBook(database), _checkpoints(settings))
    return SqlRestoreHold(database).found() or seen


def _with_log(found: Status, log: Compared, settings: Settings) -> Status:
    """Add how the log stands, and where its checkpoints are kept."""
    kept_in = settings.checkpoints_in
    return replace(
        found,
        logged=log.ours,
        log_standing=log.standing.value,
        is_held=log.is_held,
        checkpoints_in=None if kept_in is None else str(kept_in),
    )


def _alarms(found: Status, settings: Settings) -> Iterator[str]:
    """Yield what must not be overlooked, where nothing has failed."""
    from orchestrator.settings import UNSIGNED_TAKEN, Unsigned

    if found.quarantined_near:
        yield (
            "Requests in quarantine are due within 7 days: `erasure quarantine list`"
            " shows them; rule on each."
        )
    if found.quarantine_percent >= NEARLY:
        yield (
            f"The quarantine has {found.quarantine_percent} % of what it keeps of one"
            " cause where no publisher signed; what comes above is only counted:"
            " `erasure quarantine unkept`."
        )
    if settings.unsigned_requests is Unsigned.TAKE:
        yield UNSIGNED_TAKEN
    yield from _ending_keys(settings)


def _ending_keys(settings: Settings) -> Iterator[str]:
    """Yield publishers whose last key ends soon; where no register is, nothing."""
    from orchestrator.adapters.clock import SystemClock
    from orchestrator.adapters.register.expiring import expiring
    from orchestrator.bootstrap.installation import Installation
    from orchestrator.errors import SetUpError

    installation = Installation(settings)
    try:
        yield from map(str, expiring(installation.register, SystemClock().now().date()))
    except SetUpError:
        # `erasure config check` has its sentences; a status is shown all the same.
        return
    finally:
        installation.close()


def _checkpoints(settings: Settings) -> CheckpointFile | None:
    """Return where checkpoints are kept outside the database, if anywhere."""
    from orchestrator.adapters.receipts.checkpoint_file import CheckpointFile

    path = settings.checkpoints_in
    return None if path is None else CheckpointFile(path)


def _kafka_lag(queries: Queries) -> int | None:
    """Count the requests not ingested; says so and goes on if no broker answers."""
    from orchestrator.bootstrap.installation import Installation
    from orchestrator.entrypoints.starting import libraries_silenced
    from orchestrator.errors import OrchestratorError
    from orchestrator.settings import load_settings
    from schemas.topics import REQUESTS

    positions = queries.input_offsets(REQUESTS)
    installation = Installation(load_settings())
    try:
        with libraries_silenced():
            return installation.kafka_topics.records_after(REQUESTS, positions)
    except OrchestratorError as error:
        warn(str(error))
        return None
    finally:
        installation.close()


def _owed(found: Status) -> str:
    """Say how much answered cases still owe, and when the next is due."""
    return f"{found.owed}, next after {found.next_owed_on}" if found.owed else "0"


def _quarantined(found: Status) -> str:
    """Return how many wait, and how many of them cannot wait any more."""
    near = found.quarantined_near
    unkept = f", {found.unkept} not kept in 24 hours" if found.unkept else ""
    return f"{found.quarantined}{f', {near} due within 7 days' if near else ''}{unkept}"


def _facts(found: Status) -> list[tuple[str, object]]:
    """Return what a person reads, in the order of alarm."""
    lag = "unknown" if found.lag is None else str(found.lag)
    overdue = f", {found.overdue_cases} overdue" if found.overdue_cases else ""
    unplanned = (
        f", {found.unplanned_cases} without accounts" if found.unplanned_cases else ""
    )
    silent = [f"{one.account} {one.rung} {one.tasks}" for one in found.silent]
    paused = ", ".join(found.paused_accounts) or "none"
    return [
        ("database", found.database),
        ("event log", found.event_log),
        ("workers", str(found.workers)),
        ("requests to read", lag),
        ("messages to send", str(found.unsent)),
        ("oldest of them", found.oldest_unsent_at),
        ("open cases", f"{found.open_cases}{overdue}{unplanned}"),
        ("next deadline", found.next_due_at),
        ("tasks for people", str(found.tasks_needing_people)),
        ("tasks that wait", str(found.waiting_tasks)),
        ("paused accounts", paused),
        ("silent accounts", ", ".join(silent) or "none"),
        ("cases with the DPO", found.locked_cases or None),
        ("identifiers beyond their time", found.overdue_identifiers or None),
        ("quarantined", _quarantined(found)),
        ("brakes pulled", str(found.pulled_brakes)),
        ("unmatched callbacks", str(found.unmatched_callbacks)),
        ("still owed", _owed(found)),
        ("receipts in the log", str(found.logged)),
        ("published log", found.log_standing),
        ("checkpoints kept in", found.checkpoints_in or "the topic of receipts"),
        ("held by a restore", "yes" if found.is_held else "no"),
    ]
