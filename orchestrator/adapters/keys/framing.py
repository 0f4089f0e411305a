"""
Join fields into bytes so that no two lists of fields give the same bytes.

`("ab", "c")` and `("a", "bc")` must never meet under a MAC or as associated data,
or a value sealed for one place would open in another.
"""

from __future__ import annotations


def framed(*fields: str | bytes) -> bytes:
    """
    Join *fields*, each behind its length (4 bytes, big-endian); text as UTF-8.

    Never change: sealed values, pseudonyms and digests are made over these bytes.
    """
    parts: list[bytes] = []
    for field in fields:
        raw = field.encode() if isinstance(field, str) else field
        parts.append(len(raw).to_bytes(4, "big"))
        parts.append(raw)
    return b"".join(parts)
