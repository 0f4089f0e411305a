"""What cases still owe, as rows, so that it is found by account and due date."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date

from sqlalchemy import Connection, bindparam, delete, func, select

from orchestrator.adapters.sql import tables as t
from orchestrator.adapters.sql.database import Database
from orchestrator.adapters.sql.upserting import upsert
from orchestrator.core.afterwards.owed import ObligationKind
from orchestrator.core.cases import Case
from orchestrator.core.words import AccountId

_OF_CASES = select(t.obligations.c.id).where(
    t.obligations.c.case_id.in_(bindparam("cases", expanding=True))
)
_FORGET = delete(t.obligations).where(
    t.obligations.c.id.in_(bindparam("ids", expanding=True))
)
_NAMES = select(t.accounts.c.id, t.accounts.c.installation).where(
    t.accounts.c.id.in_(bindparam("accounts", expanding=True))
)


@dataclass(frozen=True, slots=True)
class OwedThere:
    """How much is owed at an account as it was when the records were found."""

    account: AccountId
    connector: str
    installation: str | None  # what the processor called it
    count: int
    last_due_on: date


def keep(connection: Connection, changed: Sequence[tuple[Case, Case]]) -> None:
    """
    Let the rows of these (before, after) cases say what they owe now.

    A row stays as it was made: it says where the records were found.
    """
    moved = [
        after for before, after in changed if before.obligations != after.obligations
    ]
    if not moved:
        return
    rows = {str(row["id"]): row for case in moved for row in _rows(case)}
    asked = {"cases": [case.id for case in moved]}
    over = set(connection.execute(_OF_CASES, asked).scalars()) - rows.keys()
    if over:
        connection.execute(_FORGET, {"ids": sorted(over)})
    accounts = {row["account"] for row in rows.values()}
    found = connection.execute(_NAMES, {"accounts": sorted(map(str, accounts))})
    names = {row.id: row.installation for row in found}
    for row in rows.values():
        row["installation"] = row["installation"] or names.get(row["account"])
    upsert(connection, t.obligations, list(rows.values()))


def owed_there(database: Database) -> Sequence[OwedThere]:
    """
    Return which erasures are owed, by account, connector and installation.

    Looks whether somebody stays gone are none, and end by themselves.
    """
    columns = t.obligations.c
    where = (columns.account, columns.connector, columns.installation)
    query = select(*where, func.count().label("n"), func.max(columns.due_on).label("d"))
    query = query.where(columns.kind != ObligationKind.READ_BACK.value)
    with database.reading() as connection:
        rows = connection.execute(query.group_by(*where).order_by(*where)).all()
    return [
        OwedThere(
            AccountId(row.account),
            row.connector,
            row.installation,
            row.n,
            date.fromisoformat(row.d),
        )
        for row in rows
    ]


def _rows(case: Case) -> Iterable[dict[str, object]]:
    """Yield a row for each thing that *case* owes."""
    for owed in case.obligations:
        name = (owed.kind.value, owed.account, owed.record_class, owed.rule)
        planned = case.plan.account(owed.account)
        yield {
            "id": ".".join((case.id, *name, owed.due_on.isoformat())),
            "case_id": case.id,
            "kind": owed.kind.value,
            "account": owed.account,
            "connector": planned.connector,
            "installation": planned.installation,
            "record_class": owed.record_class,
            "rule": owed.rule,
            "due_on": owed.ends_on.isoformat(),
            "items": len(owed.items),
        }
