"""
Every table, for SQLite and PostgreSQL alike.

Times are microseconds since the epoch, UTC (`Instant`).  Columns hold what is
searched or locked; the rest of a case or task is one JSON document.  Personal data
stands only in `vault.sealed`, `quarantine.sealed`, `inbox.sealed`, `chunks.sealed`
and sealed log values, encrypted.
"""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Column,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    Table,
    Text,
    UniqueConstraint,
)

from orchestrator.adapters.sql.instants import Instant

__all__ = ["Instant"]

Serial = BigInteger().with_variant(Integer, "sqlite")

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s",
    }
)

registers = Table(
    "registers",
    metadata,
    Column("version", Text, primary_key=True),
    Column("controller", Text, primary_key=True),
    Column("plan", Text, nullable=False),
    Column("seen_at", Instant, nullable=False),
)

subjects = Table(
    "subjects",
    metadata,
    Column("ref", Text, primary_key=True),
    Column("seen_at", Instant, nullable=False),
)

cases = Table(
    "cases",
    metadata,
    Column("id", Text, primary_key=True),
    Column("version", Integer, nullable=False),
    Column("status", Text, nullable=False),
    Column("wants", Text),
    Column("controller", Text, nullable=False),
    Column("subject", Text, ForeignKey("subjects.ref"), nullable=False),
    Column("request_id", Text, nullable=False, unique=True),
    Column("register_version", Text, nullable=False),
    Column("received_at", Instant, nullable=False),
    Column("due_at", Instant, nullable=False),
    Column("wake_at", Instant),
    Column("held", Integer),  # how many holds stop it, if any do
    Column("locks_at", Instant),  # when its identifiers are no longer ours to keep
    Column("doc", Text, nullable=False),
    Index("ix_cases_wants", "wants", "due_at"),
    Index("ix_cases_held", "held"),
    Index("ix_cases_locks_at", "locks_at"),
    Index("ix_cases_wake_at", "wake_at"),
    Index("ix_cases_subject", "subject", "status"),
    Index("ix_cases_status", "status", "due_at"),
)

tasks = Table(
    "tasks",
    metadata,
    Column("id", Text, primary_key=True),
    Column("case_id", Text, ForeignKey("cases.id"), nullable=False, index=True),
    Column("account", Text, nullable=False),
    Column("action", Text, nullable=False),
    Column("status", Text, nullable=False),
    Column("step", Text, nullable=False),
    Column("wake_at", Instant),
    Column("dispatch_by", Instant, nullable=False),
    Column("epoch", Integer),
    Column("claimed_at", Instant),
    Column("at_most", Integer),  # tasks in its next call, after a refused batch
    Column("job", Text),  # the call that its next poll asks about
    Column("rung", Text),  # how far the silence of an open one is escalated
    Column("doc", Text, nullable=False),
    Index("ix_tasks_ready", "account", "status", "dispatch_by", "id"),
    Index("ix_tasks_waiting", "account", "status", "wake_at"),
    Index("ix_tasks_status", "status"),
    Index("ix_tasks_job", "job"),
    Index("ix_tasks_rung", "rung"),
)

history = Table(
    "history",
    metadata,
    Column("case_id", Text, primary_key=True),
    Column("version", Integer, primary_key=True),
    Column("at", Instant, nullable=False),
    Column("event", Text, nullable=False),
    Column("doc", Text, nullable=False),
)

requests = Table(
    "requests",
    metadata,
    Column("request_id", Text, primary_key=True),
    Column("source", Text, nullable=False),
    Column("event_id", Text, nullable=False),
    Column("digest", Text, nullable=False),
    Column("case_id", Text, nullable=False),
    Column("seen_at", Instant, nullable=False),
    UniqueConstraint("source", "event_id"),
)

calls = Table(
    "calls",
    metadata,
    Column("id", Text, primary_key=True),
    Column("account", Text, nullable=False),
    Column("action", Text, nullable=False),
    Column("epoch", Integer, nullable=False),
    Column("members", Text, nullable=False),  # JSON [[task id, [item id, …]], …]
    Column("idempotency_key", Text, nullable=False),
    Column("request_hash", Text, nullable=False),
    Column("state", Text, nullable=False),  # open | accepted | closed
    Column("queued", Integer),  # 0 if its job takes no place in a queue any more
    Column("made_at", Instant, nullable=False),
    Column("closed_at", Instant),
    UniqueConstraint("idempotency_key"),
    Index("ix_calls_open", "account", "state", "epoch"),
)

