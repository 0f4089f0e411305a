"""`erasure brake`: see what the brake holds, and end it by the word of two people."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from orchestrator.entrypoints.cli.opening import open_parts
from orchestrator.entrypoints.cli.options import HELP, ByReleaser, Json, word_of
from orchestrator.entrypoints.cli.showing import (
    Columns,
    print_json,
    print_rows,
    say,
)

# ruff: noqa: PLC0415 (reads should answer at once)

if TYPE_CHECKING:
    from orchestrator.adapters.intake.brakes import PullView, Said
    from orchestrator.entrypoints.actions.braking import BrakeLine, SampleLine
    from orchestrator.stages.let_go import Gone

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


@app.command("status")
def status(*, as_json: Json = False) -> None:
    """
    Show what came from each source against its limits, and what is held.

    The limit is the register's: `hourly_cap`, `above_usual` (so many times the median
    of this hour of the day, `usual`) or `share_of_customers`.  A pulled brake stays
    pulled until two people have said the same, each after a sample.
    """
    from orchestrator.entrypoints.actions.braking import Braking

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
        say()
    for pull in found.pulls:
        say(_what_next(pull))


@app.command("sample")
def sample(
    source: Source,
    by: ByReleaser,
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
    from orchestrator.entrypoints.actions.braking import Braking

    with open_parts() as parts:
        lines = Braking(parts).sample(source, controller, count, by)
    nothing = "It holds no open case."
    print_rows(lines, _SAMPLE, as_json=as_json, nothing=nothing)


@app.command("release")
def release(source: Source, by: ByReleaser, controller: Controller = None) -> None:
    """Let what is held go on, and count afresh; two different people must say so."""
    from orchestrator.entrypoints.actions.braking import Braking

    with open_parts() as parts:
        braking = Braking(parts)
        stands = braking.release(source, controller, by)
        gone = braking.let_go()
    say(f"The brake is off. {_gone(gone, 'released')}" if stands else _SECOND)


@app.command("refuse")
def refuse(
    source: Source,
    by: ByReleaser,
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
    from orchestrator.entrypoints.actions.braking import Braking

    code = word_of(Ground, ground, "ground")
    with open_parts() as parts:
        braking = Braking(parts)
        stands = braking.refuse(source, controller, by, code)
        gone = braking.let_go()
    say(f"The brake is off. {_gone(gone, 'refused')}" if stands else _SECOND)


_SOURCES: Columns[BrakeLine] = (
    ("controller", lambda one: one.controller),
    ("source", lambda one: one.source),
    ("this hour", lambda one: f"{one.this_hour} of {one.allowed_this_hour}"),
    ("limit", lambda one: one.limit),
    ("usual", lambda one: "unknown" if one.usual is None else f"{one.usual:g}"),
    ("last 24 hours", lambda one: _of(one.last_day, one.allowed_per_day)),
    ("pulled since", lambda one: one.since or "not pulled"),
    ("held", lambda one: _with_people(one.held, one.held_people)),
    ("next due", lambda one: one.next_due_at),
)
_PULLS: Columns[PullView] = (
    ("pull", lambda one: one.id),
    ("controller", lambda one: one.controller),
    ("source", lambda one: one.source),
    ("since", lambda one: one.pulled_at),
    ("limit", lambda one: one.cause),
    ("allowed", lambda one: str(one.allowed)),
    ("held", lambda one: _with_people(one.held, one.people)),
    ("said so far", lambda one: [_spoken(said) for said in one.said] or "nothing"),
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


def _with_people(cases: int, people: int) -> str:
    """Write how many cases are held, and of how many people by their pseudonyms."""
    return f"{cases} of {people} people" if cases else "0"


def _spoken(said: Said) -> str:
    """Write what one person was shown, or said."""
    if said.what == "sample":
        return f"{said.by} saw {len(said.cases)}"
    return f"{said.by} says {said.what}"


def _what_next(pull: PullView) -> str:
    """Say what ends a pull."""
    if pull.state != "pulled":
        return (
            f"{pull.source} is decided ({pull.state}); {pull.held} open cases follow by"
            " themselves within minutes."
        )
    of = f"--source {pull.source} --controller {pull.controller}"
    return (
        f"{pull.source} holds {pull.held} open cases, and every new erasure. Two people"
        f" end that: each looks (`erasure brake sample {of} --by WHO`), then says"
        " `erasure brake release` or `refuse` with the same options."
    )


def _gone(gone: Gone, said: str) -> str:
    """Say what became of the cases that were held."""
    sentence = f"{gone.ruled} cases are {said}, {gone.otherwise} were over before."
    if gone.later:
        sentence += f" {gone.later} are being called, and follow by themselves."
    return sentence


def _of(count: int, allowed: int | None) -> str:
    """Write a count with its limit, if it has one."""
    return str(count) if allowed is None else f"{count} of {allowed}"
