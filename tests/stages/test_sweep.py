"""What was done long ago goes; what may still be asked about stays."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from sqlalchemy import insert, select

from orchestrator.adapters.cases import done_rows
from orchestrator.adapters.cases.done_rows import SqlDoneRows
from orchestrator.adapters.sql import tables as t
from orchestrator.ports import OutgoingMessage
from orchestrator.stages.sweep import Chore, Sweep
from tests.core.builders import DAY, HOUR, MAIL, T0
from tests.stages.an_office import Office

LONG_AGO = T0 - 31 * DAY


def _message(office: Office, id_: str, sent_at: datetime | None) -> None:
    with office.store.transaction() as transaction:
        message = OutgoingMessage(id_, "topic", id_, "type", "{}")
        transaction.add_messages([message], LONG_AGO)
    with office.database.writing() as connection:
        mine = t.outbox.c.message_id == id_
        connection.execute(t.outbox.update().where(mine).values(sent_at=sent_at))


def _call(office: Office, id_: str, state: str, closed_at: datetime | None) -> None:
    row = {
        "id": id_,
        "account": MAIL,
        "action": "erase",
        "epoch": 1,
        "members": "[]",
        "idempotency_key": id_,
        "request_hash": "",
        "state": state,
        "made_at": LONG_AGO,
        "closed_at": closed_at,
    }
    with office.database.writing() as connection:
        connection.execute(insert(t.calls), [row])


def _left(office: Office) -> set[str]:
    with office.database.reading() as connection:
        messages = connection.execute(select(t.outbox.c.message_id)).scalars()
        calls = connection.execute(select(t.calls.c.id)).scalars()
        return {*messages, *calls}


def _a_sweep(office: Office, *chores: Chore) -> Sweep:
    return Sweep(office.store, office.engine, office.clock, lambda: None, chores)


def test_what_was_sent_or_answered_long_ago_goes(office: Office) -> None:
    """Unsent messages and open or accepted calls stay, however old they are."""
    _message(office, "m-old", LONG_AGO)
    _message(office, "m-new", T0 - DAY)
    _message(office, "m-unsent", None)
    _call(office, "k-old", "closed", LONG_AGO)
    _call(office, "k-new", "closed", T0 - DAY)
    _call(office, "k-open", "open", None)
    _call(office, "k-job", "accepted", None)
    drop = SqlDoneRows(office.database).drop

    _a_sweep(office, Chore("done", drop, 30 * DAY, HOUR)).turn()

    assert _left(office) == {"m-new", "m-unsent", "k-new", "k-open", "k-job"}


def test_much_goes_some_at_a_time_without_a_pause(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No transaction is long, and the next turn goes on at once."""
    monkeypatch.setattr(done_rows, "AT_ONCE", 2)
    for number in range(3):
        _message(office, f"m-{number}", LONG_AGO)
    sweep = _a_sweep(
        office, Chore("done", SqlDoneRows(office.database).drop, 30 * DAY, HOUR)
    )

    sweep.turn()
    after_one = len(_left(office))
    sweep.turn()

    assert (after_one, _left(office)) == (1, set())


def test_chore_that_found_nothing_is_left_alone_for_a_while(office: Office) -> None:
    """Looking at whole tables every second would cost more than it brings."""
    asked: list[datetime] = []

    def end(before: datetime) -> int:
        asked.append(before)
        return 0

    sweep = _a_sweep(office, Chore("done", end, DAY, HOUR))

    sweep.turn()
    sweep.turn()
    office.clock.advance(timedelta(hours=1))
    sweep.turn()

    assert asked == [T0 - DAY, T0 + HOUR - DAY]
