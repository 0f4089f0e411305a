"""Options and arguments that several commands share."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Annotated, TypedDict

import typer

from orchestrator.errors import SetUpError

SOMEBODY = "operator"
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")


class _Help(TypedDict):
    """How every group of commands shows itself."""

    no_args_is_help: bool
    add_completion: bool
    rich_markup_mode: None
    pretty_exceptions_enable: bool


HELP: _Help = {
    "no_args_is_help": True,
    "add_completion": False,
    # Plain help: the same on every terminal, and in docs/cli.md.
    "rich_markup_mode": None,
    # A traceback could show a person's data.
    "pretty_exceptions_enable": False,
}


def a_name(value: str) -> str:
    """Accept a pseudonymous name for `--by`."""
    return a_pseudonym(value, "--by")


def a_pseudonym(value: str, option: str) -> str:
    """Accept a pseudonymous name; an address would put a person into the history."""
    if not _NAME.fullmatch(value):
        raise SetUpError(
            f"{option} takes a name of letters, digits, dot, hyphen and underscore that"
            " identifies nobody outside, such as dpo-2."
        )
    return value


Json = Annotated[bool, typer.Option("--json", help="Print JSON.")]
Limit = Annotated[
    int, typer.Option("--limit", metavar="N", min=1, help="Show at most so many.")
]
By = Annotated[
    str,
    typer.Option(
        "--by",
        metavar="WHO",
        callback=a_name,
        help="Who decides: a name that identifies nobody outside, such as dpo-2.",
    ),
]
ToDirectory = Annotated[
    Path, typer.Option("--to", metavar="DIR", help="The directory to write into.")
]
ToFile = Annotated[
    Path, typer.Option("--to", metavar="FILE", help="The file to write.")
]
CaseId = Annotated[str, typer.Argument(metavar="CASE", help="The case's id.")]
TaskId = Annotated[str, typer.Argument(metavar="ID", help="The task's id.")]
AccountName = Annotated[
    str, typer.Argument(metavar="ID", help="The account's name in the register.")
]
