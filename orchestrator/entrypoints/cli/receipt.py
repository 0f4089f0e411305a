"""`erasure receipt`: signed statements, and whether one is genuine."""

from __future__ import annotations

import base64
import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from orchestrator.entrypoints.cli.opening import open_queries
from orchestrator.entrypoints.cli.options import HELP, Json, Limit, ToDirectory
from orchestrator.entrypoints.cli.showing import (
    plain,
    print_facts,
    print_json,
    print_rows,
    say,
)
from orchestrator.errors import SetUpError

# ruff: noqa: PLC0415 (reads should answer at once)

if TYPE_CHECKING:
    from orchestrator.adapters.receipts.receipt_files import VerifiedReceipt

app = typer.Typer(name="receipt", help="Receipts: signed statements of a case.", **HELP)
ReceiptId = Annotated[
    str, typer.Argument(metavar="ID", help="The receipt's id, or its case's.")
]


@app.command("list")
def list_(
    case: Annotated[
        str | None, typer.Option("--case", metavar="CASE", help="Of one case.")
    ] = None,
    limit: Limit = 50,
    *,
    as_json: Json = False,
) -> None:
    """List receipts, newest first."""
    with open_queries() as queries:
        rows = queries.statements(case=case, limit=limit)
    print_rows(
        rows,
        [
            ("id", lambda row: row.id),
            ("kind", lambda row: row.kind),
            ("signed", lambda row: row.signed_at),
            ("key", lambda row: row.key_id[:8]),
            ("sha-256 of the file", lambda row: row.sha256),
        ],
        as_json=as_json,
        nothing="No receipt is signed yet.",
    )


@app.command()
def show(receipt: ReceiptId, *, as_json: Json = False) -> None:
    """Show what a receipt says; verify it to know that it is genuine."""
    with open_queries() as queries:
        line, envelope = queries.statement(receipt)
    statement = json.loads(base64.b64decode(json.loads(envelope)["payload"]))
    if as_json:
        print_json({"receipt": plain(line), "statement": statement})
        return
    print_facts(
        [
            ("receipt", line.id),
            ("kind", line.kind),
            ("signed", line.signed_at),
            ("key", line.key_id),
            ("sha-256 of the file", line.sha256),
        ]
    )
    say()
    say(json.dumps(statement, indent=2, ensure_ascii=False))


@app.command()
def download(receipt: ReceiptId, to: ToDirectory) -> None:
    """Write a receipt and its parts for openssl into a directory."""
    from orchestrator.adapters.receipts.receipt_files import write_receipt

    with open_queries() as queries:
        line, envelope = queries.statement(receipt)
    try:
        files = write_receipt(to, line.id, envelope)
    except OSError as error:
        raise SetUpError(
            f"{to} cannot be written to ({error.strerror}); name another directory."
        ) from None
    for path in (files.envelope, files.payload, files.pae, files.signature):
        say(str(path))


@app.command()
def verify(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="A .dsse.json file.")],
    key: Annotated[
        Path | None,
        typer.Option(
            "--key",
            metavar="PATH",
            help="The controller's public key (PEM), or a folder of them; without it"
            " this installation's own.",
        ),
    ] = None,
    *,
    test: Annotated[
        bool, typer.Option("--test", help="It is of a test or a dry run.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Verify a receipt: exit 0 genuine, 1 not, 2 if a file cannot be read."""
    from orchestrator.adapters.receipts.receipt_files import verify_file
    from orchestrator.settings import load_settings

    try:
        found = verify_file(file, key or load_settings().keys_dir, as_test=test)
    except OSError as error:
        raise SetUpError(
            f"{file} cannot be read ({error.strerror}); name a receipt's file."
        ) from None
    _print_verified(found, is_test=test, as_json=as_json)


def _print_verified(found: VerifiedReceipt, *, is_test: bool, as_json: bool) -> None:
    """Say that a statement is genuine, and plainly if it is none of a real case."""
    if as_json:
        print_json(
            {
                "is_valid": True,
                "is_test": is_test,
                "key_id": found.key_id,
                "sha256": found.digest,
                "statement": found.statement,
            }
        )
        return
    if is_test:
        say("TEST: the signature is genuine, and nothing of it was done for real.")
    else:
        say("The receipt is genuine.")
    print_facts(
        [
            ("statement", found.statement.get("statement_id")),
            ("result", found.statement.get("result")),
            ("key", found.key_id),
            ("sha-256 of the file", found.digest),
        ]
    )
