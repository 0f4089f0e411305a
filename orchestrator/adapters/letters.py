"""The rows of the inbox: stored once, ended once."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import Connection, update

from orchestrator.adapters import tables as t
from orchestrator.adapters.upserting import upsert
from orchestrator.ports import Ending, EndLetter, PutLetter

WAITING = "waiting"
# What somebody else sent under our address is worth a count, for a while.
REFUSED_KEPT_FOR = timedelta(days=1)


def carry_out(
    connection: Connection, write: PutLetter | EndLetter, at: datetime
) -> None:
    """Store what rides along."""
    match write:
        case PutLetter():
            put(connection, write)
        case EndLetter(letter=letter):
            end(connection, letter, "applied", None, at)


def put(connection: Connection, write: PutLetter) -> None:
    """Keep a letter; one with this id that is there already stays as it is."""
    row = {
        "id": write.id,
        "account": write.account,
        "channel": write.channel,
        "state": WAITING,
        "received_at": write.received_at,
        "look_at": write.received_at,
        "expires_at": write.expires_at,
        "sealed": write.sealed,
        "size": write.size,
    }
    upsert(connection, t.inbox, [row])


def end(
    connection: Connection, letter: str, state: Ending, code: str | None, at: datetime
) -> None:
    """End a letter that waits; what nobody has to read any more goes at once."""
    changes: dict[str, object] = {"state": state, "code": code, "tried_at": at}
    if state != "unmatched":
        changes["sealed"] = None
    if state == "refused":
        changes["expires_at"] = at + REFUSED_KEPT_FOR
    connection.execute(
        update(t.inbox)
        .where(t.inbox.c.id == letter, t.inbox.c.state == WAITING)
        .values(changes)
    )
