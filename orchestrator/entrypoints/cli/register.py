"""`erasure register`: whether register.toml is right, and what is doubtful."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, Annotated

import typer

from orchestrator.entrypoints.cli.opening import open_parts
from orchestrator.entrypoints.cli.options import HELP, Json
from orchestrator.entrypoints.cli.showing import print_json, say, warn
from orchestrator.entrypoints.cli.telling import NO
from orchestrator.errors import OrchestratorError, SetUpError

if TYPE_CHECKING:
    from orchestrator.adapters.register import Register, RegisterWarning
    from orchestrator.bootstrap.installation import Installation

app = typer.Typer(
    name="register", help="The register: controllers, accounts, rules.", **HELP
)


@app.command()
def check(*, as_json: Json = False) -> None:
    """
    Check register.toml: exit 0 nothing to say, 1 warnings, 2 mistakes.

    A warning is about something that works and that a careful person should look at,
    such as an account that is faster than its vendor allows.  An account at which an
    answered case still owes an erasure may not go: the database is asked, if it is
    there.
    """
    from orchestrator.adapters.reading.past_plans import recipients_left_out  # noqa: PLC0415
    from orchestrator.adapters.register import check as warnings_of  # noqa: PLC0415
    from orchestrator.adapters.register.expiring import expiring  # noqa: PLC0415
    from orchestrator.adapters.register.four_eyes import four_eyes  # noqa: PLC0415

    try:
        with open_parts(is_checked=False) as parts:
            register = parts.register
            past = recipients_left_out(parts.database, register)
            today = parts.clock.now().date()
            soon = [*expiring(register, today), *four_eyes(register, today)]
            warnings = [*warnings_of(register), *soon, *past, *_owed(parts)]
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
        say(_in_short(register))
        for warning in warnings:
            warn(str(warning))
    if warnings:
        raise typer.Exit(NO)


def _in_short(register: Register) -> str:
    """Say how much a register holds."""
    return (
        f"Register {register.short_version}: {len(register.controllers)}"
        f" controllers, {len(register.accounts)} accounts,"
        f" {len(register.retention)} retention rules."
    )


def _owed(parts: Installation) -> list[RegisterWarning]:
    """Ask the database for accounts that are owed erasures: gone, or live no more."""
    from orchestrator.adapters.sql.schema import check_schema  # noqa: PLC0415
    from orchestrator.entrypoints.actions.owed_accounts import (  # noqa: PLC0415
        check_owed,
        owed_meanwhile,
    )

    try:
        check_schema(parts.database)
    except OrchestratorError:
        return []  # nothing runs on it yet, or `erasure config check` says why not
    check_owed(parts.register, parts.database)
    return owed_meanwhile(parts.register, parts.database)


class Drawing(StrEnum):
    """How the order is drawn."""

    TEXT = "text"
    DOT = "dot"
    MERMAID = "mermaid"


Format = Annotated[
    Drawing, typer.Option("--format", metavar="FORMAT", help="text, dot or mermaid.")
]
OfController = Annotated[
    str | None,
    typer.Option(
        "--controller", metavar="NAME", help="Of which, if there are several."
    ),
]


@app.command()
def graph(
    drawing: Format = Drawing.TEXT,
    controller: OfController = None,
    *,
    as_json: Json = False,
) -> None:
    """
    Draw in which order an erasure is carried out, and who waits for whom.

    By the register as it is now; a case keeps the order it was opened under.
    """
    from orchestrator.core.work.order import order_of  # noqa: PLC0415
    from orchestrator.entrypoints.printing import drawing as drawn  # noqa: PLC0415

    with open_parts(is_checked=False) as parts:
        register = parts.register
    known = sorted(register.controllers)
    if controller is None and len(known) > 1:
        raise SetUpError(f"Name one with --controller: {', '.join(known)}.")
    plan = register.plan_for(controller or known[0])
    if plan is None:
        raise SetUpError(
            f"The register has no controller {controller}; it has {', '.join(known)}."
        )
    order = order_of(plan)
    if as_json:
        print_json(order)
        return
    draw = {
        Drawing.TEXT: drawn.as_text,
        Drawing.DOT: drawn.as_dot,
        Drawing.MERMAID: drawn.as_mermaid,
    }
    for line in draw[drawing](order):
        say(line)
