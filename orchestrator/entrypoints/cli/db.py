"""`erasure db`: the database's schema."""

from __future__ import annotations

import typer

from orchestrator.entrypoints.cli.options import HELP
from orchestrator.entrypoints.cli.showing import say

# ruff: noqa: PLC0415 (--help should answer at once)

app = typer.Typer(name="db", help="The database.", **HELP)


@app.command()
def upgrade() -> None:
    """Make the tables, or bring them to this version; safe to repeat."""
    from orchestrator.adapters.sql.database import Database
    from orchestrator.adapters.sql.schema import upgrade as to_newest
    from orchestrator.settings import load_settings

    database = Database(load_settings().database_url.get_secret_value())
    try:
        before, after = to_newest(database)
    finally:
        database.close()
    if before == after:
        say(f"The schema is {after} already.")
    else:
        say(f"The schema is {after} now.")
