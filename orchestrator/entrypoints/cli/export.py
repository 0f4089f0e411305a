"""`erasure export`: the copies that people asked for."""

from __future__ import annotations

import typer

from orchestrator.entrypoints.cli.opening import open_parts
from orchestrator.entrypoints.cli.options import (
    HELP,
    SOMEBODY,
    ByUnlocker,
    CaseId,
    ToDirectory,
)
from orchestrator.entrypoints.cli.showing import say, warn

app = typer.Typer(name="export", help="Copies of a person's data.", **HELP)


@app.command()
def download(case: CaseId, to: ToDirectory, by: ByUnlocker = SOMEBODY) -> None:
    """
    Decrypt a case's copy to a ZIP that only you can read.

    The copy stays in the vault until its time is over; the download is noted in the
    case's history.
    """
    from orchestrator.entrypoints.actions.copies import download_copy  # noqa: PLC0415 (slow)

    with open_parts() as parts:
        path = download_copy(parts, case, to, by)
    say(str(path))
    warn("This file is plain: hand it over and delete it.")
