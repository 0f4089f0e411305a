"""
Counting erasures inside the transaction that opens their cases.

The row of a controller and source is the lock: whoever counts, pulls or releases the
brake there waits for the others, so that no two processes let the same one pass.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, Text, bindparam, select, update

from orchestrator.adapters.sql import brake_tables as b
from orchestrator.adapters.sql.tables import Instant
from orchestrator.adapters.sql.upserting import upsert
from orchestrator.core.intake.brake import (
    DAY,
    DAYS_LOOKED_BACK,
    HOUR,
    Brake,
    BrakeState,
    hour_of,
    usual_of,
)
from orchestrator.core.words import CaseId
from orchestrator.ports import BrakeKey, Counted


def locked_brakes(
    connection: Connection, keys: Collection[BrakeKey], at: datetime
) -> Mapping[BrakeKey, Brake]:
    """Lock the rows of *keys*, in order, and return what was counted there."""
    rows: list[dict[str, Any]] = [
        {"controller": controller, "source": source, "counted_since": at}
        for controller, source in sorted(keys)
    ]
    return {
        (row["controller"], row["source"]): _locked(connection, row, at) for row in rows
    }


def _locked(connection: Connection, wanted: dict[str, Any], at: datetime) -> Brake:
    """Lock one row, which is made where nothing was counted so far."""
    while True:
        row = connection.execute(_LOCK, wanted).one_or_none()
        if row is not None:
            return read_brake(connection, row, at)
        # Once more where an old one is deleted in between.
        upsert(connection, b.brakes, [wanted])


def read_brake(
    connection: Connection, row: Row[str, str, datetime, str | None], at: datetime
) -> Brake:
    """Return what was counted of a row's source up to now."""
    hour = hour_of(at)
    asked = {
        "controller": row.controller,
        "source": row.source,
        "hours": [hour - back * HOUR for back in _LOOKED_AT],
    }
    hours = {one.hour: one for one in connection.execute(_HOURS, asked)}
    now = hours.get(hour)
    fresh = {at: one.passed - one.forgiven for at, one in hours.items()}
    return Brake(
        controller=row.controller,
        source=row.source,
        hour=hour,
        passed=now.passed if now else 0,
        held=now.held if now else 0,
        fresh_hour=fresh.get(hour, 0),
        fresh_day=sum(count for at, count in fresh.items() if at > hour - DAY),
        usual=usual_of(
            hour, row.counted_since, {at: one.passed for at, one in hours.items()}
        ),
        pull=row.pull,
    )


def save_counted(connection: Connection, counted: Counted) -> None:
    """Store what was counted on locked rows."""
    hours = [
        {
            "controller": one.controller,
            "source": one.source,
            "hour": one.hour,
            "passed": one.passed,
            "held": one.held,
            "forgiven": 0,
        }
        for one in counted.brakes
    ]
    upsert(connection, b.brake_hours, hours, replace=("passed", "held"))
    pulls = [
        {
            "id": one.id,
            "controller": one.controller,
            "source": one.source,
            "cause": one.overrun.cause.value,
            "counted": one.overrun.counted,
            "allowed": one.overrun.allowed,
            "pulled_at": one.at,
            "state": BrakeState.PULLED.value,
            "said": "[]",
        }
        for one in counted.pulls
    ]
    if pulls:
        connection.execute(b.brake_pulls.insert(), pulls)
    for one in counted.pulls:
        theirs = update(b.brakes).filter_by(controller=one.controller)
        connection.execute(theirs.filter_by(source=one.source).values(pull=one.id))
    held = [{"case_id": case, "pull": pull} for case, pull in counted.held.items()]
    if held:
        connection.execute(b.brake_held.insert(), held)


def hold_beside(connection: Connection, pairs: Mapping[CaseId, CaseId]) -> None:
    """Let the pull that holds a case's lead hold the case, too, if one does."""
    for case, lead in pairs.items():
        connection.execute(_BESIDE, {"case": case, "lead": lead})


def begin_afresh(connection: Connection, key: BrakeKey, at: datetime) -> None:
    """Take the brake of a locked row off, and forgive what passed in 24 hours."""
    controller, source = key
    theirs = {"controller": controller, "source": source}
    connection.execute(update(b.brakes).filter_by(**theirs).values(pull=None))
    since = b.brake_hours.c.hour > hour_of(at) - DAY
    forgiving = update(b.brake_hours).filter_by(**theirs).where(since)
    connection.execute(forgiving.values(forgiven=b.brake_hours.c.passed))


# Hours back: of the last 24, and this hour of each of the days before.
_LOOKED_AT = sorted(
    {*range(24), *(24 * days for days in range(1, DAYS_LOOKED_BACK + 1))}
)
# Built once: building a statement takes longer than running it.
_LOCK = (
    select(b.brakes)
    .where(
        b.brakes.c.controller == bindparam("controller"),
        b.brakes.c.source == bindparam("source"),
    )
    .with_for_update()
)
_HOURS = select(b.brake_hours).where(
    b.brake_hours.c.controller == bindparam("controller"),
    b.brake_hours.c.source == bindparam("source"),
    b.brake_hours.c.hour.in_(bindparam("hours", expanding=True, type_=Instant)),
)
_BESIDE = b.brake_held.insert().from_select(
    ["case_id", "pull"],
    select(bindparam("case", type_=Text), b.brake_held.c.pull).where(
        b.brake_held.c.case_id == bindparam("lead", type_=Text)
    ),
)
