"""
Tell whether the name of a request or an event gives its person away.

Request and event ids stand in events, logs and receipts.  A portal that uses a
customer number or an address as request id would put it there.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from uuid import UUID

# Shorter identifiers stand in random names by chance: there only equality counts.
_TELLING_LENGTH = 6


def identifies(name: str, values: Iterable[str]) -> bool:
    """Whether *name* is, or holds as a word, one of the person's *values*."""
    folded = name.casefold()
    return any(_holds(folded, spelling) for v in values for spelling in _spellings(v))


def leaves(data: object) -> Iterator[str]:
    """All texts and numbers inside *data*, as text, except its members' names."""
    match data:
        case str():
            yield data
        case int() | float() if not isinstance(data, bool):
            yield str(data)
        case list():
            for part in data:
                yield from leaves(part)
        case dict():
            for part in data.values():
                yield from leaves(part)
        case _:
            return


def is_uuid(name: str) -> bool:
    """Whether *name* is a UUID in its usual spelling, which says nothing."""
    try:
        return str(UUID(name)) == name.lower()
    except ValueError:
        return False


def _spellings(value: str) -> Iterator[str]:
    """Spell one identifier in the ways it may stand in a name."""
    folded = value.strip().casefold()
    if not folded:
        return
    yield folded
    if "@" in folded:
        yield folded.partition("@")[0]
    if folded.startswith("+"):
        yield folded[1:]


def _holds(name: str, spelling: str) -> bool:
    """Whether *spelling* is *name*, or a long enough word of it."""
    if name == spelling:
        return True
    if len(spelling) < _TELLING_LENGTH or spelling not in name:
        return False
    pattern = rf"(?<![a-z0-9]){re.escape(spelling)}(?![a-z0-9])"
    return re.search(pattern, name) is not None
