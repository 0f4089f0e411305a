"""What a processor's records teach of a person, in the one spelling of each type."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass

from schemas.identifiers import NotOfItsTypeError, recovered
from schemas.people import Identifier, IdentifierType


@dataclass(frozen=True, slots=True)
class News:
    """Identifiers that are new to a case, and the types of values that are unusable."""

    identifiers: tuple[Identifier, ...]
    refused: frozenset[IdentifierType]


def news_of(
    learned: Iterable[Identifier],
    yields: Collection[IdentifierType],
    known: Collection[Identifier],
) -> News:
    """
    Return what an account may teach (*yields*) and the case does not know yet.

    A value that is not of its type is searched for nowhere: it would find strangers,
    or nobody.
    """
    fresh: dict[Identifier, None] = {}
    refused: set[IdentifierType] = set()
    for one in learned:
        if one.type not in yields:
            continue
        try:
            spelled = recovered(one)
        except NotOfItsTypeError:
            refused.add(one.type)
            continue
        if spelled not in known:
            fresh[spelled] = None
    return News(tuple(fresh), frozenset(refused))
