"""`erasure privacy`: what personal data this installation holds now."""

from __future__ import annotations

from typing import Annotated

import typer

from orchestrator.entrypoints.cli.opening import open_parts
from orchestrator.entrypoints.cli.options import HELP, Json
from orchestrator.entrypoints.cli.showing import print_rows

# ruff: noqa: PLC0415 (reads should answer at once)

app = typer.Typer(name="privacy", help="The personal data held here.", **HELP)


@app.callback()
def privacy() -> None:
    """Show what personal data is held here."""


@app.command()
def inventory(
    *,
    everything: Annotated[
        bool, typer.Option("--all", help="Also kinds of which there is nothing now.")
    ] = False,
    as_json: Json = False,
) -> None:
    """List each kind of personal data: where, how much, until when."""
    from orchestrator.entrypoints.actions.held import holdings

    with open_parts() as parts:
        found = holdings(parts)
    rows = [one for one in found if everything or as_json or one.count != 0]
    print_rows(
        rows,
        [
            ("kind", lambda row: row.kind),
            ("sort", lambda row: row.sort),
            ("where", lambda row: row.where),
            ("how many", lambda row: "unknown" if row.count is None else row.count),
            ("oldest", lambda row: row.oldest),
            ("last until", lambda row: row.last_until),
            ("overdue", lambda row: row.overdue or ""),
            ("sealed by", lambda row: row.sealed_by),
            ("goes", lambda row: row.goes),
        ],
        as_json=as_json,
        nothing="",
    )
