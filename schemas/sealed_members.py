"""
Members of an event's data that travel sealed: `subject_sealed` instead of `subject`.

Any member of the data may be replaced by one with `_sealed` after its name: a compact
JWE (ECDH-ES+A256KW with X25519, A256GCM) for our public key, whose plaintext is the
member's JSON.  The signature around the event covers it as well.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from schemas.rejections import Rejection, RejectionCode, reject
from schemas.strict_json import canonical_json, parse_json

# Never change: publishers name their sealed members by it.
SUFFIX: Final = "_sealed"

# What says who a person is, or what somebody wrote about them, in any event.
IDENTIFYING: Final = frozenset({"subject", "identifiers", "corrections", "reasons"})

Unseal = Callable[[str], bytes]
"""Opens a compact JWE; raises `ValueError`."""


def with_members_opened(data: bytes, unseal: Unseal) -> bytes | Rejection:
    """Return *data*, canonical JSON, with each sealed member in its own place."""
    document = parse_json(data)
    if not isinstance(document, dict):
        return data
    names = sorted(name for name in document if name.endswith(SUFFIX))
    for name in names:
        plain = name.removesuffix(SUFFIX)
        if plain in document:
            rule = "A member stands in clear or sealed, not both."
            return reject(RejectionCode.DOES_NOT_OPEN, _pointer(plain), rule)
        try:
            document[plain] = parse_json(unseal(str(document.pop(name))))
        except ValueError:
            return reject(RejectionCode.DOES_NOT_OPEN, _pointer(plain))
    return canonical_json(document) if names else data


def has_member_in_clear(data: bytes) -> bool:
    """Tell whether something that identifies stands unsealed in *data*."""
    document = parse_json(data)
    return isinstance(document, dict) and not IDENTIFYING.isdisjoint(document)


def seal_members(data: bytes, seal: Callable[[bytes], str]) -> bytes:
    """Return *data* with all that identifies sealed."""
    document = parse_json(data)
    if not isinstance(document, dict):
        return data
    sealed = {
        f"{name}{SUFFIX}" if name in IDENTIFYING else name: (
            seal(canonical_json(part)) if name in IDENTIFYING else part
        )
        for name, part in document.items()
    }
    return canonical_json(sealed)


def _pointer(plain: str) -> str:
    """Point at a sealed member; only names of ours stand in pointers."""
    return f"/{plain}{SUFFIX}" if plain in IDENTIFYING else ""
