"""Every noun of the command."""

from __future__ import annotations

import typer

from orchestrator.entrypoints.cli import (
    account,
    cases,
    config,
    connector,
    db,
    demo,
    export,
    inbox,
    keys,
    quarantine,
    receipt,
    register,
    request,
    run,
    status,
    task,
    topics,
)
from orchestrator.entrypoints.cli.options import HELP

app = typer.Typer(
    name="erasure",
    help="Carry out and prove data-subject requests, in every account that holds the"
    " data.",
    epilog="Exit codes: 0 yes, 1 no, 2 wrong use or set-up.",
    **HELP,
)
app.command("demo")(demo.demo)
app.command("run")(run.run)
app.command("status")(status.status)
app.add_typer(request.app)
app.add_typer(cases.app)
app.add_typer(task.app)
app.add_typer(quarantine.app)
app.add_typer(inbox.app)
app.add_typer(receipt.app)
app.add_typer(export.app)
app.add_typer(account.app)
app.add_typer(connector.app)
app.add_typer(register.app)
app.add_typer(topics.app)
app.add_typer(db.app)
app.add_typer(keys.app)
app.add_typer(config.app)
