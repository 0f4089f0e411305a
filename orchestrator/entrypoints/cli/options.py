"""Options and arguments that several commands share."""

from __future__ import annotations

import re
from collections.abc import Callable
from contextvars import ContextVar
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any, TypedDict, TypeVar

import typer

from orchestrator.core.people import PersonRole
from orchestrator.errors import SetUpError

SOMEBODY = "operator"
Word = TypeVar("Word", bound=StrEnum)
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")

Claim = tuple[str, PersonRole]
claims: ContextVar[tuple[Claim, ...]] = ContextVar("claims", default=())
"""Who acts, or gets work, by this command: `open_parts` asks the register of them."""


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


def claiming(role: PersonRole, option: str) -> Callable[[str | None], str | None]:
    """Accept a pseudonymous name for an option, as one that claims to have *role*."""

    def claimed(value: str | None) -> str | None:
        if value is not None:
            claims.set((*claims.get(), (a_pseudonym(value, option), role)))
        return value

    return claimed


def by(role: PersonRole, help_: str) -> Any:  # noqa: ANN401 (typer's option)
    """Return `--by`: whoever is named needs *role* where the register lists people."""
    claimed = claiming(role, "--by")
    return typer.Option("--by", metavar="WHO", callback=claimed, help=help_)


_WHO = "Who decides: a name that identifies nobody outside, such as dpo-2."
ByDecider = Annotated[str, by(PersonRole.DECIDE, _WHO)]
ByReleaser = Annotated[str, by(PersonRole.RELEASE, _WHO)]
ByAttester = Annotated[str, by(PersonRole.ATTEST, _WHO)]
ByUnlocker = Annotated[str, by(PersonRole.UNLOCK, _WHO)]
ByOperator = Annotated[str, by(PersonRole.OPERATE, _WHO)]
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


def word_of(kind: type[Word], value: str, name: str) -> Word:
    """
    Return the word of a closed list.

    Raises `SetUpError` with all the words there are; *name* says what they are.
    """
    known = {one.value: one for one in kind}
    if value not in known:
        raise SetUpError(
            f"There is no {name} {value}; write one of {', '.join(sorted(known))}."
        )
    return known[value]
