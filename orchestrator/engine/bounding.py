"""
Keep what nobody of ours sent as long as there is room; count the rest.

Whoever can write to a topic could fill the quarantine, and with it the database.  So
each cause (a topic and a code) has room for so many events and bytes that wait for a
person.  Beyond it an event is counted by code, type, hour and offsets, in the
transaction that passes it.  What a publisher signed never comes here: it is kept.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

import structlog

from orchestrator.ports import Bounds, Room, Transaction, Unkept
from orchestrator.ports.event_log import Record

log = structlog.get_logger()

HOUR = timedelta(hours=1)
NEARLY, FULL = 80, 100
_PASSED = (FULL, NEARLY, 0)


@dataclass(frozen=True, slots=True)
class Stranger:
    """A record that may be left out: what is wrong, and what it calls itself."""

    record: Record
    code: str
    type: str | None

    @property
    def size(self) -> int:
        """The bytes of its value."""
        return len(self.record.value or b"")

    @property
    def cause(self) -> tuple[str, str]:
        """Where it is counted."""
        return self.record.topic, self.code


@dataclass(slots=True)
class Bounding:
    """What one transaction finds room for; `tell` says what people must know."""

    transaction: Transaction
    bounds: Bounds
    now: datetime
    told: list[Room] = field(default_factory=list)
    left_out: int = 0

    def kept(self, strangers: Sequence[Stranger]) -> list[Stranger]:
        """Return those there is room for, in order; the others are counted."""
        if not strangers:
            return []
        rooms = dict(self.transaction.lock_room({one.cause for one in strangers}))
        kept, unkept = [], []
        for one in strangers:
            room = rooms[one.cause]
            larger = replace(room, count=room.count + 1, size=room.size + one.size)
            if self._is_within(larger):
                rooms[one.cause] = larger
                kept.append(one)
            else:
                unkept.append(one)
        self.left_out += len(unkept)
        full = {one.cause for one in unkept}
        changed = [self._passed(room, full) for room in rooms.values()]
        self.transaction.save_room(changed, _summed(unkept, self.now))
        return kept

    def count(self, again: Sequence[Stranger]) -> None:
        """Count what waits already, word for word, and is not kept a second time."""
        if again:
            self.transaction.save_room([], _summed(again, self.now))
            self.left_out += len(again)

    def tell(self) -> None:
        """Say, once it is durable, which cause has become fuller, or stays full."""
        for room in self.told:
            if room.percent == FULL:
                log.error(
                    "quarantine_full",
                    topic=room.topic,
                    code=room.code,
                    count=room.count,
                    bytes=room.size,
                    advice="More of it is only counted: `erasure quarantine unkept`.",
                )
            else:
                log.error(
                    "quarantine_fills",
                    topic=room.topic,
                    code=room.code,
                    count=room.count,
                    bytes=room.size,
                    advice="Look with `erasure quarantine list --code`; rule on it.",
                )

    def _is_within(self, room: Room) -> bool:
        return room.count <= self.bounds.events and room.size <= self.bounds.size

    def _passed(self, room: Room, full: set[tuple[str, str]]) -> Room:
        """Return a cause with how full it is now; told of when it gets fuller."""
        is_full = (room.topic, room.code) in full
        reached = FULL if is_full else self.bounds.percent(room.count, room.size)
        percent = next(mark for mark in _PASSED if reached >= mark)
        told_at = room.full_told_at if percent else None  # emptied: told of anew
        is_new = percent > room.percent
        if percent == FULL:
            # While it is full, and now and then has room for a small one: once an hour.
            is_new = told_at is None or self.now - told_at >= HOUR
            told_at = self.now if is_new else told_at
        found = replace(room, percent=percent, full_told_at=told_at)
        if is_new:
            self.told.append(found)
        return found


def _summed(strangers: Sequence[Stranger], now: datetime) -> list[Unkept]:
    """Return what was not kept, by kind and place, in this hour."""
    kinds: dict[tuple[str, int, str, str | None], list[Stranger]] = defaultdict(list)
    for one in strangers:
        record = one.record
        kinds[record.topic, record.partition, one.code, one.type].append(one)
    hour = now.replace(minute=0, second=0, microsecond=0)
    return [
        Unkept(
            *kind,
            hour=hour,
            count=len(those),
            size=sum(one.size for one in those),
            first_offset=min(one.record.offset for one in those),
            last_offset=max(one.record.offset for one in those),
        )
        for kind, those in kinds.items()
    ]
