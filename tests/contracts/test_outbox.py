"""Messages that are durable and not yet sent, and who sends them."""

from __future__ import annotations

import pytest

from orchestrator.adapters.sql import tables as t
from orchestrator.ports import OutgoingMessage
from tests.contracts.stored import Stored
from tests.core.builders import MINUTE, SECOND, T0

TOPIC = "privacy.case-events"


def _message(id_: str, topic: str = TOPIC, data: str = "{}") -> OutgoingMessage:
    """Build a message."""
    return OutgoingMessage(id_, topic, f"key-{id_}", "privacy.case.opened.v1", data)


def _add(stored: Stored, *messages: OutgoingMessage) -> None:
    """Put messages into the outbox in one transaction."""
    with stored.store.transaction() as transaction:
        transaction.add_messages(messages, T0)


def _unsent(stored: Stored, limit: int = 99, topic: str = TOPIC) -> list[str]:
    """Return the ids of what is still to send."""
    found = stored.outbox.unsent([topic], limit)
    return [one.message.message_id for one in found]


def test_message_is_read_as_it_was_written(stored: Stored) -> None:
    """With its place in the outbox and the time of its transaction."""
    message = _message("m1", data='{"é": "\\u0000"}')
    _add(stored, message)

    (unsent,) = stored.outbox.unsent([TOPIC], 9)

    assert (unsent.message, unsent.made_at) == (message, T0)


def test_messages_come_in_the_order_they_were_written(stored: Stored) -> None:
    """The oldest first, within a transaction too, and no more than asked for."""
    ids = [f"m{n}" for n in (5, 3, 9, 1)]
    _add(stored, *(_message(id_) for id_ in ids))
    _add(stored, _message("m0"))

    assert _unsent(stored) == [*ids, "m0"]
    assert _unsent(stored, 2) == ids[:2]


def test_message_is_written_once(stored: Stored) -> None:
    """A step that is repeated sends nothing twice, whatever it says the second time."""
    _add(stored, _message("m1", data="first"))

    _add(stored, _message("m2"), _message("m1", data="second"), _message("m2"))

    assert _unsent(stored) == ["m1", "m2"]
    assert stored.outbox.unsent([TOPIC], 1)[0].message.data == "first"


def test_sent_message_is_not_written_again(stored: Stored) -> None:
    """Its row stays, so that a repeated step finds it."""
    _add(stored, _message("m1"))
    stored.outbox.mark_sent([stored.outbox.unsent([TOPIC], 1)[0].seq], T0)

    _add(stored, _message("m1"))

    assert _unsent(stored) == []
    assert stored.count(t.outbox) == 1


def test_only_what_was_sent_is_marked(stored: Stored) -> None:
    """A gap stays to be sent: nothing is skipped by a later message's success."""
    _add(stored, *(_message(f"m{n}") for n in range(4)))
    rows = stored.outbox.unsent([TOPIC], 9)

    stored.outbox.mark_sent([rows[0].seq, rows[2].seq], T0)
    stored.outbox.mark_sent([], T0)

    assert _unsent(stored) == ["m1", "m3"]


def test_topics_are_sent_apart(stored: Stored) -> None:
    """A topic that is held up holds up no other."""
    _add(stored, _message("m1"), _message("m2", "privacy.receipts"), _message("m3"))

    assert _unsent(stored) == ["m1", "m3"]
    assert _unsent(stored, topic="privacy.receipts") == ["m2"]


def test_number_of_a_message_is_never_given_again(stored: Stored) -> None:
    """A later message has a higher number, also once all rows before are gone."""
    _add(stored, _message("m1"))
    (first,) = stored.outbox.unsent([TOPIC], 1)
    with stored.database.writing() as connection:
        connection.execute(t.outbox.delete())

    _add(stored, _message("m2"))

    (second,) = stored.outbox.unsent([TOPIC], 1)
    assert second.seq > first.seq


# --- one relay a topic ----------------------------------------------------------------


def test_one_holds_a_lease_at_a_time(stored: Stored) -> None:
    """The first has it and keeps it; another gets it once it has ended."""
    until = T0 + MINUTE

    assert stored.outbox.hold("relay:a", "one", T0, until)
    assert stored.outbox.hold("relay:a", "one", T0 + SECOND, until)
    assert not stored.outbox.hold("relay:a", "two", T0, until)
    assert not stored.outbox.hold("relay:a", "two", until, until + MINUTE)
    assert stored.outbox.hold("relay:b", "two", T0, until)
    assert stored.outbox.hold("relay:a", "two", until + SECOND, until + MINUTE)
    assert not stored.outbox.hold("relay:a", "one", until + SECOND, until + MINUTE)


@pytest.mark.parametrize(("who", "is_free"), [("one", True), ("two", False)])
def test_only_its_holder_lets_a_lease_go(
    stored: Stored, who: str, is_free: object
) -> None:
    """After that anybody may have it at once."""
    stored.outbox.hold("relay:a", "one", T0, T0 + MINUTE)

    stored.outbox.let_go("relay:a", who)

    assert stored.outbox.hold("relay:a", "three", T0, T0 + MINUTE) is is_free


def test_message_of_no_step_is_sent_again_as_it_was(stored: Stored) -> None:
    """A publication that is repeated keeps its bytes and its time, and is sent anew."""
    stored.outbox.send(_message("m1", data="first"), T0)
    (first,) = stored.outbox.unsent([TOPIC], 9)
    stored.outbox.mark_sent([first.seq], T0 + SECOND)
    assert _unsent(stored) == []

    stored.outbox.send(_message("m1", data="second"), T0 + MINUTE)

    (again,) = stored.outbox.unsent([TOPIC], 9)
    assert again == first
