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

from orchestrator.adapters.cases import letters, tombstones
from orchestrator.adapters.keys.moved_keys import move_key
from orchestrator.adapters.sql import tables as t
from orchestrator.adapters.sql.locked_tables import locked_keys
from orchestrator.adapters.sql.upserting import upsert
from orchestrator.ports import (
    AcceptCall,
    Artifact,
    CloseCall,
    DestroyKey,
    EndLetter,
    FinishArtifact,
    ForgetRecord,
    ForgetRequestRecord,
    LockKey,
    PutEntry,
    PutKey,
    PutLetter,
    PutStatement,
    PutTombstone,
    SignedStatement,
    UnlockKey,
    VaultEntry,
    Write,
)
from schemas.topics import REQUESTS

EVIDENCE = "evidence"  # a person's file: it outlives the copy, under its own key
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
_LEAVE_QUEUE = (
    update(t.calls)
    .where(t.calls.c.id.in_(bindparam("b_ids", expanding=True)))
    .values(queued=0)
)
_DESTROY = tuple(
    delete(table).where(
        table.c.owner.in_(bindparam("owners", expanding=True)),
        table.c.purpose == bindparam("of"),
    )
    for table in (t.data_keys, locked_keys, t.vault)
)
# Not what we said of them: the portal has yet to read that.
_FORGET_REQUESTS = delete(t.log_records).where(
    t.log_records.c.topic == REQUESTS,
    t.log_records.c.key.in_(bindparam("keys", expanding=True)),
)


def carry_out(connection: Connection, writes: Sequence[Write], at: datetime) -> None:
    """Store *writes*; rows of one kind go out as one statement."""
    keys = [write.key for write in writes if isinstance(write, PutKey)]
    names = ("owner", "purpose", "wrapped", "expires_at")
    upsert(
        connection, t.data_keys, [{**_fields(k, *names), "made_at": at} for k in keys]
    )
    _put_entries(connection, [w.entry for w in writes if isinstance(w, PutEntry)], at)
    _move_calls(connection, writes, at)
    destroy(connection, [write for write in writes if isinstance(write, DestroyKey)])
    tombstones.put(connection, [w for w in writes if isinstance(w, PutTombstone)])
    forgotten = [w.request_id for w in writes if isinstance(w, ForgetRequestRecord)]
    if forgotten:
        keys_of = [request_id.encode() for request_id in forgotten]
        connection.execute(_FORGET_REQUESTS, {"keys": keys_of})
    for write in writes:
        match write:
            case PutKey() | PutEntry() | AcceptCall() | CloseCall():
                continue
            case DestroyKey() | ForgetRequestRecord() | PutTombstone():
                continue
            case PutLetter() | EndLetter():
                letters.carry_out(connection, write, at)
            case LockKey() | UnlockKey():
                move_key(connection, write, at)
            case _:
                _carry_out_one(connection, write)


def _move_calls(connection: Connection, writes: Sequence[Write], at: datetime) -> None:
    """Store what became of calls: accepted as jobs, queued or not, or over."""
    for kind, state in ((AcceptCall, "accepted"), (CloseCall, "closed")):
        # Once each: all members of a batch speak of one call.
        ids = dict.fromkeys(write.call for write in writes if isinstance(write, kind))
        if ids:
            ended = at if kind is CloseCall else None
            moved = {"b_ids": list(ids), "b_state": state, "b_ended": ended}
            connection.execute(_MOVE_CALLS, moved)
    out = [w.call for w in writes if isinstance(w, AcceptCall) and not w.is_queued]
    if out:
        connection.execute(_LEAVE_QUEUE, {"b_ids": out})


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
    write: FinishArtifact | PutStatement | ForgetRecord,
) -> None:
    """Store one of the rarer writes."""
    match write:
        case FinishArtifact(artifact=artifact):
            _finish(connection, artifact)
        case PutStatement(statement=statement):
            put_statement(connection, statement)
        case ForgetRecord(topic=topic, offset=offset):
            named = t.log_records.c.offset == offset
            mine = and_(t.log_records.c.topic == topic, named)
            connection.execute(delete(t.log_records).where(mine))
        case _:
            assert_never(write)


def put_statement(connection: Connection, statement: SignedStatement) -> None:
    """Store a statement, which waits for the log if it is of a real case."""
    row = {
        **_fields(statement, *_STATEMENT),
        "case_id": statement.case,
        "to_log": None if statement.is_rehearsal else 1,
    }
    upsert(connection, t.statements, [row])


def destroy(connection: Connection, destroyed: Sequence[DestroyKey]) -> None:
    """Delete data keys and everything they sealed."""
    for purpose in sorted({one.purpose for one in destroyed}):
        owners = [one.owner for one in destroyed if one.purpose == purpose]
        for statement in _DESTROY:
            connection.execute(statement, {"owners": owners, "of": purpose})
        if purpose == "export":
            of_cases = t.artifacts.c.case_id.in_(owners)
            drop_artifacts(connection, and_(of_cases, t.artifacts.c.kind != EVIDENCE))
        if purpose == EVIDENCE:
            drop_artifacts(connection, t.artifacts.c.id.in_(owners))


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
        parts = and_(of_case, others, t.artifacts.c.kind != EVIDENCE)
        drop_artifacts(connection, parts)


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
