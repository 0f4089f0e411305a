"""The topics as data."""

from __future__ import annotations

import pytest

from schemas.cloudevents import MAX_HEADER_BYTES, MAX_VALUE_BYTES
from schemas.topics import CASE_EVENTS, RECEIPTS, REQUESTS, TOPICS, topic


def test_the_topics_have_the_names_that_portals_know() -> None:
    """Names of topics are promises."""
    assert [known.name for known in TOPICS] == [REQUESTS, CASE_EVENTS, RECEIPTS]
    assert topic("privacy.requests").name == REQUESTS


def test_a_stranger_is_no_topic() -> None:
    """A misspelt topic is an error, not a new one."""
    with pytest.raises(KeyError):
        topic("privacy.request")


def test_settings_are_spelled_as_kafka_does() -> None:
    """What the admin client gets are texts under Kafka's names."""
    assert dict(topic(CASE_EVENTS).config) == {
        "cleanup.policy": "delete",
        "max.message.bytes": "278528",
        "retention.ms": "2592000000",
        "segment.ms": "86400000",
    }


def test_no_topic_is_compacted() -> None:
    """A record without a value must not delete an earlier request."""
    assert {known.config["cleanup.policy"] for known in TOPICS} == {"delete"}


def test_an_event_that_is_too_large_still_reaches_us() -> None:
    """The broker's limit lies above ours, so that we can answer with a code."""
    assert topic(REQUESTS).max_message_bytes > MAX_VALUE_BYTES + MAX_HEADER_BYTES


def test_only_requests_hold_personal_data() -> None:
    """All other topics can be read by more people, and kept for longer."""
    held = [known.name for known in TOPICS if known.holds_personal_data]

    assert held == [REQUESTS]
    assert topic(REQUESTS).retention == min(known.retention for known in TOPICS)
