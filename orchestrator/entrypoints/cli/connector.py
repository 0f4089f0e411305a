"""`erasure connector`: make the next connector, and see whether it is good."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from connectors.kit.shapes import Auth, Shape
from orchestrator.entrypoints.cli.options import HELP, Json
from orchestrator.entrypoints.cli.showing import print_json, say
from orchestrator.entrypoints.cli.telling import NO
from orchestrator.errors import SetUpError

# ruff: noqa: PLC0415 (--help should answer at once)

if TYPE_CHECKING:
    from connectors.testing.running import Report

app = typer.Typer(name="connector", help="Connectors: make, try and check one.", **HELP)

Name = Annotated[str, typer.Argument(metavar="NAME", help="The connector's name.")]
Folder = Annotated[
    Path,
    typer.Option("--in", metavar="DIR", help="The folder that its package is in."),
]


@app.command()
def new(
    name: Name,
    auth: Annotated[
        Auth,
        typer.Option(
            "--auth",
            metavar="HOW",
            help="How the vendor is told who asks: bearer, basic, api-key or oauth2.",
        ),
    ],
    shape: Annotated[
        Shape,
        typer.Option(
            "--shape",
            metavar="HOW",
            help="How it erases: direct (at once), job (later), batch (many people).",
        ),
    ],
    into: Annotated[
        Path,
        typer.Option(
            "--into", metavar="DIR", help="Where the package's folder is made."
        ),
    ] = Path(),
) -> None:
    """Write the package of a new connector; it passes every check from the start."""
    from connectors.kit.naming import a_new_name
    from connectors.kit.scaffold import write_package

    with _told():
        folder = write_package(a_new_name(name), auth, shape, into)
    say(f"{folder} speaks an invented API and passes its checks:")
    say()
    say(f"    cd {folder}")
    say("    make check test")
    say()
    say("Then replace the invented API by the vendor's: docs/add-a-connector.md.")


@app.command("test")
def run_suite(
    name: Name,
    folder: Folder = Path(),
    only: Annotated[
        str, typer.Option("--only", metavar="TEXT", help="Checks with this in a name.")
    ] = "",
    *,
    as_json: Json = False,
) -> None:
    """
    Run the acceptance suite: exit 0 if every check says yes, 1 if one says no.

    A check that says no tells what it proves, what it saw and what to change.
    """
    from connectors.kit.finding import contract_of, find
    from connectors.testing.running import run_contract

    reports: list[Report] = []
    with _told():
        for report in run_contract(contract_of(find(name, folder)), only):
            reports.append(report)
            if not as_json:
                _say_report(report)
    failed = sum(not one.passed for one in reports)
    if as_json:
        print_json(reports)
    else:
        say()
        say(f"{len(reports)} checks: {len(reports) - failed} yes, {failed} no.")
    if failed or not reports:
        raise typer.Exit(NO)


@app.command()
def docs(
    name: Name,
    folder: Folder = Path(),
    *,
    is_kept: Annotated[
        bool, typer.Option("--check", help="Write nothing; exit 1 if it would change.")
    ] = False,
) -> None:
    """
    Write the facts of a connector's page from what it declares.

    They stand between two marks; what was written by hand around them stays. Where
    there is no page yet, one to begin with is written.
    """
    from connectors.kit.finding import find
    from connectors.kit.page import write_page

    with _told():
        found = find(name, folder)
        changes = write_page(found.connector, found.page, is_kept=is_kept)
    if not changes:
        say(f"{found.page} says what {name} declares.")
    elif is_kept:
        say(f"{found.page} says something else; `erasure connector docs` writes it.")
        raise typer.Exit(NO)
    else:
        say(f"{found.page} is written.")


def _say_report(report: Report) -> None:
    """Tell a check in one line, and all about it where it says no."""
    say(f"{'yes' if report.passed else 'NO '}  {report.proves}")
    if report.passed:
        return
    facts = {
        "check": [report.check],
        "seen": report.seen,
        "asked": [", ".join(report.requests) or "nothing"],
        "change": [report.change],
    }
    for head, lines in facts.items():
        for number, line in enumerate(lines):
            say(f"       {head if not number else '':8}{line}")


@contextmanager
def _told() -> Iterator[None]:
    """Turn what the kit refuses into the command's own error."""
    from connectors.kit.errors import KitError

    try:
        yield
    except KitError as error:
        raise SetUpError(str(error)) from error
