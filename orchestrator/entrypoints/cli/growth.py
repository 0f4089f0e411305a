"""`erasure log prove-growth` and `verify-growth`: nothing was taken out of the log."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from orchestrator.entrypoints.cli.opening import open_database
from orchestrator.entrypoints.cli.options import Json
from orchestrator.entrypoints.cli.showing import (
    print_facts,
    print_json,
    say,
    write_file,
)
from orchestrator.errors import NotPossible

# ruff: noqa: PLC0415 (--help should answer at once)

Kept = Annotated[
    Path,
    typer.Argument(metavar="KEPT", help="A checkpoint or proof that somebody kept."),
]


def prove_growth(
    kept: Kept,
    to: Annotated[
        Path | None,
        typer.Option("--to", metavar="FILE", help="Write the proof there."),
    ] = None,
) -> None:
    """
    Prove that the log begins with all of a kept checkpoint, as witnesses take it.

    Whoever kept it verifies offline that no receipt was deleted, altered or moved.
    """
    from orchestrator.adapters.receipts.log_book import LogBook
    from orchestrator.adapters.receipts.log_files import kept_checkpoints

    (before,) = kept_checkpoints(kept)
    with open_database() as database:
        book = LogBook(database)
        if book.head() is None:
            raise NotPossible(
                "The log is empty: no receipt of a real case is signed yet."
            )
        proof = book.grown(before)
    if to is None:
        say(proof.text.removesuffix("\n"))
        return
    write_file(to, proof.text.encode())
    say(str(to))


def verify_growth(
    proof: Annotated[
        Path, typer.Argument(metavar="FILE", help="What `prove-growth` wrote.")
    ],
    kept: Annotated[
        Path,
        typer.Option(
            "--from", metavar="KEPT", help="The checkpoint or proof that you kept."
        ),
    ],
    key: Annotated[
        Path,
        typer.Option("--key", metavar="FILE", help="The log's public key, PEM."),
    ],
    *,
    as_json: Json = False,
) -> None:
    """Verify offline that a log only grew since a kept checkpoint: exit 0, 1 not."""
    from orchestrator.adapters.receipts.log_files import verify_grown

    before, newer = verify_grown(proof, kept, key)
    facts: list[tuple[str, object]] = [
        ("log", newer.origin),
        ("size then", before),
        ("size now", newer.size),
        ("root", newer.root.hex()),
    ]
    if as_json:
        print_json({"is_valid": True, **{k.replace(" ", "_"): v for k, v in facts}})
        return
    say("The log begins with all that the kept checkpoint signed.")
    print_facts(facts)
