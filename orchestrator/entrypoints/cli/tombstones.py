"""`erasure tombstones`: whom a restored system must erase again."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated

import typer

from orchestrator.entrypoints.cli.opening import open_parts
from orchestrator.entrypoints.cli.options import HELP, Json
from orchestrator.entrypoints.cli.showing import print_json, say, warn
from orchestrator.entrypoints.cli.telling import NO
from orchestrator.errors import SetUpError

# ruff: noqa: PLC0415 (reads should answer at once)

if TYPE_CHECKING:
    from orchestrator.bootstrap.installation import Installation
    from orchestrator.entrypoints.actions.restored import Restored

app = typer.Typer(
    name="tombstones", help="Digests of erased ids, for systems restored.", **HELP
)


def _moment(value: str) -> datetime:
    """Read a time; without an offset it is UTC."""
    try:
        at = datetime.fromisoformat(value)
    except ValueError:
        raise SetUpError("--taken-at takes a time such as 2026-11-20T03:00Z.") from None
    return at if at.tzinfo else at.replace(tzinfo=UTC)


@app.callback()
def tombstones() -> None:
    """Digests of erased ids, for systems restored."""


@app.command()
def check(
    of_type: Annotated[
        str, typer.Option("--type", metavar="TYPE", help="What each line is: email, …")
    ],
    controller: Annotated[
        str | None,
        typer.Option(
            "--controller", metavar="ID", help="Whose system; needed if there are more."
        ),
    ] = None,
    taken_at: Annotated[
        str | None,
        typer.Option(
            "--taken-at",
            metavar="TIME",
            help="When the backup was taken: who was erased before that came back.",
        ),
    ] = None,
    *,
    as_json: Json = False,
) -> None:
    """
    Say which ids of a restored system must be erased again.

    Reads ids from standard input, one a line, and prints those lines. Exit 0 if there
    is none, 1 if there is, or if a line is not of the type.
    """
    from orchestrator.entrypoints.actions.restored import checked

    since = None if taken_at is None else _moment(taken_at)
    with open_parts() as parts:
        whose = _controller(parts, controller)
        found = checked(parts, whose, of_type, _lines(), since)
        again, wrong, came_back = _told(found, as_json=as_json)
    warn(
        f"{again} must be erased again; {came_back} came back after their erasure;"
        f" {wrong} could not be compared."
    )
    if again or wrong:
        raise typer.Exit(NO)


def _lines() -> Iterator[str]:
    """Yield the lines of standard input."""
    try:
        for line in sys.stdin:
            yield line.rstrip("\r\n")
    except UnicodeDecodeError:
        raise SetUpError("Standard input is not UTF-8 text; convert it.") from None


def _told(found: Iterator[Restored], *, as_json: bool) -> tuple[int, int, int]:
    """Print what must be erased again; returns how many of each kind there were."""
    again: list[Restored] = []
    wrong, came_back = 0, 0
    for one in found:
        if one.verdict == "again":
            again.append(one)
            if not as_json:
                say(one.line)
        elif one.verdict == "wrong":
            wrong += 1
            warn(f"Line {one.number} is not of the type, and was not compared.")
        else:
            came_back += 1
    if as_json:
        print_json(again)
    elif partly := sum(not one.is_whole for one in again):
        warn(f"{partly} had asked for a part of their data; --json says which.")
    return len(again), wrong, came_back


def _controller(parts: Installation, wanted: str | None) -> str:
    """Return the controller whose tombstones count; raises `SetUpError`."""
    known = sorted(parts.register.controllers)
    if wanted is None and len(known) == 1:
        return known[0]
    if wanted not in known:
        raise SetUpError(
            f"Name the controller whose system was restored by --controller; the"
            f" register has {', '.join(known)}."
        )
    return wanted
