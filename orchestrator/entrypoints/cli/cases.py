"""`erasure case`: what became of each request."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from orchestrator.entrypoints.cli import deciding, missing
from orchestrator.entrypoints.cli.opening import open_parts, open_queries
from orchestrator.entrypoints.cli.options import (
    HELP,
    ByDecider,
    ByUnlocker,
    CaseId,
    Json,
    Limit,
    word_of,
)
from orchestrator.entrypoints.cli.showing import (
    Columns,
    print_facts,
    print_json,
    print_rows,
    say,
)
from orchestrator.errors import SetUpError

# ruff: noqa: PLC0415 (reads should answer at once)

if TYPE_CHECKING:
    from orchestrator.adapters.reading.views import CaseView, TaskLine

app = typer.Typer(name="case", help="Cases: our handling of one request each.", **HELP)

app.command("hold")(deciding.hold)
app.command("release")(deciding.release)
app.command("approve")(deciding.approve)
app.command("refuse")(deciding.refuse)
app.command("use-stopped")(deciding.use_stopped)
app.command("notice")(deciding.notice)
app.command("answered")(missing.answered)

_STATUSES = ("received", "running", "attached", "answered", "closed")


@app.command("list")
def list_(
    status: Annotated[
        str | None,
        typer.Option(
            "--status", metavar="STATUS", help=f"One of {', '.join(_STATUSES)}."
        ),
    ] = None,
    limit: Limit = 50,
    *,
    as_json: Json = False,
) -> None:
    """List cases, newest first."""
    from orchestrator.adapters.clock import SystemClock

    if status is not None and status not in _STATUSES:
        raise SetUpError(
            f"There is no status {status}; write one of {', '.join(_STATUSES)}."
        )
    with open_queries() as queries:
        rows = queries.cases(SystemClock().now(), status=status, limit=limit)
    print_rows(
        rows,
        [
            ("case", lambda row: row.id),
            ("rights", lambda row: row.rights),
            ("status", lambda row: row.status),
            ("due", lambda row: row.due_at),
            ("overdue", lambda row: row.is_overdue),
            ("next alarm", lambda row: row.next_alarm_at),
            ("settled", lambda row: f"{row.tasks_settled}/{row.tasks}"),
            ("for people", lambda row: row.tasks_needing_people or ""),
            ("copy", lambda row: "" if row.export == "not_asked" else row.export),
            ("result", lambda row: row.result),
        ],
        as_json=as_json,
        nothing="There are no such cases.",
    )


@app.command()
def show(case: CaseId, *, as_json: Json = False) -> None:
    """Show one case with its tasks, statements and history."""
    from orchestrator.adapters.clock import SystemClock

    with open_queries() as queries:
        found = queries.case(case, SystemClock().now())
    if as_json:
        print_json(found)
    else:
        _print(found)


@app.command()
def withdraw(
    case: CaseId,
    by: ByDecider,
    reason: Annotated[
        str,
        typer.Option(
            "--reason",
            metavar="CODE",
            help="by_person, duplicate or sent_in_error.",
        ),
    ] = "by_person",
) -> None:
    """Stop a case whose request was withdrawn; what is erased stays erased."""
    from orchestrator.entrypoints.actions.rulings import Rulings
    from schemas.withdrawals import WithdrawalReason

    code = word_of(WithdrawalReason, reason, "reason")
    with open_parts() as parts:
        Rulings(parts).withdraw(case, code, by)
    say(f"The request is withdrawn; see `erasure case show {case}` for what goes on.")


@app.command()
def unlock(
    case: CaseId,
    by: ByUnlocker,
    key: Annotated[
        Path,
        typer.Option(
            "--key", metavar="FILE", help="The data protection officer's private key."
        ),
    ],
    for_: Annotated[
        str,
        typer.Option(
            "--for", metavar="TIME", help="How long, such as 3d; 31d at most."
        ),
    ] = "7d",
) -> None:
    """Hand the identifiers of a locked case back for a time, so that work goes on."""
    from orchestrator.adapters.durations import parse_duration
    from orchestrator.entrypoints.actions import unlocking

    try:
        length = parse_duration(for_)
    except ValueError as error:
        raise SetUpError(f"--for: {for_} {error}.") from None
    with open_parts() as parts:
        until = unlocking.unlock(parts, case, key, length, by)
    say(f"The case goes on; it is locked again at {until:%Y-%m-%d %H:%M} UTC.")


def _print(found: CaseView) -> None:
    """Print a case for people."""
    print_facts(
        [
            ("case", found.id),
            ("request", found.request_id),
            ("not for real", found.rehearsal or None),
            ("controller", found.controller),
            ("rights", found.rights),
            ("jurisdiction", found.jurisdiction),
            ("status", found.status),
            ("result", found.result),
            ("is answered with case", found.led_by),
            ("by statement", found.answered_with),
            ("answers case", found.leads or None),
            ("received", found.received_at),
            ("due", found.due_at),
            ("due by rule", found.due_rule),
            ("holidays", found.due_calendar),
            ("confirm the receipt by", found.confirm_by),
            ("overdue", found.is_overdue),
            ("next alarm", found.next_alarm_at),
            ("under review", found.is_under_review or None),
            ("refused for", found.refused_for),
            ("extended because", found.extended_because),
            ("identity was asked", found.identity_asked_at),
            ("identity was received", found.identity_received_at),
            ("due if that wait did not count", found.due_if_suspended),
            ("withdrawn", found.withdrawn_at),
            ("answered", found.answered_at),
            ("closed", found.closed_at),
            *_of_copy(found),
            ("identity is held", found.identity_held),
            ("identifiers stay until", found.locks_at),
            ("with the DPO since", found.locked_at),
            ("next moment", found.wake_at),
            ("register", found.register_version[:12]),
        ]
    )
    _print_parts(found)


def _of_copy(found: CaseView) -> list[tuple[str, Any]]:
    """Return the facts about the person's copy."""
    return [
        ("copy", found.export),
        ("copy is kept until", found.export_expires_at),
        ("copy was downloaded", found.export_downloaded_at),
        ("copy was collected", found.export_collected_at),
    ]


