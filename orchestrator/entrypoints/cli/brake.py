"""`erasure brake`: see what the brake holds, and end it by the word of two people."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from orchestrator.entrypoints.cli.opening import open_parts
from orchestrator.entrypoints.cli.options import HELP, By, Json
from orchestrator.entrypoints.cli.showing import (
    Columns,
    print_json,
    print_rows,
    say,
)
from orchestrator.errors import SetUpError

# ruff: noqa: PLC0415 (reads should answer at once)

if TYPE_CHECKING:
    from orchestrator.adapters.brakes import PullView
    from orchestrator.entrypoints.braking import BrakeLine, SampleLine

app = typer.Typer(
    name="brake", help="Too many erasures at once: hold, look, let go on.", **HELP
)

Source = Annotated[
    str,
    typer.Option(
        "--source", metavar="SOURCE", help="Whose erasures; `all`: of all together."
    ),
]
Controller = Annotated[
    str | None,
    typer.Option(
        "--controller", metavar="NAME", help="Whose, if several have such a source."
    ),
]
_SECOND = "Noted; a second, different person must say the same."
_GOING = "{} cases are done; what could not be in this moment follows by itself."


@app.command("status")
def status(*, as_json: Json = False) -> None:
    """Show what came from each source against its limits, and what is held."""
    from orchestrator.entrypoints.braking import Braking

    with open_parts() as parts:
        found = Braking(parts).status()
    if as_json:
        print_json(found)
        return
    nothing = "No erasure was counted so far."
    print_rows(found.sources, _SOURCES, as_json=False, nothing=nothing)
    if found.pulls:
        say()
        print_rows(found.pulls, _PULLS, as_json=False, nothing="")


@app.command("sample")
def sample(
    source: Source,
    by: By,
    controller: Controller = None,
    count: Annotated[
        int, typer.Option("--count", metavar="N", min=1, max=500, help="How many.")
    ] = 20,
    *,
    as_json: Json = False,
) -> None:
    """
    Show some held cases by chance, without what identifies.

    Who was shown which is kept: only then may they release or refuse.
    """
    from orchestrator.entrypoints.braking import Braking

    with open_parts() as parts:
        lines = Braking(parts).sample(source, controller, count, by)
    nothing = "It holds no open case."
    print_rows(lines, _SAMPLE, as_json=as_json, nothing=nothing)


@app.command("release")
def release(source: Source, by: By, controller: Controller = None) -> None:
    """Let what is held go on, and count afresh; two different people must say so."""
    from orchestrator.entrypoints.braking import Braking

    with open_parts() as parts:
        braking = Braking(parts)
        stands = braking.release(source, controller, by)
        count = braking.let_go()
    say(f"The brake is off. {_GOING.format(count)}" if stands else _SECOND)


@app.command("refuse")
def refuse(
    source: Source,
    by: By,
    ground: Annotated[
        str,
        typer.Option(
            "--ground", metavar="CODE", help="Why; docs/law.md has the closed list."
        ),
    ],
    controller: Controller = None,
) -> None:
    """Refuse all that is held, and count afresh; two different people must say so."""
    from orchestrator.core.grounds import Ground
    from orchestrator.entrypoints.braking import Braking

    known = {one.value: one for one in Ground}
    if ground not in known:
        raise SetUpError(
            f"There is no ground {ground}; write one of {', '.join(sorted(known))}."
        )
    with open_parts() as parts:
        braking = Braking(parts)
        stands = braking.refuse(source, controller, by, known[ground])
        count = braking.let_go()
    say(f"They are refused. {_GOING.format(count)}" if stands else _SECOND)


_SOURCES: Columns[BrakeLine] = (
    ("controller", lambda one: one.controller),
    ("source", lambda one: one.source),
    ("this hour", lambda one: f"{one.this_hour} of {one.allowed_this_hour}"),
    ("by", lambda one: one.limit),
    ("usual", lambda one: one.usual),
    ("24 hours", lambda one: _of(one.last_day, one.allowed_per_day)),
    ("pulled", lambda one: one.since),
    ("held", lambda one: one.held or None),
    ("next due", lambda one: one.next_due_at),
)
_PULLS: Columns[PullView] = (
    ("pull", lambda one: one.id),
    ("source", lambda one: one.source),
    ("since", lambda one: one.pulled_at),
    ("cause", lambda one: one.cause),
    ("counted", lambda one: f"{one.counted} of {one.allowed}"),
    ("state", lambda one: one.state),
    ("held", lambda one: one.held),
    ("said", lambda one: [f"{said.by}: {said.what}" for said in one.said]),
)
_SAMPLE: Columns[SampleLine] = (
    ("case", lambda one: one.case),
    ("received", lambda one: one.received_at),
    ("rights", lambda one: one.rights),
    ("where", lambda one: one.jurisdiction),
    ("channel", lambda one: one.channel),
    ("level", lambda one: one.level),
    ("method", lambda one: one.method),
    ("identifiers", lambda one: one.identifier_types),
    ("found in", lambda one: f"{one.found_in} of {one.searched}"),
    ("due", lambda one: one.due_at),
)


def _of(count: int, allowed: int | None) -> str:
    """Write a count with its limit, if it has one."""
    return str(count) if allowed is None else f"{count} of {allowed}"
