"""Every noun of the command."""

from __future__ import annotations

from importlib.metadata import version
from typing import Annotated

import typer

from orchestrator.entrypoints.cli import (
    account,
    brake,
    config,
    connector,
    db,
    demo,
    export,
    holds,
    inbox,
    keys,
    log,
    privacy,
    quarantine,
    receipt,
    register,
    report,
    request,
    run,
    status,
    task,
    timing,
    tombstones,
    topics,
)
from orchestrator.entrypoints.cli.options import HELP
from orchestrator.entrypoints.cli.showing import say

app = typer.Typer(
    name="erasure",
    epilog="Exit codes: 0 yes, 1 no, 2 wrong use or set-up.",
    **HELP,
)


def _print_version(is_asked: bool) -> None:  # noqa: FBT001 (typer's way)
    """Print which version of the program this is, and leave."""
    if is_asked:
        say(f"erasure {version('erasure-orchestrator')}")
        raise typer.Exit


@app.callback()
def erasure(
    *,
    show_version: Annotated[
        bool,
        typer.Option(
            "--version", callback=_print_version, is_eager=True, help="Say which it is."
        ),
    ] = False,
) -> None:
    """Carry out and prove data-subject requests, in every account that has the data."""


app.command("demo")(demo.demo)
app.command("run")(run.run)
app.command("status")(status.status)
app.command("report")(report.report)
app.add_typer(request.app)
app.add_typer(timing.app)  # the case commands, with those about time
app.add_typer(holds.app)
app.add_typer(task.app)
app.add_typer(brake.app)
app.add_typer(quarantine.app)
app.add_typer(inbox.app)
app.add_typer(receipt.app)
app.add_typer(log.app)
app.add_typer(export.app)
app.add_typer(account.app)
app.add_typer(privacy.app)
app.add_typer(tombstones.app)
app.add_typer(connector.app)
app.add_typer(register.app)
app.add_typer(topics.app)
app.add_typer(db.app)
app.add_typer(keys.app)
app.add_typer(config.app)
