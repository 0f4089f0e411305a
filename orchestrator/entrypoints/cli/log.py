"""`erasure log`: the log of statements, its heads, and proofs out of it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from orchestrator.entrypoints.cli import growth, missing
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
    warn,
    write_file,
)
from orchestrator.entrypoints.cli.telling import NO
from orchestrator.errors import NotPossible, SetUpError

# ruff: noqa: PLC0415 (reads should answer at once)

if TYPE_CHECKING:
    from datetime import datetime

    from orchestrator.adapters.receipts.log_book import Checked
    from orchestrator.adapters.receipts.log_files import Logged
    from orchestrator.adapters.receipts.notes import Checkpoint
    from orchestrator.adapters.receipts.stamped_log import Stamped
    from orchestrator.adapters.sql.database import Database
    from orchestrator.bootstrap.installation import Installation

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
LogKey = Annotated[
    Path | None,
    typer.Option(
        "--log-key", metavar="FILE", help="The log's key, if keys were rotated."
    ),
]
LogName = Annotated[
    str | None,
    typer.Option("--name", metavar="NAME", help="The log's name, if you know it."),
]
StampFile = Annotated[
    Path | None,
    typer.Option("--stamp", metavar="FILE", help="A time stamp of the proof's head."),
]
StampRoots = Annotated[
    Path | None,
    typer.Option(
        "--tsa-ca",
        metavar="FILE",
        help="The certificates that time stamps must lead to, PEM.",
    ),
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
    from orchestrator.adapters.receipts.log_book import LogBook

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
    from orchestrator.adapters.receipts.notes import verifier_key

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
    stamp: Annotated[
        Path | None,
        typer.Option(
            "--stamp",
            metavar="FILE",
            help="Prove it under the first stamped checkpoint; write its time stamp.",
        ),
    ] = None,
) -> None:
    """Prove that a receipt is in the log: a file that anybody verifies offline."""
    from orchestrator.adapters.receipts.log_book import LogBook

    with open_queries() as queries:
        line, _ = queries.statement(receipt)
    with open_database() as database:
        stamped = None if stamp is None else _stamped(database, line.id)
        note = None if stamped is None else stamped.note
        proof = LogBook(database).prove(line.id, note)
    if stamp is not None and stamped is not None:
        write_file(stamp, stamped.response)
    if to is None:
        say(proof.text.removesuffix("\n"))
        return
    write_file(to, proof.text.encode())
    say(str(to))


def _stamped(database: Database, statement_id: str) -> Stamped:
    """Return the first stamped checkpoint over a statement; raises `NotPossible`."""
    from orchestrator.adapters.receipts.log_book import LogBook
    from orchestrator.adapters.receipts.stamped_log import SqlStamps

    number = LogBook(database).place_of(statement_id)
    found = None if number is None else SqlStamps(database).covering(number)
    if found is None:
        raise NotPossible(
            f"No checkpoint over {statement_id} has a time stamp: it waits for one, or"
            " ERASURE_TSA_URL is not set."
        )
    return found


@app.command()
def verify(  # noqa: PLR0913, PLR0917 (a command with its options)
    file: Annotated[Path, typer.Argument(metavar="FILE", help="A .dsse.json file.")],
    key: PublicKey,
    proof: ProofFile,
    log_key: LogKey = None,
    name: LogName = None,
    stamp: StampFile = None,
    tsa_ca: StampRoots = None,
    *,
    as_json: Json = False,
) -> None:
    """
    Verify offline that a receipt is genuine and in the log: exit 0, 1 not.

    With a time stamp, also since when at the latest, by the authority's clock.
    """
    from orchestrator.adapters.receipts.log_files import verify_logged
    from orchestrator.adapters.receipts.receipt_files import verify_file

    try:
        verify_file(file, key)
    except OSError as error:
        raise SetUpError(
            f"{file} cannot be read ({error.strerror}); name a receipt's file."
        ) from None
    found = verify_logged(file, proof, log_key or key, name=name)
    facts = logged_facts(found)
    if stamp is not None:
        facts.append(("stamped_at", _stamped_at(stamp, tsa_ca, proof)))
    if as_json:
        print_json({"is_valid": True, **dict(facts)})
        return
    say("The receipt is genuine, and it is in the log.")
    print_facts(facts)


def _stamped_at(stamp: Path, tsa_ca: Path | None, proof: Path) -> datetime:
    """Return when the head of a verified proof existed; raises `StampRejected`."""
    from orchestrator.adapters.receipts.certificates import load_trusted
    from orchestrator.adapters.receipts.log_files import stamp_and_note
    from orchestrator.adapters.receipts.stamps import verify_stamp

    if tsa_ca is None:
        raise SetUpError(
            "--stamp needs --tsa-ca: the certificates of the time stamping authority,"
            " which you take from the authority itself."
        )
    response, note = stamp_and_note(stamp, proof)
    return verify_stamp(response, note, load_trusted(tsa_ca))


def logged_facts(found: Logged) -> list[tuple[str, object]]:
    """Return what a proof shows."""
    return [
        ("log", found.checkpoint.origin),
        ("number", found.number),
        ("size", found.checkpoint.size),
        ("root", found.checkpoint.root.hex()),
    ]


@app.command()
def check(
    against: Against = None, tsa_ca: StampRoots = None, *, as_json: Json = False
) -> None:
    """
    Compute the log afresh from the receipts: exit 1 if anything does not fit.

    Compared with every stored checkpoint, with ERASURE_CHECKPOINT_FILE, and with what
    others have kept; time stamps are verified against ERASURE_TSA_CA_FILE or --tsa-ca.
    """
    from orchestrator.adapters.receipts.log_book import LogBook

    with open_parts() as parts:
        elsewhere = list(_kept(parts, against or ()))
        found = LogBook(parts.database).checked(parts.log_signer, elsewhere)
        found = parts.lost_statements.excused(found)
        found = _with_stamps(parts, found, tsa_ca)
    if as_json:
        print_json(found)
    else:
        print_facts(_checked_facts(found, len(elsewhere)))
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


def _checked_facts(found: Checked, elsewhere: int) -> list[tuple[str, object]]:
    """Return what a check counted."""
    return [
        ("statements", found.statements),
        ("checkpoints", found.checkpoints),
        ("checkpoints kept elsewhere", elsewhere),
        ("waiting for the log", found.waiting),
        ("let go by two people", found.let_go or None),
        ("good time stamps", found.stamps),
        ("statements stamped", found.stamped_size),
        ("newest time stamp", found.stamped_at),
    ]


def _with_stamps(parts: Installation, found: Checked, tsa_ca: Path | None) -> Checked:
    """Add what the time stamps say; warns where nobody told which to trust."""
    from orchestrator.adapters.receipts.certificates import load_trusted
    from orchestrator.adapters.receipts.stamped_log import check_stamps

    stamped = list(parts.stamps.all())
    trusted = parts.stamp_roots if tsa_ca is None else load_trusted(tsa_ca)
    if not stamped:
        return found
    if trusted is None:
        warn(
            f"{len(stamped)} checkpoints have a time stamp, which was not verified:"
            " name the authority's certificates with --tsa-ca."
        )
        return found
    checked = check_stamps(stamped, trusted)
    return replace(
        found,
        faults=(*found.faults, *checked.faults),
        stamps=checked.good,
        stamped_size=checked.size,
        stamped_at=checked.at,
    )


app.command("prove-growth")(growth.prove_growth)
app.command("verify-growth")(growth.verify_growth)
app.command("missing")(missing.missing)
app.command("release")(missing.release)


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
    from orchestrator.adapters.receipts.archive import archived_in
    from orchestrator.entrypoints.actions.recovering import recover

    with open_parts() as parts:
        found = recover(parts, () if source is None else archived_in(source))
    if as_json:
        print_json(found)
        return
    missing.print_recovered(found)


def _kept(parts: Installation, files: list[Path] | tuple[()]) -> Iterator[Checkpoint]:
    """Yield the checkpoints that lie outside the database."""
    from orchestrator.adapters.receipts.log_files import kept_checkpoints
    from orchestrator.adapters.receipts.notes import read_checkpoint

    if parts.checkpoint_file is not None:
        for one in parts.checkpoint_file.all():
            yield read_checkpoint(one.note)
    for path in files:
        yield from kept_checkpoints(path)
