"""`erasure hold`: what is held, by whom, and when somebody must look again."""

from __future__ import annotations

import typer

from orchestrator.entrypoints.cli.opening import open_queries
from orchestrator.entrypoints.cli.options import HELP, Json, Limit
from orchestrator.entrypoints.cli.showing import print_rows

app = typer.Typer(name="hold", help="Holds: what stops cases, and until when.", **HELP)


@app.callback()
def hold() -> None:
    """Show what stops cases, and until when."""


@app.command("list")
def list_(limit: Limit = 50, *, as_json: Json = False) -> None:
    """List holds, those first that somebody must look at now."""
    with open_queries() as queries:
        rows = queries.held(limit)
    print_rows(
        rows,
        [
            ("case", lambda row: row.case),
            ("held for", lambda row: row.hold.reason),
            ("classes", lambda row: row.hold.classes),
            ("since", lambda row: row.hold.at),
            ("by", lambda row: row.hold.by),
            ("owner", lambda row: row.hold.owner),
            ("look again", lambda row: row.hold.review_at),
            ("due", lambda row: "now" if row.hold.is_due else ""),
            ("case due", lambda row: row.case_due_at),
        ],
        as_json=as_json,
        nothing="No case is held.",
    )
