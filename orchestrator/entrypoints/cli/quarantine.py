"""`erasure quarantine`: events that may not go on until a person has seen them."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Annotated

import typer

from orchestrator.entrypoints.cli.opening import open_database, open_parts
from orchestrator.entrypoints.cli.options import (
    HELP,
    SOMEBODY,
    ByDecider,
    ByOperator,
    Json,
    Limit,
)
from orchestrator.entrypoints.cli.showing import (
    Columns,
    plain,
    print_facts,
    print_json,
    print_rows,
    say,
    text,
    warn,
)
from orchestrator.errors import SetUpError

# ruff: noqa: PLC0415 (reads should answer at once)

if TYPE_CHECKING:
    from orchestrator.adapters.intake.quarantine_views import QuarantinedLine
    from orchestrator.adapters.sql.database import Database
    from orchestrator.entrypoints.actions.releasing import QuarantinedView
    from orchestrator.ports import Unkept
    from schemas.rejections import RejectionCode

app = typer.Typer(
    name="quarantine", help="Events that were refused and kept, encrypted.", **HELP
)
EventId = Annotated[str, typer.Argument(metavar="ID", help="As the list names it.")]

EventIds = Annotated[
    list[str] | None, typer.Argument(metavar="ID…", help="As the list names them.")
]
Reason = Annotated[
    str,
    typer.Option(
        "--reason",
        metavar="REASON",
        help="forged, not_a_request, sent_again, answered_otherwise or not_wanted.",
    ),
]
Code = Annotated[
    str | None,
    typer.Option(
        "--code", metavar="CODE", help="All of one code that nobody of ours signed."
    ),
]

_NONE_LIKE_THIS = "Nothing in quarantine is like this."
_COLUMNS: Columns[QuarantinedLine] = (
    ("id", lambda row: row.id),
    ("state", lambda row: row.state),
    ("code", lambda row: row.code),
    ("pointer", lambda row: row.pointer),
    ("type", lambda row: row.type),
    ("request", lambda row: row.request_id),
    ("seen", lambda row: row.seen_at),
    ("due", lambda row: row.due_at),
    ("expires", lambda row: row.expires_at),
)

_UNKEPT: Columns[Unkept] = (
    ("hour", lambda row: row.hour),
    ("code", lambda row: row.code),
    ("type", lambda row: row.type),
    ("count", lambda row: str(row.count)),
    ("bytes", lambda row: str(row.size)),
    ("topic", lambda row: row.topic),
    ("partition", lambda row: str(row.partition)),
    ("offsets", lambda row: f"{row.first_offset} to {row.last_offset}"),
)


@app.command("list")
def list_(
    limit: Limit = 50,
    code: Annotated[
        str | None,
        typer.Option("--code", metavar="CODE", help="Only what has this code."),
    ] = None,
    type_: Annotated[
        str | None,
        typer.Option("--type", metavar="TYPE", help="Only events of this type."),
    ] = None,
    *,
    everything: Annotated[
        bool, typer.Option("--all", help="Also what was released, dropped or expired.")
    ] = False,
    as_json: Json = False,
) -> None:
    """
    List quarantined events, oldest first.

    A request has the day by which it would have to be answered, and no expiry.  The
    type is what an event says of itself, the request what a publisher signed.
    """
    from orchestrator.adapters.intake.quarantine import SqlQuarantine, Wanted

    wanted = Wanted(everything, code, type_)
    with open_database() as database:
        quarantine = SqlQuarantine(database)
        rows = quarantine.lines(wanted, limit)
        count = quarantine.count(wanted)
        unkept = _lately_unkept(database)
    is_all = wanted == Wanted()
    nothing = "Nothing is quarantined." if is_all else _NONE_LIKE_THIS
    print_rows(rows, _COLUMNS, as_json=as_json, nothing=nothing)
    if count > len(rows):
        warn(f"{count - len(rows)} more are there; --limit shows more of them.")
    if unkept:
        warn(
            f"{unkept} more were only counted in the last 24 hours:"
            " `erasure quarantine unkept`."
        )


@app.command()
def unkept(limit: Limit = 50, *, as_json: Json = False) -> None:
    """
    List what was only counted, the latest hour first.

    It had no room, because nobody of ours signed it, or it was a copy of what waits.
    The offsets say where it stands on the topic as long as the topic keeps it.
    """
    from orchestrator.adapters.intake.quarantine_room import SqlRoom

    with open_database() as database:
        rows = SqlRoom(database).unkept(limit=limit)
    nothing = "Everything that was refused is kept."
    print_rows(rows, _UNKEPT, as_json=as_json, nothing=nothing)


@app.command()
def show(event: EventId, by: ByOperator = SOMEBODY, *, as_json: Json = False) -> None:
    """
    Show what is wrong with an event, and the shape of its payload.

    Who looked stays, as everything that is done with it.
    """
    from orchestrator.entrypoints.actions.releasing import Releasing

    with open_parts() as parts:
        found = Releasing(parts).shown(event, by)
    line = found.event
    if as_json:
        shape = {"headers": list(found.headers), "value": found.value}
        actions = plain(list(found.actions))
        request = found.request_id or line.request_id
        named = {"request_id": request, "payload": shape}
        print_json({**_members(line), **named, "actions": actions})
        return
    print_facts(_facts(found))
    if found.headers:
        say()
    for header in found.headers:
        say(header)
    for part in (found.value or "").splitlines():
        say(part)


@app.command()
def release(
    event: EventId,
    by: ByDecider = SOMEBODY,
    *,
    although_expired: Annotated[
        bool,
        typer.Option(
            "--although-expired",
            help="Take it although it came late, once you made sure that it is real.",
        ),
    ] = False,
) -> None:
    """Feed an event in again, after what was wrong with it has been mended."""
    from orchestrator.entrypoints.actions.releasing import Releasing

    with open_parts() as parts:
        Releasing(parts).release(event, by, although_expired=although_expired)
    say("The event is released.")


@app.command()
def drop(
    events: EventIds = None,
    *,
    by: ByDecider,
    reason: Reason,
    code: Code = None,
) -> None:
    """
    Decide that events are not carried out from here, and destroy their payloads.

    What was wrong with each, who decided and why stay listed.
    """
    from orchestrator.adapters.intake.quarantine import DropReason
    from orchestrator.entrypoints.actions.releasing import Releasing

    known = {one.value: one for one in DropReason}
    if reason not in known:
        raise SetUpError(f"--reason takes one of {', '.join(known)}.")
    if bool(events) == bool(code):
        raise SetUpError("Name the events, or all of one code by --code.")
    with open_parts() as parts:
        releasing = Releasing(parts)
        for event in events or ():
            releasing.drop(event, by, known[reason])
            say(f"{event}: the payload is destroyed")
        if code:
            count = releasing.drop_all(_a_code(code), by, known[reason])
            say(f"{count} events are dropped; their payloads are destroyed.")


def _lately_unkept(database: Database) -> int:
    """Count what had no room in the last 24 hours."""
    from orchestrator.adapters.clock import SystemClock
    from orchestrator.adapters.intake.quarantine_room import SqlRoom

    day_ago = SystemClock().now() - timedelta(days=1)
    return sum(one.count for one in SqlRoom(database).unkept(day_ago))


def _a_code(word: str) -> RejectionCode:
    """Accept the code of a rejection."""
    from schemas.rejections import RejectionCode

    if word not in set(RejectionCode):
        raise SetUpError(f"There is no code {word}; `erasure quarantine list` has it.")
    return RejectionCode(word)


def _facts(found: QuarantinedView) -> list[tuple[str, object]]:
    """Return what a person reads of an event, and what was done with it."""
    line = found.event
    return [
        ("id", line.id),
        ("state", line.state),
        ("code", line.code),
        ("pointer", line.pointer),
        ("rule", line.rule),
        ("hint", line.hint),
        ("type", line.type),
        ("request", found.request_id or line.request_id),
        ("record", f"{line.topic} {line.partition} {line.offset}"),
        ("bytes", str(line.size)),
        ("seen", line.seen_at),
        ("received", line.received_at),
        ("due", line.due_at),
        ("expires", line.expires_at),
        ("ended", line.ended_at),
        ("by", line.ended_by),
        ("reason", line.reason),
        *((one.action, f"{text(one.at)} by {one.by}") for one in found.actions),
    ]


def _members(line: object) -> dict[str, object]:
    """Return a line's fields as JSON has them."""
    members = plain(line)
    return members if isinstance(members, dict) else {}
