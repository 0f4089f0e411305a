"""
The topics as data: `erasure topics create` makes them, AsyncAPI documents them.

No topic is compacted: a record without a value would otherwise delete a request.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from types import MappingProxyType
from typing import Final

from schemas.cloudevents import MAX_HEADER_BYTES, MAX_VALUE_BYTES

# Never change: portals and archives are set up with these names.
REQUESTS: Final = "privacy.requests"
CASE_EVENTS: Final = "privacy.case-events"
RECEIPTS: Final = "privacy.receipts"


@dataclass(frozen=True, slots=True)
class Topic:
    """
    One topic: how it is created, and who may do what with it.

    `partitions` can be raised later only for topics whose readers do not mind that a
    key moves.  `holds_personal_data` asks for tight access rights and short retention.
    """

    name: str
    description: str
    partitions: int
    retention: timedelta
    max_message_bytes: int
    key: str
    writers: tuple[str, ...]
    readers: tuple[str, ...]
    holds_personal_data: bool = False
    cleanup_policy: str = "delete"

    @property
    def config(self) -> Mapping[str, str]:
        """Kafka's own names for the settings."""
        retention_ms = self.retention // timedelta(milliseconds=1)
        return MappingProxyType(
            {
                "cleanup.policy": self.cleanup_policy,
                "max.message.bytes": str(self.max_message_bytes),
                "retention.ms": str(retention_ms),
                # A record goes with its whole segment: a quiet topic's would stay on.
                "segment.ms": str(timedelta(days=1) // timedelta(milliseconds=1)),
            }
        )


TOPICS: tuple[Topic, ...] = (
    Topic(
        name=REQUESTS,
        description="Verified requests of persons, from the portal.",
        partitions=6,
        # Long enough to ask again for what a restored database lacks, short because
        # these records identify people and only their retention removes them.
        retention=timedelta(days=7),
        # Above our own limit, so that what is too large is answered with a code and
        # only what is absurd is refused by the broker.
        max_message_bytes=1_048_588,
        key="request_id: repeats of one request keep their order.",
        writers=("portal",),
        readers=("erasure orchestrator",),
        holds_personal_data=True,
    ),
    Topic(
        name=CASE_EVENTS,
        description="What became of each request, free of personal data.",
        partitions=6,
        retention=timedelta(days=30),
        max_message_bytes=MAX_VALUE_BYTES + MAX_HEADER_BYTES,
        key="request_id: what is said of one request keeps its order.",
        writers=("erasure orchestrator",),
        readers=("portal",),
    ),
    Topic(
        name=RECEIPTS,
        description="Signed statements, for the data protection officer's archive.",
        partitions=1,
        # The archive keeps receipts for years; the topic only brings them there.
        retention=timedelta(days=90),
        max_message_bytes=1_048_588,
        key="case_id: the statements of one case keep their order.",
        writers=("erasure orchestrator",),
        readers=("archive of the data protection officer",),
    ),
)


def topic(name: str) -> Topic:
    """Return the topic called *name*; raises `KeyError` for a stranger."""
    return {known.name: known for known in TOPICS}[name]
