"""`erasure log`: the log of statements, its heads, and proofs out of it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from orchestrator.entrypoints.cli.opening import (
    open_database,
    open_parts,
    open_queries,
)
from orchestrator.entrypoints.cli.options import HELP, Json
from orchestrator.entrypoints.cli.showing import (
    print_facts,
    print_json,
    print_rows,
    say,
)
from orchestrator.entrypoints.cli.telling import NO
from orchestrator.errors import NotPossible, SetUpError

# ruff: noqa: PLC0415 (reads should answer at once)

if TYPE_CHECKING:
    from orchestrator.adapters.log_files import Logged
    from orchestrator.adapters.notes import Checkpoint
    from orchestrator.bootstrap import Installation

app = typer.Typer(
    name="log", help="The log that shows whether receipts were tampered with.", **HELP
)
PublicKey = Annotated[
    Path,
    typer.Option("--key", metavar="FILE", help="The signer's public key, PEM."),
]
ProofFile = Annotated[
    Path, typer.Option("--proof", metavar="FILE", help="A .tlog-proof file.")
]
Against = Annotated[
    list[Path] | None,
    typer.Option(
        "--against",
        metavar="FILE",
        help="A checkpoint or proof that somebody kept; repeatable.",
    ),
]


@app.command()
def checkpoint(*, as_json: Json = False) -> None:
    """Print the newest signed head of the log, as it can be kept anywhere."""
    from orchestrator.adapters.log_book import LogBook

    with open_database() as database:
        head = LogBook(database).head()
    if head is None:
        raise NotPossible("The log is empty: no receipt of a real case is signed yet.")
    if as_json:
        facts = {"log": head.name, "size": head.size, "root": head.root.hex()}
        signed = {"key_id": head.key_id, "signed_at": head.signed_at.isoformat()}
        print_json({**facts, **signed, "note": head.note})
    else:
        say(head.note.removesuffix("\n"))


@app.command()
def key() -> None:
    """Print the log's public key as other verifiers of such logs take it."""
    from orchestrator.adapters.notes import verifier_key

    with open_parts(is_checked=False) as parts:
        public = parts.keys.signing_key.public_key()
        say(verifier_key(parts.settings.log_name, public))


@app.command()
def prove(
    receipt: Annotated[
        str, typer.Argument(metavar="ID", help="The receipt's id, or its case's.")
    ],
    to: Annotated[
        Path | None,
        typer.Option("--to", metavar="FILE", help="Write the proof there."),
    ] = None,
) -> None:
    """Prove that a receipt is in the log: a file that anybody verifies offline."""
    from orchestrator.adapters.log_book import LogBook

    with open_queries() as queries:
        line, _ = queries.statement(receipt)
    with open_database() as database:
        proof = LogBook(database).prove(line.id)
    if to is None:
        say(proof.text.removesuffix("\n"))
        return
    try:
        to.write_text(proof.text, encoding="utf-8")
    except OSError as error:
        raise SetUpError(
            f"{to} cannot be written ({error.strerror}); name another file."
        ) from None
    say(str(to))


@app.command()
def verify(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="A .dsse.json file.")],
    key: PublicKey,
    proof: ProofFile,
    log_key: Annotated[
        Path | None,
        typer.Option(
            "--log-key", metavar="FILE", help="The log's key, if keys were rotated."
        ),
    ] = None,
    name: Annotated[
        str | None,
        typer.Option("--name", metavar="NAME", help="The log's name, if you know it."),
    ] = None,
    *,
    as_json: Json = False,
) -> None:
    """Verify offline that a receipt is genuine and in the log: exit 0, 1 not."""
    from orchestrator.adapters.log_files import verify_logged
    from orchestrator.adapters.receipt_files import verify_file

    try:
        verify_file(file, key)
    except OSError as error:
        raise SetUpError(
            f"{file} cannot be read ({error.strerror}); name a receipt's file."
        ) from None
    found = verify_logged(file, proof, log_key or key, name=name)
    facts = logged_facts(found)
    if as_json:
        print_json({"is_valid": True, **dict(facts)})
        return
    say("The receipt is genuine, and it is in the log.")
    print_facts(facts)


def logged_facts(found: Logged) -> list[tuple[str, object]]:
    """Return what a proof shows."""
    return [
        ("log", found.checkpoint.origin),
        ("number", found.number),
        ("size", found.checkpoint.size),
        ("root", found.checkpoint.root.hex()),
    ]


@app.command()
def check(against: Against = None, *, as_json: Json = False) -> None:
    """
    Compute the log afresh from the receipts: exit 1 if anything does not fit.

    Compared with every stored checkpoint, with ERASURE_CHECKPOINT_FILE, and with what
    others have kept.
    """
    from orchestrator.adapters.log_book import LogBook

    with open_parts() as parts:
        elsewhere = list(_kept(parts, against or ()))
        found = LogBook(parts.database).checked(parts.log_signer, elsewhere)
    if as_json:
        print_json(found)
    else:
        print_facts(
            [
                ("statements", found.statements),
                ("checkpoints", found.checkpoints),
                ("checkpoints kept elsewhere", len(elsewhere)),
                ("waiting for the log", found.waiting),
            ]
        )
        print_rows(
            found.faults,
            [
                ("fault", lambda one: one.code),
                ("of", lambda one: one.what),
                ("what it means", lambda one: one.sentence),
            ],
            as_json=False,
            nothing="The log holds together.",
        )
    if found.faults:
        raise typer.Exit(NO)


@app.command()
def recover(
    source: Annotated[
        Path | None,
        typer.Option("--from", metavar="DIR", help="Where the archive keeps receipts."),
    ] = None,
    *,
    as_json: Json = False,
) -> None:
    """
    Bring back the statements published since a restored backup was made.

    Their cases are answered as they were, and nobody is answered twice; then the hold
    ends. ERASURE_CHECKPOINT_FILE and the topic privacy.receipts say what was published;
    receipts that the topic keeps no more come from the archive.
    """
    from orchestrator.adapters.archive import archived_in
    from orchestrator.entrypoints.recovering import recover

    with open_parts() as parts:
        found = recover(parts, () if source is None else archived_in(source))
    if as_json:
        print_json(found)
        return
    print_facts(
        [
            ("statements", found.statements),
            ("checkpoints", found.checkpoints),
            ("signed after the last one", found.later),
            ("cases answered again", found.answered),
            ("cases the backup lacks", found.unknown),
        ]
    )
    for statement in found.owing:
        say(
            f"{statement} promises an erasure when retention ends; compare it with"
            " `erasure case show`: the backup may not know of it."
        )


def _kept(parts: Installation, files: list[Path] | tuple[()]) -> Iterator[Checkpoint]:
    """Yield the checkpoints that lie outside the database."""
    from orchestrator.adapters.log_files import kept_checkpoints
    from orchestrator.adapters.notes import read_checkpoint

    if parts.checkpoint_file is not None:
        for one in parts.checkpoint_file.all():
            yield read_checkpoint(one.note)
    for path in files:
        yield from kept_checkpoints(path)
