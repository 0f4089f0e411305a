"""`erasure inbox`: what processors said by themselves and nobody could apply."""

from __future__ import annotations

from typing import Annotated

import typer

from orchestrator.entrypoints.cli.opening import open_parts
from orchestrator.entrypoints.cli.options import HELP, Json, Limit
from orchestrator.entrypoints.cli.showing import (
    plain,
    print_facts,
    print_json,
    print_rows,
    say,
)

# ruff: noqa: PLC0415 (reads should answer at once)

app = typer.Typer(
    name="inbox", help="What processors said by themselves: callbacks.", **HELP
)
LetterId = Annotated[str, typer.Argument(metavar="ID", help="As the list names it.")]


@app.command("list")
def list_(
    limit: Limit = 50,
    *,
    everything: Annotated[
        bool, typer.Option("--all", help="Also what was applied or refused.")
    ] = False,
    as_json: Json = False,
) -> None:
    """List what waits, or matches no call of ours, oldest first."""
    with open_parts() as parts:
        rows = parts.inbox.lines(with_ended=everything, limit=limit)
    print_rows(
        rows,
        [
            ("id", lambda row: row.id),
            ("account", lambda row: row.account),
            ("state", lambda row: row.state),
            ("code", lambda row: row.code),
            ("received", lambda row: row.received_at),
            ("expires", lambda row: row.expires_at),
        ],
        as_json=as_json,
        nothing="Everything that came in was applied.",
    )


@app.command()
def show(letter: LetterId, *, as_json: Json = False) -> None:
    """Show why something was not applied, and the shape of what was said."""
    from orchestrator.entrypoints.printing.masking import masked_json

    with open_parts() as parts:
        line = parts.inbox.line(letter)
        opened = parts.inbox.letter(letter)
    shape = masked_json(opened.body, NAMES) if opened is not None else None
    names = sorted(opened.headers) if opened is not None else []
    if as_json:
        members = plain(line)
        known = members if isinstance(members, dict) else {}
        print_json({**known, "content": {"headers": names, "body": shape}})
        return
    print_facts(
        [
            ("id", line.id),
            ("account", line.account),
            ("channel", line.channel),
            ("state", line.state),
            ("code", line.code),
            ("bytes", str(line.size)),
            ("received", line.received_at),
            ("tried", line.tried_at),
            ("expires", line.expires_at),
            ("headers", ", ".join(names)),
        ]
    )
    for part in (shape or "").splitlines():
        say(part)


# Member names of the protocols that we speak; another one may be anybody's data.
NAMES = frozenset(
    {
        *("controller_id", "expected_completion_time", "subject_request_id"),
        *("request_status", "status_callback_url", "results_url", "results_count"),
        *("api_version", "extensions", "status", "call", "reply", "task", "tasks"),
    }
)
