"""Compare the ids of a restored system with the tombstones of whom we forgot."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import tee
from typing import Literal

from orchestrator.adapters.cases.tombstones import Tombstone
from orchestrator.bootstrap.installation import Installation
from orchestrator.errors import SetUpError
from schemas.connecting import CUSTOMER_ID, EMAIL, PHONE

Verdict = Literal["again", "came_back", "wrong"]


@dataclass(frozen=True, slots=True)
class Restored:
    """
    One line that says something: erase again, a return, or no id of the type.

    `is_whole` is false where the person had asked for a part only.
    """

    number: int
    line: str = field(repr=False)
    verdict: Verdict
    is_whole: bool = True
    erased_at: datetime | None = None


def checked(
    parts: Installation,
    controller: str,
    type_: str,
    lines: Iterable[str],
    since: datetime | None,
) -> Iterator[Restored]:
    """
    Yield the lines that are not clear; blank ones are passed over.

    Raises `SetUpError` for a type that nobody has: a misspelt one would say of
    everybody that they were never erased.
    """
    known = _types(parts)
    if type_ not in known:
        raise SetUpError(
            f"There is no identifier type {type_}; the types are {', '.join(known)}."
        )
    return _compared(parts, controller, type_, lines, since)


def _compared(
    parts: Installation,
    controller: str,
    type_: str,
    lines: Iterable[str],
    since: datetime | None,
) -> Iterator[Restored]:
    """Yield the lines that are not clear."""
    numbered, asked = tee(
        (number, line) for number, line in enumerate(lines, start=1) if line.strip()
    )
    found = parts.tombstones.found(controller, type_, (line for _, line in asked))
    for (number, line), (_, stones) in zip(numbered, found, strict=True):
        if stones is None:
            yield Restored(number, line, "wrong")
        elif stones:
            yield _judged(number, line, stones, since)


def _judged(
    number: int, line: str, stones: Sequence[Tombstone], since: datetime | None
) -> Restored:
    """Tell whether the backup can hold what was erased."""
    after = [one for one in stones if since is None or one.erased_at >= since]
    if not after:
        return Restored(number, line, "came_back")
    newest = max(one.erased_at for one in after)
    is_whole = any(one.is_whole for one in after)
    return Restored(number, line, "again", is_whole, newest)


def _types(parts: Installation) -> Sequence[str]:
    """Return every identifier type that a case of this register can know."""
    types = {EMAIL, PHONE, CUSTOMER_ID}
    for entry in parts.register.accounts.values():
        types |= entry.accepts | entry.yields
    return sorted(types)
