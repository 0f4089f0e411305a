"""The rows of the inbox: stored once, ended once."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import Connection, delete, select, update

from orchestrator.adapters.sql import tables as t
from orchestrator.adapters.sql.upserting import upsert
from orchestrator.ports import Ending, EndLetter, PutLetter

WAITING = "waiting"
# What somebody else sent under our address is worth a count, for a while.
REFUSED_KEPT_FOR = timedelta(days=1)
MOST_REFUSED = 1000  # of one account: a stranger's flood is no reason for more


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
    """
    Keep a letter; one with this id that is there already stays as it is.

    Of an account's refused ones the oldest make room for one more.
    """
    row = {
        "id": write.id,
        "account": write.account,
        "channel": write.channel,
        "state": WAITING if write.code is None else "refused",
        "code": write.code,
        "received_at": write.received_at,
        "look_at": write.received_at,
        "expires_at": write.expires_at,
        "sealed": write.sealed,
        "size": write.size,
    }
    upsert(connection, t.inbox, [row])
    if write.code is not None:
        drop_refused(connection, write.id, MOST_REFUSED)


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


def drop_refused(connection: Connection, letter: str, most: int) -> int:
    """Delete all but the newest *most* refused letters of the account of *letter*."""
    account = select(t.inbox.c.account).where(t.inbox.c.id == letter).scalar_subquery()
    too_many = (
        select(t.inbox.c.id)
        .where(t.inbox.c.account == account, t.inbox.c.state == "refused")
        .order_by(t.inbox.c.look_at.desc(), t.inbox.c.id.desc())
        .offset(most)
    )
    over = list(connection.execute(too_many).scalars())
    if over:
        connection.execute(delete(t.inbox).where(t.inbox.c.id.in_(over)))
    return len(over)
