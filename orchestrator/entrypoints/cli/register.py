"""`erasure register`: whether register.toml is right, and what is doubtful."""

from __future__ import annotations

import typer

from orchestrator.entrypoints.cli.opening import open_parts
from orchestrator.entrypoints.cli.options import HELP, Json
from orchestrator.entrypoints.cli.showing import print_json, say, warn
from orchestrator.entrypoints.cli.telling import NO
from orchestrator.errors import SetUpError

app = typer.Typer(
    name="register", help="The register: controllers, accounts, rules.", **HELP
)


@app.command()
def check(*, as_json: Json = False) -> None:
    """
    Check register.toml: exit 0 nothing to say, 1 warnings, 2 mistakes.

    A warning is about something that works and that a careful person should look at,
    such as an account that is faster than its vendor allows.
    """
    from orchestrator.adapters.register import check as warnings_of  # noqa: PLC0415

    try:
        with open_parts(is_checked=False) as parts:
            register = parts.register
            warnings = warnings_of(register)
    except SetUpError as error:
        if as_json:
            print_json({"mistakes": str(error).splitlines()})
        raise
    if as_json:
        print_json(
            {
                "version": register.version,
                "accounts": sorted(register.accounts),
                "warnings": warnings,
                "mistakes": [],
            }
        )
    else:
        say(
            f"Register {register.short_version}: {len(register.controllers)}"
            f" controllers, {len(register.accounts)} accounts,"
            f" {len(register.retention)} retention rules."
        )
        for warning in warnings:
            warn(str(warning))
    if warnings:
        raise typer.Exit(NO)
