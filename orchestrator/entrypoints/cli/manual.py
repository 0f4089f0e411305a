"""`erasure task`: the work that people do by hand."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from orchestrator.core.people import PersonRole
from orchestrator.entrypoints.cli.opening import open_parts
from orchestrator.entrypoints.cli.options import (
    ByAttester,
    ByOperator,
    Json,
    TaskId,
    claiming,
)
from orchestrator.entrypoints.cli.options import (
    by as by_option,
)
from orchestrator.entrypoints.cli.showing import (
    print_facts,
    print_json,
    print_rows,
    say,
    warn,
)
from orchestrator.errors import SetUpError

# ruff: noqa: PLC0415 (--help should answer at once)

if TYPE_CHECKING:
    from orchestrator.entrypoints.actions.manual_work import Brief


def assign(
    task: TaskId,
    to: Annotated[
        str,
        typer.Option(
            "--to",
            metavar="WHO",
            callback=claiming(PersonRole.ATTEST, "--to"),
            help="A team, a role or a pseudonym that identifies nobody outside.",
        ),
    ],
    by: ByOperator,
) -> None:
    """Give manual work to somebody."""
    from orchestrator.entrypoints.actions.manual_work import ManualWork

    with open_parts() as parts:
        ManualWork(parts).assign(task, to, by)
    say(f"{to} has the work now.")


def brief(task: TaskId, by: ByAttester, *, as_json: Json = False) -> None:
    """
    Show manual work to its assignee: what to do, until when, and for whom.

    The identifiers are shown in full; that they were, when and to whom stands in the
    case's history.
    """
    from orchestrator.entrypoints.actions.manual_work import ManualWork

    with open_parts() as parts:
        found = ManualWork(parts).brief(task, by)
    if as_json:
        print_json(found)
    else:
        _print(found)
    warn("This identifies a person: do not keep it.")


ContainsOthers = Annotated[
    bool,
    typer.Option(
        "--contains-others",
        help="Rows of --copy may have identifiers that are not known as the"
        " person's; somebody has looked at them.",
    ),
]


def attest(
    task: TaskId,
    by: ByAttester,
    evidence: Annotated[
        Path,
        typer.Option(
            "--evidence",
            metavar="FILE",
            help="What shows that it is done; kept encrypted, at most 25 MiB.",
        ),
    ],
    copy: Annotated[
        Path | None,
        typer.Option(
            "--copy",
            metavar="FILE",
            help="The person's data: rows of .json, .jsonl, .ndjson or .csv, any other"
            " file as it is.",
        ),
    ] = None,
    *,
    nothing_found: Annotated[
        bool, typer.Option("--nothing-found", help="Nothing of the person was there.")
    ] = False,
    contains_others: ContainsOthers = False,
) -> None:
    """Say that manual work is done, and bring the file that shows it."""
    from orchestrator.entrypoints.actions.attesting import Attesting, Word

    word = Word(by, evidence, copy, nothing_found, contains_others)
    with open_parts() as parts:
        found = Attesting(parts).attest(task, word)
    say(f"Attested as {found.outcome}; the evidence has SHA-256 {found.sha256}.")
    if found.rows:
        say(f"Rows added to the person's copy: {found.rows}.")


def evidence(
    task: TaskId,
    out: Annotated[
        Path | None,
        typer.Option("--out", metavar="FILE", help="Decrypt the newest to this file."),
    ] = None,
    by: Annotated[
        str | None,
        by_option(PersonRole.UNLOCK, "Who takes it out; a pseudonym."),
    ] = None,
    *,
    as_json: Json = False,
) -> None:
    """List the evidence of a task, or take it out, which the history notes."""
    from orchestrator.entrypoints.actions.attesting import Attesting

    if (out is None) != (by is None):
        raise SetUpError("Write both --out FILE and --by WHO to take evidence out.")
    with open_parts() as parts:
        if out is not None and by is not None:
            Attesting(parts).take_out(task, out, by)
            say(str(out))
            warn("This file is plain: delete it after use.")
            return
        rows = Attesting(parts).evidence(task)
    print_rows(
        rows,
        [
            ("evidence", lambda row: row.id),
            ("brought", lambda row: row.brought_at),
            ("kept until", lambda row: row.kept_until),
            ("SHA-256", lambda row: row.sha256),
        ],
        as_json=as_json,
        nothing="No evidence is kept for this task.",
    )


def _print(found: Brief) -> None:
    """Print a brief for people."""
    print_facts(
        [
            ("task", found.task),
            ("at", found.recipient),
            ("account", found.account),
            ("action", found.action),
            ("due", found.due_at),
            ("withdrawn", found.withdrawn_at),
            ("records", found.record_classes),
            (
                "keep",
                [f"{k.record_class} until {k.until} ({k.rule})" for k in found.keep],
            ),
        ]
    )
    if found.instructions:
        say()
        say(found.instructions)
    say()
    print_rows(
        found.identifiers,
        [("type", lambda row: row.type), ("value", lambda row: row.value)],
        as_json=False,
        nothing="No identifier that this account accepts is known.",
    )
