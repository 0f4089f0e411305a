"""`erasure case extend`, `ask-identity`, `identity-received`: a case's time."""

from __future__ import annotations

from typing import Annotated

import typer

from orchestrator.entrypoints.cli.cases import app
from orchestrator.entrypoints.cli.opening import open_parts
from orchestrator.entrypoints.cli.options import ByDecider, CaseId, word_of
from orchestrator.entrypoints.cli.showing import say, text

# ruff: noqa: PLC0415 (reads should answer at once)

__all__ = ["app"]


@app.command()
def extend(
    case: CaseId,
    by: ByDecider,
    reason: Annotated[
        str,
        typer.Option("--reason", metavar="CODE", help="complexity or number."),
    ],
) -> None:
    """Extend a deadline once, before it is over; the person must be told."""
    from orchestrator.core.words import ExtensionReason
    from orchestrator.entrypoints.actions.timing import Timing

    code = word_of(ExtensionReason, reason, "reason")
    with open_parts() as parts:
        send_by = Timing(parts).extend(case, code, by)
    say(
        f"The deadline is extended if the notice leaves by {text(send_by)}; the "
        "portal is told to send it."
    )


@app.command("ask-identity")
def ask_identity(case: CaseId, by: ByDecider) -> None:
    """Ask the person who they are; nothing is erased or copied until they answer."""
    from orchestrator.entrypoints.actions.timing import Timing

    with open_parts() as parts:
        Timing(parts).ask_identity(case, by)
    say("The portal is told to ask. The deadline stays, and so do its alarms.")


@app.command("identity-received")
def identity_received(case: CaseId, by: ByDecider) -> None:
    """Say that the person has shown who they are; the work goes on."""
    from orchestrator.entrypoints.actions.timing import Timing

    with open_parts() as parts:
        Timing(parts).receive_identity(case, by)
    say("The work goes on.")
