"""`erasure account`: the systems that hold the data, and whether they answer."""

from __future__ import annotations

from typing import Annotated

import typer

from orchestrator.entrypoints.cli.opening import open_parts
from orchestrator.entrypoints.cli.options import (
    HELP,
    SOMEBODY,
    AccountName,
    ByOperator,
    Json,
)
from orchestrator.entrypoints.cli.showing import print_rows, say

# ruff: noqa: PLC0415 (--help should answer at once)

app = typer.Typer(
    name="account", help="Accounts: installations of recipients' systems.", **HELP
)


@app.command("list")
def list_(*, as_json: Json = False) -> None:
    """List the register's accounts: who works for them, what pauses them."""
    from orchestrator.entrypoints.actions.accounts import Accounts

    with open_parts() as parts:
        rows = Accounts(parts).lines()
    print_rows(
        rows,
        [
            ("account", lambda row: row.id),
            ("connector", lambda row: row.connector),
            ("environment", lambda row: row.environment),
            ("mode", lambda row: row.mode),
            ("state", lambda row: row.state),
            ("why", lambda row: row.reason),
            ("since", lambda row: row.paused_at),
            ("by", lambda row: row.paused_by),
            ("held until", lambda row: row.held_until),
            ("waiting", lambda row: row.waiting_tasks or ""),
            ("for people", lambda row: row.tasks_needing_people or ""),
        ],
        as_json=as_json,
        nothing="The register has no account.",
    )
    for row in rows:
        if row.advice and not as_json:
            say(f"{row.id}: {row.advice}.")


@app.command()
def ping(account: AccountName) -> None:
    """Ask an account for its own name; a good answer ends a pause for credentials."""
    from orchestrator.entrypoints.actions.accounts import Accounts

    with open_parts() as parts:
        pinged = Accounts(parts).ping(account)
    say(f"{account} answers as {pinged.name}.")
    if pinged.is_anonymous:
        say(f'Write installation = "{pinged.name}" into its table of the register.')
    if pinged.is_resumed:
        say("Its pause is over.")
    elif pinged.still_paused:
        say(
            f"It stays paused ({pinged.still_paused});"
            f" `erasure account resume {account}` ends that."
        )


@app.command()
def pause(
    account: AccountName,
    by: ByOperator = SOMEBODY,
    reason: Annotated[
        str,
        typer.Option("--reason", metavar="CODE", help="A word without spaces."),
    ] = "by_hand",
) -> None:
    """Stop calling an account; its tasks wait."""
    from orchestrator.entrypoints.actions.accounts import Accounts

    with open_parts() as parts:
        Accounts(parts).pause(account, reason, by)
    say(f"{account} is paused; `erasure account resume {account}` ends that.")


@app.command()
def resume(account: AccountName, by: ByOperator = SOMEBODY) -> None:
    """Go on calling a paused account."""
    from orchestrator.entrypoints.actions.accounts import Accounts

    with open_parts() as parts:
        Accounts(parts).resume(account, by)
    say(f"{account} goes on.")