accounts = Table(
    "accounts",
    metadata,
    Column("id", Text, primary_key=True),
    Column("epoch", Integer, nullable=False),
    Column("owner", Text),
    Column("lease_until", Instant),
    Column("paused_reason", Text),
    Column("paused_by", Text),
    Column("paused_at", Instant),
    Column("windows", Text),
    Column("windows_at", Instant),
    Column("installation", Text),
    Column("pinged_at", Instant),
)

leases = Table(
    "leases",
    metadata,
    Column("name", Text, primary_key=True),
    Column("owner", Text, nullable=False),
    Column("until", Instant, nullable=False),
)

data_keys = Table(
    "data_keys",
    metadata,
    Column("owner", Text, primary_key=True),
    Column("purpose", Text, primary_key=True),
    Column("wrapped", LargeBinary, nullable=False),
    Column("made_at", Instant, nullable=False),
    Column("expires_at", Instant, index=True),
)

key_checks = Table(
    "key_checks",
    metadata,
    Column("key", Text, primary_key=True),  # pseudonym | signing
    Column("check_value", Text, nullable=False),
    Column("seen_at", Instant, nullable=False),
)

vault = Table(
    "vault",
    metadata,
    Column("owner", Text, primary_key=True),
    Column("purpose", Text, primary_key=True),
    Column("name", Text, primary_key=True),
    Column("sealed", LargeBinary, nullable=False),
    Column("made_at", Instant, nullable=False),
)

chunks = Table(
    "chunks",
    metadata,
    Column("artifact", Text, primary_key=True),
    Column("seq", Integer, primary_key=True),
    Column("sealed", LargeBinary, nullable=False),
)

artifacts = Table(
    "artifacts",
    metadata,
    Column("id", Text, primary_key=True),
    Column("case_id", Text, nullable=False, index=True),
    Column("kind", Text, nullable=False),  # rows | file | package | evidence
    Column("account", Text),
    Column("task", Text),
    Column("complete", Integer, nullable=False),
    Column("rows", Integer, nullable=False),
    Column("sha256", Text),
    Column("made_at", Instant, nullable=False),
)

statements = Table(
    "statements",
    metadata,
    Column("id", Text, primary_key=True),
    Column("case_id", Text, nullable=False),
    Column("number", Integer, nullable=False),
    Column("kind", Text, nullable=False),
    Column("signed_at", Instant, nullable=False),
    Column("key_id", Text, nullable=False),
    Column("sha256", Text, nullable=False),
    Column("envelope", LargeBinary, nullable=False),
    Column("to_log", Integer),  # 1 until it stands in the log; a rehearsal never does
    UniqueConstraint("case_id", "number"),
    Index(
        "uq_statements_one_final",
        "case_id",
        unique=True,
        sqlite_where=Column("kind", Text) == "final",
        postgresql_where=Column("kind", Text) == "final",
    ),
    Index(
        "ix_statements_to_log",
        "signed_at",
        "id",
        sqlite_where=Column("to_log", Integer) == 1,
        postgresql_where=Column("to_log", Integer) == 1,
    ),
)

log_entries = Table(
    "log_entries",
    metadata,
    Column("number", BigInteger, primary_key=True, autoincrement=False),  # from 0
    Column("statement_id", Text, nullable=False, unique=True),
    Column("leaf", LargeBinary, nullable=False),
)

log_checkpoints = Table(
    "log_checkpoints",
    metadata,
    Column("size", BigInteger, primary_key=True, autoincrement=False),
    Column("root", LargeBinary, nullable=False),
    Column("parts", LargeBinary, nullable=False),  # the tree's edge, 32 bytes each
    Column("note", Text, nullable=False),
    Column("key_id", Text, nullable=False),
    Column("signed_at", Instant, nullable=False),
    Column("filed_at", Instant),  # when it stood in ERASURE_CHECKPOINT_FILE
    Column("stamp", LargeBinary),  # of the note: a response of RFC 3161
    Index("ix_log_checkpoints_filed_at", "filed_at", "size"),
)

restore_holds = Table(
    "restore_holds",  # a row while what was published is ahead of this database
    metadata,
    Column("name", Text, primary_key=True),  # of the log
    Column("standing", Text, nullable=False),  # behind | contradicted
    Column("ours", BigInteger, nullable=False),
    Column("published", BigInteger, nullable=False),
    Column("found_at", Instant, nullable=False),
)

