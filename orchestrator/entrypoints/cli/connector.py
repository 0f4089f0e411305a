"""`erasure connector`: make the next connector, and see whether it is good."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from connectors.kit.shapes import Auth, Shape, Step
from orchestrator.entrypoints.cli.opening import open_parts
from orchestrator.entrypoints.cli.options import HELP, Json
from orchestrator.entrypoints.cli.showing import print_json, say
from orchestrator.entrypoints.cli.telling import NO
from orchestrator.errors import SetUpError

# ruff: noqa: PLC0415 (--help should answer at once)

if TYPE_CHECKING:
    from connectors.kit.checking import Checkable, Checked
    from connectors.testing.running import Report
    from orchestrator.adapters.register import AccountEntry
    from orchestrator.bootstrap.installation import Installation

app = typer.Typer(name="connector", help="Connectors: make, try and check one.", **HELP)

Name = Annotated[str, typer.Argument(metavar="NAME", help="The connector's name.")]
Folder = Annotated[
    Path,
    typer.Option("--in", metavar="DIR", help="The folder that its package is in."),
]
HowItErases = Annotated[
    Shape,
    typer.Option(
        "--shape",
        metavar="HOW",
        help="How it erases: direct (at once), job (later), batch (many people in one"
        " call) or manual (it has no API).",
    ),
]
HowWeAsk = Annotated[
    Auth | None,
    typer.Option(
        "--auth",
        metavar="HOW",
        help="How the vendor is told who asks: bearer, basic, api-key or oauth2. Manual"
        " work needs none.",
    ),
]
Into = Annotated[
    Path,
    typer.Option("--into", metavar="DIR", help="Where the package's folder is made."),
]
First = Annotated[
    Step,
    typer.Option(
        "--action",
        metavar="WHAT",
        help="What to do first: ping, locate, export, erase, look or all.",
    ),
]
Faults = Annotated[
    list[str] | None,
    typer.Option(
        "--fault",
        metavar="KIND[:OPERATION[:TIMES]]",
        help="Let the fake misbehave, such as lose_answer:erase; may be repeated.",
    ),
]
Once = Annotated[
    bool, typer.Option("--once", help="Do it and end; exit 1 if something failed.")
]
Alone = Annotated[
    bool, typer.Option("--no-reload", help="Do not load it anew after a change.")
]


@app.command()
def new(
    name: Name,
    shape: HowItErases,
    auth: HowWeAsk = None,
    into: Into = Path(),
) -> None:
    """Write the package of a new connector; it passes every check from the start."""
    from connectors.kit.naming import a_new_name
    from connectors.kit.scaffold import write_package

    if auth is None and shape is not Shape.MANUAL:
        raise SetUpError("--auth is missing: bearer, basic, api-key or oauth2.")
    with _told():
        folder = write_package(a_new_name(name), auth or Auth.BEARER, shape, into)
    invented = (
        "is work for people" if shape is Shape.MANUAL else "speaks an invented API"
    )
    say(f"{folder} {invented} and passes its checks:")
    say()
    say(f"    cd {folder}")
    say("    make check test")
    say()
    say("Then replace what is invented by the vendor's: docs/add-a-connector.md.")


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


@app.command()
def dev(
    name: Name,
    folder: Folder = Path(),
    action: First = Step.ALL,
    fault: Faults = None,
    *,
    once: Once = False,
    is_alone: Alone = False,
) -> None:
    """
    Set a connector to work on its fake and show each exchange, identifiers masked.

    It asks for orders until `quit` (`help` lists them) and begins anew whenever a
    Python file of the folder changes.
    """
    from connectors.kit.finding import contract_of, find
    from connectors.kit.reloading import run_and_reload
    from connectors.kit.session import open_session

    if not once and not is_alone:
        again = [sys.executable, "-c", _AGAIN, *sys.argv[1:], "--no-reload"]
        raise typer.Exit(run_and_reload(again, folder, _say_now))
    with _told():
        contract = contract_of(find(name, folder))
        with open_session(contract, _say_now) as session:
            for one in fault or ():
                session.misbehave(one.split(":"))
            session.obey(action.value)
            while not once and session.obey(_order()):
                pass
    if once and session.failures:
        raise typer.Exit(NO)


@app.command("check")
def check_(
    name: Name,
    account: Annotated[
        str, typer.Option("--account", metavar="ID", help="Only this account.")
    ] = "",
    *,
    as_json: Json = False,
) -> None:
    """
    Ask the real systems behind a connector's accounts, without changing anything.

    Each is asked for its own name and for somebody whom nobody can be. Exit 0 if
    nothing has to be mended, else 1.
    """
    from connectors.kit.checking import check

    with open_parts(is_checked=False) as parts:
        found = {
            entry.id: asyncio.run(check(_checkable(parts, entry)))
            for entry in parts.register.accounts.values()
            if entry.connector == name and account in ("", entry.id)
        }
    if not found:
        raise SetUpError(
            f"No account {account or 'of the register'} uses the connector {name}; the"
            " last part of its page is an entry to begin with."
        )
    if as_json:
        print_json(found)
    else:
        for id_, checked in found.items():
            _say_checked(id_, checked)
    if not all(one.is_good for one in found.values()):
        raise typer.Exit(NO)


def _checkable(parts: Installation, entry: AccountEntry) -> Checkable:
    """Return what a check needs of an account of the register."""
    from connectors.kit.checking import Checkable
    from connectors.registry import connector
    from orchestrator.bootstrap.configuring import config_of
    from orchestrator.stages.work.accounts import target_of

    config = config_of(entry, connector(entry.connector), frozenset({entry.id}))
    # Only systems of one's own need our keys, and a first check may have none yet.
    own = parts.desks.of(entry.id) if parts.settings.keys_dir.is_dir() else None
    return Checkable(
        connector=config.connector,
        options=config.options,
        target=target_of(config, own),
        secrets=config.secrets,
        accepts=config.accepts,
        installation=config.installation,
    )


def _say_checked(account: str, checked: Checked) -> None:
    """Tell what was asked of one account, and what has to be mended."""
    say(account)
    for one in checked.asked:
        say(f"  {one.operation:12}  {one.request:40}  {one.answer}")
    say(f"  its name is {checked.installation or 'not known'}")
    say(f"  a search for nobody: {checked.search}")
    for problem in checked.problems:
        say(f"  NO  {problem}")
    if checked.is_good:
        say("  nothing has to be mended, and nothing was changed")


_AGAIN = "from orchestrator.entrypoints.cli import main; main()"


def _order() -> str:
    """Return the next line that is typed; the end of the input quits."""
    sys.stdout.write("> ")
    sys.stdout.flush()
    return sys.stdin.readline() or "quit"


def _say_now(line: str) -> None:
    """Print a line at once: somebody is watching."""
    say(line)
    sys.stdout.flush()


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
