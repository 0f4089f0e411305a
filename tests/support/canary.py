"""One invented person, and where bytes betray them: in clear, in a URL, in base64."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

from tests.support.people import Human

CANARY = Human(77_713)
TELLING = 12  # letters; fewer could stand anywhere by accident


def _plain(trait: str) -> tuple[bytes, ...]:
    """Return a value as it is, and as it stands in a URL; case does not matter."""
    return trait.lower().encode(), quote(trait, safe="").lower().encode()


def _coded(trait: str) -> Iterator[bytes]:
    """Yield a value in base64, wherever it begins; without the uncertain ends."""
    for shift in range(3):
        coded = base64.b64encode(b" " * shift + trait.encode())
        certain = coded[4 if shift else 0 : -4]
        if len(certain) >= TELLING:
            yield certain


PLAIN = {name: _plain(value) for name, value in CANARY.traits.items()}
CODED = {name: tuple(_coded(value)) for name, value in CANARY.traits.items()}


def found_in(haystack: bytes) -> list[str]:
    """Name the traits of the canary that stand in *haystack*."""
    lower = haystack.lower()
    return [
        name
        for name in CANARY.traits
        if any(needle in lower for needle in PLAIN[name])
        or any(needle in haystack for needle in CODED[name])
    ]


def found_below(folder: Path) -> dict[str, list[str]]:
    """Search every file below *folder*."""
    found = {
        str(path.relative_to(folder)): found_in(path.read_bytes())
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }
    return {name: traits for name, traits in found.items() if traits}
