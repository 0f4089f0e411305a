"""
What the vault keeps of a person, as JSON: identifiers, found items, candidates.

These values pass between ingest, work, gather and the commands for people; this module
is their one spelling.  Nothing of it is ever part of a case, an event or a log line.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from datetime import date

from orchestrator.core.words import AccountId, CallId
from schemas.connecting import Candidate, Identifier, IdentifierType, Item, ItemId

# Never change: names under which the vault holds values of open cases.
FROM_PORTAL = "identifiers:portal"
ALL_IDENTIFIERS = "identifiers:"


def identifiers_name(account: AccountId) -> str:
    """Name the identifiers that one account taught."""
    return f"identifiers:{account}"


def amended_name(word: str) -> str:
    """Name the identifiers that one later event of the portal brought."""
    return f"{FROM_PORTAL}:{word}"


def items_name(account: AccountId) -> str:
    """Name the records found at one account."""
    return f"items:{account}"


def candidates_name(account: AccountId) -> str:
    """Name the conflicting matches at one account."""
    return f"candidates:{account}"


def ticket_name(call: CallId) -> str:
    """Name the ticket of one accepted job."""
    return f"ticket:{call}"


def dump_identifiers(identifiers: Iterable[Identifier]) -> bytes:
    """Spell identifiers as [[type, value], ...]."""
    return json.dumps([[one.type, one.value] for one in identifiers]).encode()


def load_identifiers(values: Iterable[bytes]) -> tuple[Identifier, ...]:
    """Read and join what `dump_identifiers` wrote, each identifier once."""
    joined = {
        (type_, value): Identifier(IdentifierType(type_), value)
        for text in values
        for type_, value in json.loads(text)
    }
    return tuple(joined.values())


def dump_items(items: Iterable[Item]) -> bytes:
    """Spell items with their references."""
    return json.dumps([_item_out(item) for item in items]).encode()


def load_items(value: bytes | None) -> dict[ItemId, Item]:
    """Read what `dump_items` wrote, by id."""
    items = [_item_in(one) for one in json.loads(value or b"[]")]
    return {item.id: item for item in items}


def dump_candidates(candidates: Iterable[Candidate]) -> bytes:
    """Spell conflicting matches."""
    return json.dumps(
        [
            {
                "label": one.label,
                "items": [_item_out(item) for item in one.items],
                "learned": [[known.type, known.value] for known in one.learned],
            }
            for one in candidates
        ]
    ).encode()


def load_candidates(value: bytes | None) -> tuple[Candidate, ...]:
    """Read what `dump_candidates` wrote."""
    return tuple(
        Candidate(
            tuple(_item_in(item) for item in one["items"]),
            one["label"],
            tuple(Identifier(IdentifierType(t), v) for t, v in one["learned"]),
        )
        for one in json.loads(value or b"[]")
    )


def _item_out(item: Item) -> dict[str, object]:
    """Return an item as JSON."""
    return {
        "id": item.id,
        "reference": item.reference,
        "kind": item.kind,
        "record_class": item.record_class,
        "started_on": item.started_on.isoformat() if item.started_on else None,
        "proven": item.proven,
    }


def _item_in(value: Mapping[str, object]) -> Item:
    """Return an item from JSON."""
    started = value["started_on"]
    return Item(
        id=ItemId(str(value["id"])),
        reference=str(value["reference"]),
        kind=str(value["kind"]),
        record_class=str(value["record_class"]),
        started_on=date.fromisoformat(str(started)) if started else None,
        proven=bool(value["proven"]),
    )
