"""What cases still owe, as rows, so that it is found by account and due date."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from sqlalchemy import Connection, bindparam, delete

from orchestrator.adapters import tables as t
from orchestrator.core.cases import Case

_FORGET = delete(t.obligations).where(
    t.obligations.c.case_id.in_(bindparam("cases", expanding=True))
)


def keep(connection: Connection, changed: Sequence[tuple[Case, Case]]) -> None:
    """Let the rows of these (before, after) cases say what they owe now."""
    moved = [
        after for before, after in changed if before.obligations != after.obligations
    ]
    if not moved:
        return
    connection.execute(_FORGET, {"cases": [case.id for case in moved]})
    rows = [row for case in moved for row in _rows(case)]
    if rows:
        connection.execute(t.obligations.insert(), rows)


def _rows(case: Case) -> Iterable[Mapping[str, object]]:
    """Yield a row for each thing that *case* owes."""
    for number, owed in enumerate(case.obligations, start=1):
        yield {
            "id": f"{case.id}.{number}",
            "case_id": case.id,
            "kind": owed.kind.value,
            "account": owed.account,
            "record_class": owed.record_class,
            "rule": owed.rule,
            "due_on": owed.due_on.isoformat(),
            "items": len(owed.items),
        }
