"""Take records once: what the offsets in our database have not passed yet."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

from orchestrator.ports import Transaction
from orchestrator.ports.event_log import Record


def fresh(transaction: Transaction, records: Sequence[Record]) -> list[Record]:
    """Return the records not yet taken, each once, and move the offsets past all."""
    partitions: dict[tuple[str, int], dict[int, Record]] = defaultdict(dict)
    for record in records:
        partitions[record.topic, record.partition][record.offset] = record
    found = []
    for (topic, partition), by_offset in sorted(partitions.items()):
        goes_on_at = transaction.lock_offset(topic, partition)
        taken = [by_offset[o] for o in sorted(by_offset) if o >= goes_on_at]
        if taken:
            transaction.move_offset(topic, partition, taken[-1].offset + 1)
        found += taken
    return found
