"""`erasure log missing` and `release`: statements that nobody has after a restore."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from orchestrator.core.people import PersonRole
from orchestrator.entrypoints.cli.opening import open_parts
from orchestrator.entrypoints.cli.options import ByDecider, ByReleaser, CaseId, Json
from orchestrator.entrypoints.cli.options import by as by_option
from orchestrator.entrypoints.cli.showing import (
    print_facts,
    print_json,
    print_rows,
    say,
)
from orchestrator.entrypoints.cli.telling import NO
from orchestrator.errors import SetUpError

# ruff: noqa: PLC0415 (--help should answer at once)

if TYPE_CHECKING:
    from orchestrator.entrypoints.actions.losing import MissingLine
    from orchestrator.entrypoints.actions.recovering import Recovered
    from orchestrator.entrypoints.cli.showing import Columns

From = Annotated[
    Path | None,
    typer.Option("--from", metavar="DIR", help="Where the archive keeps receipts."),
]


def missing(
    source: From = None,
    by: Annotated[
        str | None,
        by_option(
            PersonRole.RELEASE,
            "Who looks, before they release it: a name such as dpo-2.",
        ),
    ] = None,
    *,
    as_json: Json = False,
) -> None:
    """
    Show the published statements that neither database nor archive has; exit 1 if any.

    Also what two people let go, and the cases whose answer is unknown by that.
    """
    from orchestrator.adapters.receipts.archive import archived_in
    from orchestrator.entrypoints.actions.losing import Losing

    with open_parts() as parts:
        archive = () if source is None else archived_in(source)
        found = Losing(parts, archive).shown(by)
    if as_json:
        print_json(found)
    else:
        nothing = "Every published statement is here, or can be recovered."
        print_rows(found.missing, _LINES, as_json=False, nothing=nothing)
        if found.let_go:
            say("Let go by two people:")
            print_rows(found.let_go, _GONE, as_json=False, nothing="")
        for case in found.in_doubt:
            say(
                f"{case} may be answered already: find out, then `erasure case"
                f" answered {case}`."
            )
    if found.missing:
        raise typer.Exit(NO)


def release(by: ByReleaser, source: From = None, *, as_json: Json = False) -> None:
    """
    Go on without the statements that nobody has; two different people must say so.

    Each must have seen the list within a day (`erasure log missing --by WHO`). Then the
    rest is recovered and the hold ends; cases that may be answered wait for a person.
    """
    from orchestrator.adapters.receipts.archive import archived_in
    from orchestrator.entrypoints.actions.losing import Losing

    with open_parts() as parts:
        archive = () if source is None else archived_in(source)
        found = Losing(parts, archive).release(by)
    if as_json:
        print_json({"is_released": found is not None, "recovered": found})
    elif found is None:
        say("Noted; a second, different person must say the same of the same list.")
    else:
        print_recovered(found)


def print_recovered(found: Recovered) -> None:
    """Print what came back, and what did not."""
    print_facts(
        [
            ("statements", found.statements),
            ("checkpoints", found.checkpoints),
            ("signed after the last one", found.later),
            ("cases answered again", found.answered),
            ("cases the backup lacks", found.unknown),
            ("statements let go", found.lost),
            ("cases in doubt by that", found.doubted),
        ]
    )
    for statement in found.owing:
        say(
            f"{statement} promises an erasure when retention ends; compare it with"
            " `erasure case show`: the backup may not know of it."
        )


def answered(
    case: CaseId,
    by: ByDecider,
    result: Annotated[
        str | None,
        typer.Option(
            "--result",
            metavar="CODE",
            help="How: complete, complete_with_retention, partial, refused, withdrawn.",
        ),
    ] = None,
    *,
    never: Annotated[
        bool, typer.Option("--never", help="It was not answered: go on with it.")
    ] = False,
) -> None:
    """
    Say whether a case was answered by a statement that is lost; no second one follows.

    The portal knows: it heard privacy.case.answered.v1, or the person has the answer.
    """
    from orchestrator.core.words import Result
    from orchestrator.entrypoints.actions.losing import rule_answer

    known = {one.value: one for one in Result}
    if never == (result is not None) or (result is not None and result not in known):
        raise SetUpError(
            f"Say either --never, or --result with one of {', '.join(sorted(known))}."
        )
    with open_parts() as parts:
        rule_answer(parts, case, None if result is None else known[result], by)
    say("It goes on to its answer." if never else "It is answered; nothing is signed.")


_LINES: Columns[MissingLine] = (
    ("index", lambda one: str(one.index)),
    ("statement", lambda one: one.statement_id),
    ("leaf", lambda one: one.leaf),
    ("published", lambda one: one.published_at),
    ("case", lambda one: "is here" if one.is_case_known else "is not here"),
)
_GONE: Columns[MissingLine] = (
    *_LINES,
    ("by", lambda one: " and ".join(one.let_go_by)),
)
