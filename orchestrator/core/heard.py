"""What the core learns of a connector's reply: nothing in it identifies anybody."""

from __future__ import annotations

from typing import cast

from orchestrator.core.cases import TaskItem
from orchestrator.core.events import ItemsLookedAt, Report
from schemas.connecting import (
    Absent,
    Ambiguous,
    CannotTell,
    Item,
    JobAccepted,
    Located,
    Present,
    Redacted,
)


def identifies(reply: object) -> bool:
    """Tell whether a reply holds anything for the vault."""
    return isinstance(reply, Located | Ambiguous | JobAccepted)


def report_of(reply: object) -> Report:
    """Return what the core learns of a reply that identifies nobody."""
    match reply:
        case Absent():
            return ItemsLookedAt(frozenset())
        case Redacted():
            return ItemsLookedAt(frozenset(), redacted=True)
        case Present(items=items):
            return ItemsLookedAt(frozenset(items))
        case CannotTell():
            return ItemsLookedAt(frozenset(), told=False)
        case _:
            return cast("Report", reply)


def facts_of(item: Item) -> TaskItem:
    """Return what the core may know of an item."""
    return TaskItem(
        id=item.id,
        kind=item.kind,
        record_class=item.record_class,
        started_on=item.started_on,
        proven=item.proven,
    )
