"""`erasure keys`: the secrets that live outside the database."""

from __future__ import annotations

from typing import Annotated

import typer

from orchestrator.entrypoints.cli.opening import open_parts
from orchestrator.entrypoints.cli.options import HELP, Json, ToFile
from orchestrator.entrypoints.cli.showing import print_rows, say

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


@app.command("add-test-key")
def add_test_key() -> None:
    """Make the key that signs tests and dry runs, where a directory has none."""
    from orchestrator.adapters import keys
    from orchestrator.settings import load_settings

    say(str(keys.add_test_key(load_settings().keys_dir)))


@app.command("export-public")
def export_public(
    to: ToFile,
    *,
    test: Annotated[
        bool, typer.Option("--test", help="The key of tests and dry runs instead.")
    ] = False,
) -> None:
    """Write the public key (PEM) with which anybody can verify receipts."""
    from orchestrator.adapters.keys import load_keys
    from orchestrator.settings import load_settings

    ring = load_keys(load_settings().keys_dir)
    ring.export_public(to, of_tests=test)
    key_id = ring.test_signing_key_id if test else ring.signing_key_id
    say(f"{to}: {'test ' if test else ''}signing key {key_id}")


@app.command()
def show(*, as_json: Json = False) -> None:
    """Show the public keys that systems of one's own need; nothing here is secret."""
    import base64

    from orchestrator.adapters.keys import name_of_key

    with open_parts(is_checked=False) as parts:
        signing = parts.keys.signing_key.public_key().public_bytes_raw()
        receiving = parts.desks.receiving.public
    rows = [
        {
            "use": use,
            "algorithm": algorithm,
            "public_key": base64.b64encode(raw).decode("ascii"),
            "id": name_of_key(raw),
        }
        for use, algorithm, raw in (
            ("verify what we sign", "Ed25519", signing),
            ("seal a copy to us", "X25519", receiving),
        )
    ]
    print_rows(
        rows,
        [
            ("use", lambda row: row["use"]),
            ("algorithm", lambda row: row["algorithm"]),
            ("public key (base64)", lambda row: row["public_key"]),
            ("id", lambda row: row["id"]),
        ],
        as_json=as_json,
        nothing="",
    )
