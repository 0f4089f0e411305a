"""`erasure keys`: the secrets that live outside the database."""

from __future__ import annotations

import typer

from orchestrator.entrypoints.cli.options import HELP, ToFile
from orchestrator.entrypoints.cli.showing import say

# ruff: noqa: PLC0415 (--help should answer at once)

app = typer.Typer(name="keys", help="The installation's keys.", **HELP)


@app.command()
def init() -> None:
    """Make the keys; never overwrites any, and says what to back up."""
    from orchestrator.adapters.keys import create_keys
    from orchestrator.settings import load_settings

    made = create_keys(load_settings().keys_dir)
    for path in made.files:
        say(str(path))
    say(f"signing key {made.signing_key_id}")
    for sentence in made.sentences:
        say(sentence)


@app.command("export-public")
def export_public(to: ToFile) -> None:
    """Write the public key (PEM) with which anybody can verify receipts."""
    from orchestrator.adapters.keys import load_keys
    from orchestrator.settings import load_settings

    ring = load_keys(load_settings().keys_dir)
    ring.export_public(to)
    say(f"{to}: signing key {ring.signing_key_id}")
