"""
One invented person, and where bytes betray them.

In clear, whatever the case of the letters; in a URL; in base64, in hexadecimal or in
UTF-16; as a plain hash, which whoever knows the address can compute; and all that
inside gzip and ZIP.
"""

from __future__ import annotations

import base64
import gzip
import hashlib
import io
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

from tests.support.people import Human

CANARY = Human(77_713)
TELLING = 12  # letters; fewer could stand anywhere by accident
_GZIP = b"\x1f\x8b\x08"
_ZIP = b"PK\x03\x04"


def _plain(trait: str) -> Iterator[bytes]:
    """Yield a value as it is, in a URL, in hex and as hashes; the case is low."""
    low = trait.lower()
    yield low.encode()
    yield quote(trait, safe="").lower().encode()
    yield low.encode("utf-16-le")
    if len(trait) >= TELLING:
        yield trait.encode().hex().encode()
    for spelling in {trait, low}:
        for name in ("md5", "sha1", "sha256", "sha512"):
            yield hashlib.new(name, spelling.encode()).hexdigest().encode()


def _coded(trait: str) -> Iterator[bytes]:
    """Yield a value in base64, wherever it begins, and its hashes as bytes."""
    for shift in range(3):
        coded = base64.b64encode(b" " * shift + trait.encode())
        certain = coded[4 if shift else 0 : -4]
        if len(certain) >= TELLING:
            yield certain
    for spelling in {trait, trait.lower()}:
        digest = hashlib.sha256(spelling.encode()).digest()
        yield digest
        yield base64.b64encode(digest)[:-2]


PLAIN = {name: tuple(_plain(value)) for name, value in CANARY.traits.items()}
CODED = {name: tuple(_coded(value)) for name, value in CANARY.traits.items()}


def found_in(haystack: bytes) -> list[str]:
    """Name the traits of the canary that stand in *haystack*."""
    layers = [haystack, *_unpacked(haystack)]
    return [name for name in CANARY.traits if any(_has(one, name) for one in layers)]


def found_below(folder: Path) -> dict[str, list[str]]:
    """Search every file below *folder*, and what it is called."""
    found = {
        str(path.relative_to(folder)): found_in(str(path.relative_to(folder)).encode())
        + (found_in(path.read_bytes()) if path.is_file() else [])
        for path in sorted(folder.rglob("*"))
    }
    return {name: traits for name, traits in found.items() if traits}


def _has(haystack: bytes, name: str) -> bool:
    """Tell whether a trait stands in these very bytes."""
    lower = haystack.lower()
    return any(needle in lower for needle in PLAIN[name]) or any(
        needle in haystack for needle in CODED[name]
    )


def _unpacked(haystack: bytes) -> Iterator[bytes]:
    """Yield what gzip and ZIP hide; what is none of them hides nothing."""
    if haystack.startswith(_GZIP):
        try:
            yield gzip.decompress(haystack)
        except (OSError, EOFError, zlib.error):
            return
    if haystack.startswith(_ZIP):
        try:
            with zipfile.ZipFile(io.BytesIO(haystack)) as packed:
                for name in packed.namelist():
                    yield name.encode()
                    yield packed.read(name)
        except (zipfile.BadZipFile, RuntimeError, zlib.error):
            return
