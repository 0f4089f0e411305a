"""What came in: offsets, requests and the quarantine, on both databases."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import select

from orchestrator.adapters.sql import tables as t
from orchestrator.core.words import CaseId
from orchestrator.errors import Conflict
from orchestrator.ports import KnownRequest, Quarantined
from tests.contracts.stored import Stored
from tests.core.builders import T0


def test_partition_never_seen_begins_at_zero(stored: Stored) -> None:
    """And then it is known."""
    with stored.store.transaction() as transaction:
        assert transaction.lock_offset("topic", 3) == 0

    assert stored.store.stored_offsets() == {("topic", 3): 0}


def test_partitions_move_apart(stored: Stored) -> None:
    """An offset belongs to its topic and partition alone, and may pass 32 bits."""
    with stored.store.transaction() as transaction:
        for topic, partition in (("one", 0), ("one", 1), ("two", 0)):
            transaction.lock_offset(topic, partition)
        transaction.move_offset("one", 1, 2**40)

    with stored.store.transaction() as transaction:
        assert transaction.lock_offset("one", 1) == 2**40
    assert stored.store.stored_offsets() == {
        ("one", 0): 0,
        ("one", 1): 2**40,
        ("two", 0): 0,
    }


def _known(number: int, **changes: object) -> KnownRequest:
    """Build a remembered request whose names all differ from its siblings'."""
    known = KnownRequest(
        f"request-{number}",
        "portal",
        f"event-{number}",
        "0" * 64,
        CaseId(f"case-{number}"),
    )
    return replace(known, **changes)  # type: ignore[arg-type]


def test_request_is_known_by_either_of_its_names(stored: Stored) -> None:
    """By its id, and by its (source, id) pair but not by either half of that."""
    with stored.store.transaction() as transaction:
        transaction.remember_requests([_known(n) for n in (1, 2, 3)], T0)

    with stored.store.transaction() as transaction:
        by_id = transaction.known_requests({"request-1"}, set())
        by_event = transaction.known_requests(set(), {("portal", "event-2")})
        by_both = transaction.known_requests({"request-3"}, {("portal", "event-3")})
        by_half = transaction.known_requests(set(), {("other", "event-1")})
        by_nothing = transaction.known_requests(set(), set())

    assert [list(by_id), list(by_event), list(by_both)] == [
        [_known(1)],
        [_known(2)],
        [_known(3)],
    ]
    assert [list(by_half), list(by_nothing)] == [[], []]


@pytest.mark.parametrize(
    "repeat",
    [
        pytest.param(_known(2, request_id="request-1"), id="request_id"),
        pytest.param(_known(2, event_id="event-1"), id="source_and_id"),
    ],
)
def test_request_is_remembered_once(stored: Stored, repeat: KnownRequest) -> None:
    """A name that is taken is a conflict, and nothing of the transaction stays."""
    with stored.store.transaction() as transaction:
        transaction.remember_requests([_known(1)], T0)

    with (
        pytest.raises(Conflict),
        stored.store.transaction() as transaction,
    ):
        transaction.remember_requests([_known(3), repeat], T0)

    assert stored.count(t.requests) == 1


def test_same_event_id_of_another_source_is_another_event(stored: Stored) -> None:
    """CloudEvents names an event by source and id together."""
    with stored.store.transaction() as transaction:
        transaction.remember_requests([_known(1)], T0)
        transaction.remember_requests([_known(2, source="b", event_id="event-1")], T0)

    assert stored.count(t.requests) == 2


def _an_event(id_: str, offset: int, *, topic: str = "t", part: int = 0) -> Quarantined:
    """Build a quarantined event at one place of the input."""
    return Quarantined(
        id=id_,
        code="malformed_json",
        pointer="/subject",
        rule="It is JSON.",
        hint="Send JSON.",
        topic=topic,
        partition=part,
        offset=offset,
        sealed=b"\x00sealed",
        size=7,
        seen_at=T0,
        expires_at=T0 + timedelta(days=30),
    )


def test_record_is_quarantined_once(stored: Stored) -> None:
    """A record that comes again under another id is not kept again, nor announced."""
    with stored.store.transaction() as transaction:
        first = transaction.quarantine([_an_event("q-1", 5), _an_event("q-2", 2**33)])
    with stored.store.transaction() as transaction:
        again = transaction.quarantine(
            [
                _an_event("q-3", 5),
                _an_event("q-4", 5, part=1),
                _an_event("q-5", 5, topic="u"),
            ]
        )

    assert [*first] == ["q-1", "q-2"]
    assert [*again] == ["q-4", "q-5"]
    with stored.database.reading() as connection:
        row = connection.execute(select(t.quarantine).where(t.quarantine.c.id == "q-1"))
        assert row.one().sealed == b"\x00sealed"