obligations = Table(
    "obligations",
    metadata,
    Column("id", Text, primary_key=True),
    Column("case_id", Text, nullable=False, index=True),
    Column("kind", Text, nullable=False),
    Column("account", Text, nullable=False, index=True),
    Column("connector", Text, nullable=False),
    Column("installation", Text),
    Column("record_class", Text, nullable=False),
    Column("rule", Text, nullable=False),
    Column("due_on", Text, nullable=False, index=True),
    Column("items", Integer, nullable=False),
)

outbox = Table(
    "outbox",
    metadata,
    Column("seq", Serial, primary_key=True, autoincrement=True),
    Column("message_id", Text, nullable=False, unique=True),
    Column("topic", Text, nullable=False),
    Column("key", Text, nullable=False),
    Column("type", Text, nullable=False),
    Column("data", Text, nullable=False),
    Column("made_at", Instant, nullable=False),
    Column("sent_at", Instant),
    Index("ix_outbox_unsent", "topic", "sent_at", "seq"),
    sqlite_autoincrement=True,
)

offsets = Table(
    "offsets",
    metadata,
    Column("topic", Text, primary_key=True),
    Column("partition", Integer, primary_key=True),
    Column("next_offset", BigInteger, nullable=False),
)

quarantine = Table(
    "quarantine",
    metadata,
    Column("id", Text, primary_key=True),
    Column("state", Text, nullable=False),  # waiting | released | dropped | expired
    Column("code", Text, nullable=False),
    Column("pointer", Text, nullable=False),
    Column("rule", Text, nullable=False),
    Column("hint", Text, nullable=False),
    Column("topic", Text, nullable=False),
    Column("partition", Integer, nullable=False),
    Column("offset", BigInteger, nullable=False),
    Column("sealed", LargeBinary),
    Column("size", Integer, nullable=False),
    Column("seen_at", Instant, nullable=False),
    Column("received_at", Instant),  # of a request, whose clock runs
    Column("due_at", Instant),
    Column("expires_at", Instant, nullable=False),
    Column("ended_by", Text),
    Column("ended_at", Instant),
    Column("reason", Text),
    Column("type", Text),
    Column("request_id", Text),  # where a publisher signed it
    Column("alarmed_at", Instant),
    Column("heard", Integer, nullable=False),  # 1: somebody we listen to sent it
    Column("digest", Text),  # keyed, of what they signed
    UniqueConstraint("topic", "partition", "offset"),
    Index("ix_quarantine_state", "state", "expires_at"),
    Index("ix_quarantine_room", "state", "heard", "topic", "code", "size"),
    Index("ix_quarantine_digest", "digest"),
)

inbox = Table(
    "inbox",
    metadata,
    Column("id", Text, primary_key=True),
    Column("account", Text, nullable=False),
    Column("channel", Text, nullable=False),  # callback | confirmation
    Column("state", Text, nullable=False),  # waiting | applied | refused | unmatched
    Column("code", Text),
    Column("received_at", Instant, nullable=False),
    Column("look_at", Instant, nullable=False),
    Column("tried_at", Instant),
    Column("expires_at", Instant, nullable=False),
    Column("sealed", LargeBinary),
    Column("size", Integer, nullable=False),
    Index("ix_inbox_waiting", "account", "state", "look_at"),
    Index("ix_inbox_state", "state", "received_at"),
    Index("ix_inbox_expires_at", "expires_at"),
)

tombstones = Table(
    "tombstones",
    metadata,
    Column("digest", Text, primary_key=True),
    Column("extent", Text, primary_key=True),  # whole | part
    Column("erased_at", Instant, nullable=False),
    Column("expires_at", Instant, nullable=False, index=True),
)

statistics = Table(
    "statistics",
    metadata,
    Column("id", Text, primary_key=True),  # its case's; random once that is gone
    Column("controller", Text, nullable=False),
    Column("received_on", Text, nullable=False, index=True),
    Column("answered_on", Text, index=True),
    Column("doc", Text, nullable=False),
)

log_records = Table(
    "log_records",
    metadata,
    Column("offset", Integer, primary_key=True, autoincrement=True),
    Column("topic", Text, nullable=False),
    Column("key", LargeBinary),
    Column("headers", Text, nullable=False),
    Column("value", LargeBinary),
    Column("appended_at", Instant, nullable=False),
    Index("ix_log_records_topic", "topic", "offset"),
    sqlite_autoincrement=True,
)
