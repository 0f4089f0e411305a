"""`erasure connector`: make the next connector, and see whether it is good."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer

from connectors.kit.shapes import Auth, Shape
from orchestrator.entrypoints.cli.options import HELP
from orchestrator.entrypoints.cli.showing import say
from orchestrator.errors import SetUpError

# ruff: noqa: PLC0415 (--help should answer at once)

app = typer.Typer(name="connector", help="Connectors: make, try and check one.", **HELP)

Name = Annotated[str, typer.Argument(metavar="NAME", help="The connector's name.")]


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


@contextmanager
def _told() -> Iterator[None]:
    """Turn what the kit refuses into the command's own error."""
    from connectors.kit.errors import KitError

    try:
        yield
    except KitError as error:
        raise SetUpError(str(error)) from error
