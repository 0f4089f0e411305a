"""`erasure keys`: the secrets that live outside the database."""

from __future__ import annotations

from typing import Annotated

import typer

from orchestrator.entrypoints.cli.opening import open_parts
from orchestrator.entrypoints.cli.options import HELP, Json, ToFile
from orchestrator.entrypoints.cli.showing import print_rows, say
from orchestrator.errors import SetUpError

# ruff: noqa: PLC0415 (--help should answer at once)

app = typer.Typer(name="keys", help="The installation's keys.", **HELP)


@app.command()
def init() -> None:
    """Make the keys; never overwrites any, and says what to back up."""
    from orchestrator.adapters.keys.directory import create_keys
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
    from orchestrator.adapters.keys import directory
    from orchestrator.settings import load_settings

    say(str(directory.add_test_key(load_settings().keys_dir)))


@app.command()
def rotate(
    *,
    signing: Annotated[
        bool, typer.Option("--signing", help="The key that signs receipts instead.")
    ] = False,
    test_signing: Annotated[
        bool,
        typer.Option("--test-signing", help="The key of tests and dry runs instead."),
    ] = False,
    prepare: Annotated[
        bool,
        typer.Option(
            "--prepare", help="Make the next key only: to back it up and hand it on."
        ),
    ] = False,
) -> None:
    """
    Exchange the key-encryption key; what is sealed stays readable.

    Processes on the same key directory may run meanwhile. Cut short, it goes on when
    it is run again.
    """
    from orchestrator.entrypoints.actions import exchanging

    if signing and test_signing:
        raise SetUpError("Exchange one key at a time: --signing or --test-signing.")
    if signing or test_signing:
        from orchestrator.settings import load_settings

        folder = load_settings().keys_dir
        sentences = exchanging.exchange_signing(
            folder, only_prepare=prepare, of_tests=test_signing
        )
    else:
        with open_parts() as parts:
            sentences = exchanging.exchange_kek(parts, only_prepare=prepare)
    for sentence in sentences:
        say(sentence)


@app.command()
def prune(
    *,
    told: Annotated[
        bool,
        typer.Option(
            "--told",
            help="Every publisher and system of one's own seals to the new key.",
        ),
    ] = False,
) -> None:
    """Delete retired key-encryption keys; refused while something needs them."""
    from orchestrator.entrypoints.actions.exchanging import prune_keks

    with open_parts() as parts:
        gone = prune_keks(parts, are_told=told)
    for name in gone:
        say(f"{name} is deleted; delete it in the backups of the keys as well.")
    if not gone:
        say("There is no retired key-encryption key.")


@app.command()
def dpo(to: ToFile) -> None:
    """
    Make the data protection officer's pair; the private key is theirs to keep.

    What identifies the people of cases that are stuck goes under the public half.
    """
    from orchestrator.adapters.keys.officer_keys import make_officer_key

    public = make_officer_key(to)
    say(str(to))
    say(f'dpo_key = "{public}"')
    say(
        "Write that line under [controllers.NAME] of the register. Keep the file "
        "outside of this system: without it, locked cases cannot be carried out."
    )


@app.command("export-public")
def export_public(
    to: ToFile,
    *,
    test: Annotated[
        bool, typer.Option("--test", help="The key of tests and dry runs instead.")
    ] = False,
    every: Annotated[
        bool,
        typer.Option(
            "--all", help="Every key there is or was, each a file; --to names a folder."
        ),
    ] = False,
) -> None:
    """Write the public key (PEM) with which anybody can verify receipts."""
    from orchestrator.adapters.keys.directory import load_keys
    from orchestrator.settings import load_settings

    folder = load_settings().keys_dir
    if every:
        from orchestrator.adapters.keys.rotation import export_public_keys

        for path in export_public_keys(folder, to):
            say(str(path))
        return
    ring = load_keys(folder)
    ring.export_public(to, of_tests=test)
    key_id = ring.test_signing_key_id if test else ring.signing_key_id
    say(f"{to}: {'test ' if test else ''}signing key {key_id}")


@app.command()
def show(*, as_json: Json = False) -> None:
    """Show the public keys that others need; nothing here is secret."""
    import base64

    from orchestrator.adapters.keys.directory import name_of_key

    with open_parts(is_checked=False) as parts:
        keys, receiving = parts.keys, parts.desks.receiving
        signing = keys.signing_key.public_key()
        raw_retired = [key.public_bytes_raw() for key in keys.retired_signing.values()]
        uses = [
            ("verify what we sign", "Ed25519", signing.public_bytes_raw()),
            ("seal to us: people in requests, copies", "X25519", receiving.public),
            *(("verify what we signed before", "Ed25519", raw) for raw in raw_retired),
            *(("next or before: opens too", "X25519", raw) for raw in receiving.others),
        ]
    rows = [
        {
            "use": use,
            "algorithm": algorithm,
            "public_key": base64.b64encode(raw).decode("ascii"),
            "id": name_of_key(raw),
        }
        for use, algorithm, raw in uses
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
