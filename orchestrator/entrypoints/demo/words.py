"""The words of the demo's pages: short, and none without its explanation."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

RESULTS: Final = {
    "refused": "refused",
    "complete": "complete",
    "complete_with_retention": "complete, some\nkept by law",
    "partial": "partial",
    "open": "under way",
}
OUTCOMES: Final = {
    "done": "erased",
    "retained": "kept by law",
    "exported": "copied",
    "notified": "told",
    "nothing_found": "not there",
    "not_applicable": "not asked",
}
GRADES: Final = {
    "E4": "we looked again, and the records are gone",
    "E3": "the system signed that it is so",
    "E2": "the system says so, and offers no way to look",
    "M": "a person says so, with a file that bears it out",
}
_NUMBERS: Final = {2: "two", 4: "four", 5: "five", 14: "fourteen", 15: "fifteen"}


def joined_rights(rights: Iterable[str]) -> str:
    """Name rights in one order."""
    return " + ".join(sorted(str(right) for right in rights))


def in_words(number: int) -> str:
    """Spell a number out, as far as the demo needs it."""
    return _NUMBERS.get(number, str(number))


def listed(things: Iterable[str]) -> str:
    """Name things as a sentence does: commas, and one "and"."""
    *most, last = things
    return f"{', '.join(most)} and {last}" if most else last
