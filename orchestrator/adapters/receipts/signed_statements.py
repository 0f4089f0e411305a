"""Signed statements as rows: which there are, and the one that speaks for a case."""

from __future__ import annotations

import json
from typing import Any

from sqlalchemy import Connection, Select, select

from orchestrator.adapters.reading.views import StatementLine
from orchestrator.adapters.sql import tables as t


def lines(
    connection: Connection, case: str | None, limit: int
) -> tuple[StatementLine, ...]:
    """Return statements, of one case or of all, newest first."""
    query = _statement_columns().order_by(
        t.statements.c.signed_at.desc(), t.statements.c.number.desc()
    )
    if case is not None:
        query = query.where(t.statements.c.case_id == case)
    rows = connection.execute(query.limit(limit)).all()
    return tuple(_statement_line(row) for row in rows)


def one(connection: Connection, id_: str) -> tuple[StatementLine, bytes] | None:
    """Return a statement by its id, or the newest that speaks for a case."""
    columns = t.statements.c
    mine = (columns.id == id_) | (columns.case_id == id_)
    newest = _statement_columns().add_columns(columns.envelope)
    newest = newest.order_by(columns.number.desc()).limit(1)
    row = connection.execute(newest.where(mine)).first()
    if row is None:
        lead = _lead_of(connection, id_)
        row = connection.execute(newest.where(columns.case_id == lead)).first()
    return None if row is None else (_statement_line(row), row.envelope)


def _lead_of(connection: Connection, case: str) -> str | None:
    """Return the case that answers an attached one."""
    query = select(t.cases.c.doc).where(t.cases.c.id == case)
    doc = connection.execute(query).scalar()
    lead: str | None = json.loads(doc).get("led_by") if doc else None
    return lead


def _statement_columns() -> Select[Any]:
    """Select what a line of a statement needs."""
    columns = t.statements.c
    return select(
        columns.id,
        columns.case_id,
        columns.number,
        columns.kind,
        columns.signed_at,
        columns.key_id,
        columns.sha256,
    )


def _statement_line(row: Any) -> StatementLine:  # noqa: ANN401 (a row)
    """Return a statement's row as a line."""
    return StatementLine(
        id=row.id,
        case=row.case_id,
        number=row.number,
        kind=row.kind,
        signed_at=row.signed_at,
        key_id=row.key_id,
        sha256=row.sha256,
    )
