"""All personal data that one installation holds: in its database, and outside."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from orchestrator.adapters.reading.inventory import Holding
from orchestrator.adapters.vault.kinds import IDENTIFYING, PSEUDONYMOUS
from orchestrator.bootstrap.installation import Installation
from schemas.topics import CONFIRMATIONS, INSTRUCTIONS, REQUESTS, Topic

_TAKEN_OUT = "files that an operator named, mode 0600"


def holdings(parts: Installation) -> Sequence[Holding]:
    """Return every kind; what cannot be counted from here says so."""
    topics = (
        [] if parts.is_embedded else [_on_topic(one) for one in parts.wanted_topics]
    )
    return [*parts.inventory.holdings(parts.clock.now()), *topics, *_outside()]


def _on_topic(topic: Topic) -> Holding:
    """Describe the records of one topic on Kafka, which we cannot delete."""
    name = topic.name
    if name == REQUESTS:
        sealed_by, sort = "none: the portal writes it in clear", IDENTIFYING
    elif name == CONFIRMATIONS:
        sealed_by, sort = "our key derived from kek.key", IDENTIFYING
    elif name.startswith(f"{INSTRUCTIONS}."):
        sealed_by, sort = "the participant's key: we cannot open it", IDENTIFYING
    else:
        sealed_by, sort = "none", PSEUDONYMOUS
    goes = f"with the topic's retention ({topic.retention.days} days)"
    return Holding(f"records of {name}", sort, f"topic {name}", sealed_by, None, goes)


def _outside() -> Iterator[Holding]:
    """Yield what left us, and what by rule holds nothing."""
    for kind in ("copies that were downloaded", "evidence that was taken out"):
        gone = "when whoever took it out deletes it"
        yield Holding(kind, IDENTIFYING, _TAKEN_OUT, "none: it left us", None, gone)
    yield Holding(
        "log lines",
        PSEUDONYMOUS,
        "standard error",
        "none",
        None,
        "identifiers never stand there; ids of cases go with your logs",
    )
