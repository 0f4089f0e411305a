"""What rides along with events: vault entries, calls, statements, artifacts."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import assert_never

from sqlalchemy import (
    ColumnElement,
    Connection,
    and_,
    bindparam,
    delete,
    update,
)

from orchestrator.adapters import letters
from orchestrator.adapters import tables as t
from orchestrator.adapters.upserting import upsert
from orchestrator.core.cases import Obligation
from orchestrator.ports import (
    AcceptCall,
    Artifact,
    CloseCall,
    DestroyKey,
    EndLetter,
    FinishArtifact,
    ForgetRecord,
    ForgetRequestRecord,
    PutEntry,
    PutKey,
    PutLetter,
    PutObligations,
    PutStatement,
    VaultEntry,
    Write,
)
from schemas.topics import REQUESTS

PACKAGE = "package"  # the kind of artifact that a case ends up with
_STATEMENT = (
    *("id", "number", "kind", "signed_at"),
    *("key_id", "sha256", "envelope"),
)


_MOVE_CALLS = (
    update(t.calls)
    .where(t.calls.c.id.in_(bindparam("b_ids", expanding=True)))
    .values(state=bindparam("b_state"), closed_at=bindparam("b_ended", type_=t.Instant))
)


def carry_out(connection: Connection, writes: Sequence[Write], at: datetime) -> None:
    """Store *writes*; rows of one kind go out as one statement."""
    keys = [write.key for write in writes if isinstance(write, PutKey)]
    names = ("owner", "purpose", "wrapped", "expires_at")
    upsert(
        connection, t.data_keys, [{**_fields(k, *names), "made_at": at} for k in keys]
    )
    _put_entries(connection, [w.entry for w in writes if isinstance(w, PutEntry)], at)
    for kind, state in ((AcceptCall, "accepted"), (CloseCall, "closed")):
        ids = [write.call for write in writes if isinstance(write, kind)]
        if ids:
            ended = at if kind is CloseCall else None
            moved = {"b_ids": ids, "b_state": state, "b_ended": ended}
            connection.execute(_MOVE_CALLS, moved)
    for write in writes:
        match write:
            case PutKey() | PutEntry() | AcceptCall() | CloseCall():
                continue
            case PutLetter() | EndLetter():
                letters.carry_out(connection, write, at)
            case _:
                _carry_out_one(connection, write)


def _put_entries(
    connection: Connection, entries: Sequence[VaultEntry], at: datetime
) -> None:
    """Store vault entries; of one name the last counts."""
    names = ("owner", "purpose", "name", "sealed")
    rows = {
        (one.owner, one.purpose, one.name): {**_fields(one, *names), "made_at": at}
        for one in entries
    }
    upsert(connection, t.vault, list(rows.values()), replace=("sealed", "made_at"))


def _carry_out_one(
    connection: Connection,
    write: FinishArtifact
    | PutStatement
    | DestroyKey
    | PutObligations
    | ForgetRequestRecord
    | ForgetRecord,
) -> None:
    """Store one of the rarer writes."""
    match write:
        case FinishArtifact(artifact=artifact):
            _finish(connection, artifact)
        case PutStatement(statement=statement):
            row = {**_fields(statement, *_STATEMENT), "case_id": statement.case}
            upsert(connection, t.statements, [row])
        case DestroyKey(owner=owner, purpose=purpose):
            _destroy(connection, owner, purpose)
        case ForgetRequestRecord(request_id=request_id):
            of_request = t.log_records.c.key == request_id.encode()
            # Not what we said of it: the portal has yet to read that.
            mine = and_(t.log_records.c.topic == REQUESTS, of_request)
            connection.execute(delete(t.log_records).where(mine))
        case ForgetRecord(topic=topic, offset=offset):
            named = t.log_records.c.offset == offset
            mine = and_(t.log_records.c.topic == topic, named)
            connection.execute(delete(t.log_records).where(mine))
        case PutObligations(case=case, obligations=owed):
            numbered = enumerate(owed, start=1)
            rows = [_obligation(case, number, one) for number, one in numbered]
            upsert(connection, t.obligations, rows)
        case _:
            assert_never(write)


def _obligation(case: str, number: int, owed: Obligation) -> dict[str, object]:
    """Return the row of one thing that is owed after the answer."""
    return {
        "id": f"{case}.{number}",
        "case_id": case,
        "account": owed.account,
        "record_class": owed.record_class,
        "rule": owed.rule,
        "due_on": owed.due_on.isoformat(),
        "items": len(owed.items),
    }


def _destroy(connection: Connection, owner: str, purpose: str) -> None:
    """Delete a data key and everything it sealed."""
    for table in (t.data_keys, t.vault):
        connection.execute(
            delete(table).where(table.c.owner == owner, table.c.purpose == purpose)
        )
    if purpose == "export":
        drop_artifacts(connection, t.artifacts.c.case_id == owner)


def _finish(connection: Connection, artifact: Artifact) -> None:
    """Make an artifact whole; a package takes the place of what it is made of."""
    whole = connection.execute(
        update(t.artifacts)
        .where(t.artifacts.c.id == artifact.id)
        .values(complete=1, rows=artifact.rows, sha256=artifact.sha256)
    )
    if not whole.rowcount:
        raise LookupError("The copy was dropped before it was whole; make it again.")
    if artifact.kind == PACKAGE:
        others = t.artifacts.c.id != artifact.id
        of_case = t.artifacts.c.case_id == artifact.case
        drop_artifacts(connection, and_(of_case, others))


def drop_artifacts(connection: Connection, which: ColumnElement[bool]) -> int:
    """
    Delete artifacts with their chunks; returns how many.

    The artifacts first: whoever is about to store a chunk holds its artifact's row.
    """
    dropped = delete(t.artifacts).where(which).returning(t.artifacts.c.id)
    ids = [row.id for row in connection.execute(dropped)]
    connection.execute(delete(t.chunks).where(t.chunks.c.artifact.in_(ids)))
    return len(ids)


def _fields(value: object, *names: str) -> dict[str, object]:
    """Return the named attributes of *value* as a row."""
    return {name: getattr(value, name) for name in names}
