"""What the plans of earlier cases name and the register of today does not."""

from __future__ import annotations

import json
from collections.abc import Iterator

from sqlalchemy import select

from orchestrator.adapters.register import Register, RegisterWarning
from orchestrator.adapters.sql import tables as t
from orchestrator.adapters.sql.database import Database
from orchestrator.adapters.sql.schema import check_schema
from orchestrator.errors import SetUpError, Unavailable


def recipients_left_out(
    database: Database, register: Register
) -> list[RegisterWarning]:
    """
    Return a warning for each recipient that later receipts would not name any more.

    Nothing where there is no database yet, or none that answers: the register is right
    or wrong without it.
    """
    try:
        check_schema(database)
    except (SetUpError, Unavailable):
        return []
    past = {name for document in _plans(database) for name in document}
    return [
        RegisterWarning(
            f"recipients.{name}",
            "cases were opened under it and it is no longer in the file, so later"
            " receipts would not name it; put it back, with active_to, and with"
            " not_told_because once it has no account.",
        )
        for name in sorted(past - register.recipients.keys())
    ]


def _plans(database: Database) -> Iterator[list[str]]:
    """Yield the names of the recipients of every plan that cases were opened under."""
    with database.reading() as connection:
        for plan in connection.execute(select(t.registers.c.plan)).scalars():
            yield list(json.loads(plan)["recipients"])