def _print_parts(found: CaseView) -> None:
    """Print what belongs to a case."""
    say()
    print_rows(
        found.tasks,
        _TASKS,
        as_json=False,
        nothing=(
            "The register names no account for this case."
            if found.led_by is None
            else "Nothing is done for this request itself; that case answers it."
        ),
    )
    for rows, columns in (
        (found.endangered, _ENDANGERED),
        (found.obligations, _OWED),
        (found.holds, _HOLDS),
        (found.rulings, _RULINGS),
        (found.amendments, _AMENDMENTS),
        (found.informed, _INFORMED),
    ):
        if rows:
            say()
            print_rows(rows, columns, as_json=False, nothing="")
    say()
    print_rows(
        found.history,
        [
            ("version", lambda row: row.version),
            ("at", lambda row: row.at),
            ("event", lambda row: row.event),
            ("task", lambda row: (row.task or "").removeprefix(f"{found.id}.")),
            ("what", lambda row: row.detail),
            ("by", lambda row: row.by),
        ],
        as_json=False,
        nothing="Nothing has happened yet.",
    )


_TASKS: Columns[TaskLine] = [
    ("account", lambda row: row.account),
    ("action", lambda row: row.action),
    ("status", lambda row: row.status),
    ("outcome", lambda row: row.outcome),
    ("why", lambda row: row.reason or row.gate),
    ("items", lambda row: row.items or ""),
    ("silence", lambda row: row.rung or ""),
    ("next moment", lambda row: row.wake_at),
]
_ENDANGERED: Columns[Any] = [
    ("not in time", lambda row: row.account),
    ("action", lambda row: row.action),
    ("why", lambda row: row.why),
    ("expected by", lambda row: row.expected_by or "nobody can say"),
]
_HOLDS: Columns[Any] = [
    ("held for", lambda row: row.reason),
    ("classes", lambda row: row.classes),
    ("since", lambda row: row.at),
    ("by", lambda row: row.by),
    ("owner", lambda row: row.owner),
    ("look again", lambda row: row.review_at),
    ("due", lambda row: "now" if row.is_due else ""),
]
_RULINGS: Columns[Any] = [
    ("ruling", lambda row: row.kind),
    ("reason", lambda row: row.reason),
    ("provision", lambda row: row.provision),
    ("records", lambda row: row.record_classes),
    ("by", lambda row: row.by),
    ("at", lambda row: row.at),
]
_AMENDMENTS: Columns[Any] = [
    ("sent later", lambda row: row.types or "nothing new"),
    ("at", lambda row: row.at),
    ("asked", lambda row: row.accounts),
    ("too late for", lambda row: row.passed_over),
]
_INFORMED: Columns[Any] = [
    ("person was told", lambda row: row.what),
    ("by", lambda row: row.channel),
    ("at", lambda row: row.at),
]
_OWED: Columns[Any] = [
    ("still owed by", lambda row: row.account),
    ("class", lambda row: row.record_class),
    ("rule", lambda row: row.rule),
    ("needed", lambda row: row.fields or "all"),
    ("due after", lambda row: row.due_on),
    ("follow-up", lambda row: row.status),
    ("items", lambda row: row.items),
]
