"""Whom a request is about: identities in a processor's own words and formats."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType

from connectors.errors import EgressRefused
from connectors.opendsr.dialects import Dialect
from schemas.connecting import Identifier

Identity = tuple[str, str]  # the processor's type, and the plain value

# The protocol says nothing of what is done before hashing (section 5); ours: trimmed,
# and an e-mail address in small letters.
_DIGESTS: Mapping[str, Callable[[bytes], str]] = MappingProxyType(
    {
        "sha256": lambda value: hashlib.sha256(value).hexdigest(),
        "sha1": lambda value: hashlib.sha1(value, usedforsecurity=False).hexdigest(),
        "md5": lambda value: hashlib.md5(value, usedforsecurity=False).hexdigest(),
    }
)


def sets_of(
    identifiers: Sequence[Identifier], dialect: Dialect
) -> list[tuple[Identity, ...]]:
    """
    Return the identities as so many requests need them.

    One, unless the dialect takes one identity of each type: then as many as the
    person has of the commonest type.
    """
    known: dict[Identity, None] = {}
    for one in identifiers:
        if one.type in dialect.types:
            known[dialect.types[one.type], _plain(one)] = None
    if dialect.identities == "list":
        return [tuple(sorted(known))] if known else []
    sets: list[dict[str, str]] = []
    for type_, value in sorted(known):
        free = next((some for some in sets if type_ not in some), None)
        if free is None:
            free = {}
            sets.append(free)
        free[type_] = value
    return [tuple(sorted(some.items())) for some in sets]


def dumped(identities: Sequence[Identity]) -> str:
    """Return identities as the reference of an item."""
    return json.dumps(identities, ensure_ascii=False, separators=(",", ":"))


def loaded(reference: str) -> list[Identity]:
    """Return a reference's identities; raises `EgressRefused` if it has none."""
    try:
        found = [(str(type_), str(value)) for type_, value in json.loads(reference)]
    except (TypeError, ValueError):
        found = []
    if not found or not all(value.strip() for _, value in found):
        raise EgressRefused("reference_unreadable")
    return found


def worded(identities: Sequence[Identity], dialect: Dialect) -> object:
    """Return identities as the processor wants them in a request."""
    given = [
        (type_, *_formatted(value, dialect.formats.get(type_, "raw")))
        for type_, value in identities
    ]
    if dialect.identities == "map":
        return {type_: {"value": v, "encoding": f} for type_, v, f in given}
    return [
        {"identity_type": type_, "identity_value": v, "identity_format": f}
        for type_, v, f in given
    ]


def _plain(identifier: Identifier) -> str:
    """Return a value without what people add to it by accident."""
    value = identifier.value.strip()
    return value.lower() if identifier.type == "email" else value


def _formatted(value: str, format_: str) -> tuple[str, str]:
    """Return a value in its format, and the format's name."""
    digest = _DIGESTS.get(format_)
    return (value if digest is None else digest(value.encode()), format_)
