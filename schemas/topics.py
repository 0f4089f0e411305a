"""
The topics as data: `erasure topics create` makes them, AsyncAPI documents them.

No topic is compacted: a record without a value would otherwise delete a request.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from datetime import timedelta
from types import MappingProxyType
from typing import Final

from schemas.cloudevents import MAX_HEADER_BYTES, MAX_VALUE_BYTES

# Never change: portals and archives are set up with these names.
REQUESTS: Final = "privacy.requests"
CASE_EVENTS: Final = "privacy.case-events"
RECEIPTS: Final = "privacy.receipts"
CONFIRMATIONS: Final = "privacy.confirmations"
INSTRUCTIONS: Final = "privacy.instructions"  # a dot and the account follow


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


# Only where the register has participants; one topic of instructions for each.
_INSTRUCTED = Topic(
    name=f"{INSTRUCTIONS}.{{account}}",
    description="Signed instructions to one system of one's own; whom they are about "
    "is sealed to its key.",
    partitions=3,
    # Longer than a participant may be away; each is repeated until it is answered.
    retention=timedelta(days=14),
    max_message_bytes=MAX_VALUE_BYTES + MAX_HEADER_BYTES,
    key="instruction_id: repeats of one instruction keep their order.",
    writers=("erasure orchestrator",),
    readers=("the participant",),
)
_CONFIRMED = Topic(
    name=CONFIRMATIONS,
    description="Signed answers of systems of one's own; copies in them are sealed to "
    "our key.",
    partitions=3,
    retention=timedelta(days=14),
    max_message_bytes=1_048_588,
    key="instruction_id: answers to one instruction keep their order.",
    writers=("every participant",),
    readers=("erasure orchestrator",),
)
EVERY_TOPIC: tuple[Topic, ...] = (*TOPICS, _INSTRUCTED, _CONFIRMED)
"""All that there can be, for descriptions; `{account}` stands for a name."""


def instructions_topic(account: str) -> str:
    """Return the name of the topic that instructs one account."""
    return f"{INSTRUCTIONS}.{account}"


def topics_with(participants: Collection[str]) -> tuple[Topic, ...]:
    """Return the topics of an installation with these accounts as participants."""
    if not participants:
        return TOPICS
    instructed = (
        replace(_INSTRUCTED, name=instructions_topic(one))
        for one in sorted(participants)
    )
    return (*TOPICS, *instructed, _CONFIRMED)


def topic(name: str) -> Topic:
    """Return the topic called *name*; raises `KeyError` for a stranger."""
    return {known.name: known for known in TOPICS}[name]
