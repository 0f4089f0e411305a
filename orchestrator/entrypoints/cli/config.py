"""`erasure config`: the settings of this process, and whether all is set up."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

import typer

from orchestrator.entrypoints.cli.opening import open_parts
from orchestrator.entrypoints.cli.options import HELP, Json
from orchestrator.entrypoints.cli.showing import print_json, print_table, say, warn
from orchestrator.entrypoints.cli.telling import WRONG_USE

# ruff: noqa: PLC0415 (--help should answer at once)

if TYPE_CHECKING:
    from orchestrator.bootstrap.installation import Installation

app = typer.Typer(name="config", help="Settings, from ERASURE_* variables.", **HELP)


@app.command()
def show(*, as_json: Json = False) -> None:
    """Show every setting as this process sees it; secrets are hidden."""
    from orchestrator.settings import load_settings

    settings = load_settings().redacted()
    if as_json:
        print_json(settings)
    else:
        print_table(["variable", "value"], [list(pair) for pair in settings.items()])


def _doubts(
    parts: Installation, found: Sequence[tuple[str, str | None]]
) -> Iterator[str]:
    """Yield what a careful person should know of an installation that works."""
    from orchestrator.adapters.register.advice import unlocked
    from orchestrator.adapters.register.expiring import expiring
    from orchestrator.adapters.register.four_eyes import four_eyes
    from orchestrator.entrypoints.actions.owed_accounts import owed_meanwhile
    from orchestrator.settings import UNSIGNED_TAKEN, Unsigned

    takes_unsigned = parts.settings.unsigned_requests is Unsigned.TAKE
    if takes_unsigned:
        yield UNSIGNED_TAKEN
    is_read = ("register", None) in found
    if is_read and not takes_unsigned and not parts.register.publishers:
        yield (
            "The register has no publisher, so every request event is refused; write"
            " [publishers.NAME] with the portal's public key."
        )
    if is_read:
        yield from map(str, unlocked(parts.register))
        today = parts.clock.now().date()
        yield from map(str, expiring(parts.register, today))
        yield from map(str, four_eyes(parts.register, today))
    if {("register", None), ("accounts that are owed to", None)} <= {*found}:
        yield from map(str, owed_meanwhile(parts.register, parts.database))


def _where(parts: Installation, name: str) -> str:
    """Say where checkpoints are kept outside the database."""
    kept_in = parts.settings.checkpoints_in
    if name != "checkpoint file":
        return ""
    return f" ({kept_in or 'none: the topic of receipts keeps them'})"


@app.command()
def check(*, as_json: Json = False) -> None:
    """Check all that `run` checks at its start: exit 0 all right, 2 not."""
    from orchestrator.entrypoints.starting import wrong_things

    with open_parts(is_checked=False) as parts:
        found = [("settings", None), *wrong_things(parts)]
        doubts = list(_doubts(parts, found))
    if as_json:
        print_json([{"part": name, "problem": problem} for name, problem in found])
    else:
        for name, problem in found:
            if problem is None:
                say(f"{name}: all right{_where(parts, name)}")
            else:
                warn(f"{name}: {problem}")
        for sentence in doubts:
            warn(sentence)
    if any(problem for _, problem in found):
        raise typer.Exit(WRONG_USE)
