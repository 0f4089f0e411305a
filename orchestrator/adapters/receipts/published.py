"""
What the topic of receipts says of our log: its heads, and the statements in it.

Only heads that a key of ours signed count: a topic may be shared, and whoever may write
to it must not be able to stop us with a head of their own.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from pydantic import ValidationError

from orchestrator.adapters.receipts.archive import Archived, read_archived
from orchestrator.adapters.receipts.notes import NoteRejected, open_checkpoint
from orchestrator.ports.event_log import Record
from schemas.checkpoints import LOG_CHECKPOINTED, LogCheckpointed
from schemas.receipts import RECEIPT_SEALED

TAIL = 500  # records of a partition: several batches of statements with their heads
_TYPE = "ce_type"


def heads_in(
    records: Iterable[Record], name: str, keys: Mapping[str, Ed25519PublicKey]
) -> list[LogCheckpointed]:
    """Return the heads of the log *name* that one of *keys* signed, each once."""
    said = (_head(one.value) for one in records if _is(one, LOG_CHECKPOINTED))
    heads = (one for one in said if one is not None and one.log == name)
    return list({one.note: one for one in heads if _is_ours(one, keys)}.values())


def statements_in(records: Iterable[Record]) -> Iterator[Archived]:
    """Yield the receipts that were published; nothing of them is verified."""
    for one in records:
        if _is(one, RECEIPT_SEALED) and one.value is not None:
            found = read_archived(one.value)
            if found is not None:
                yield found


def _is(record: Record, type_: str) -> bool:
    """Tell whether a record says that it is of this type."""
    return (_TYPE, type_.encode()) in record.headers


def _head(value: bytes | None) -> LogCheckpointed | None:
    """Read a head; None of what is none."""
    try:
        return LogCheckpointed.model_validate_json(value or b"")
    except ValidationError:
        return None


def _is_ours(head: LogCheckpointed, keys: Mapping[str, Ed25519PublicKey]) -> bool:
    """Tell whether a key of ours signed what the head says."""
    key = keys.get(head.key_id)
    if key is None:
        return False
    try:
        said = open_checkpoint(head.note, head.log, key)
    except NoteRejected:
        return False
    return (said.size, said.root.hex()) == (head.size, head.root)
