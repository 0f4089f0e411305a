"""
Create every table of the first version.

Spelled out instead of taken from `adapters.tables`: a migration must say the same for
ever, whatever the tables become.  Times are microseconds since the epoch.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from orchestrator.adapters.sql.migrations.columns import (
    index as _index,
)
from orchestrator.adapters.sql.migrations.columns import (
    key as _key,
)
from orchestrator.adapters.sql.migrations.columns import (
    large as _large,
)
from orchestrator.adapters.sql.migrations.columns import (
    number as _number,
)
from orchestrator.adapters.sql.migrations.columns import (
    octets as _bytes,
)
from orchestrator.adapters.sql.migrations.columns import (
    text as _text,
)
from orchestrator.adapters.sql.migrations.columns import (
    time as _time,
)
from orchestrator.adapters.sql.migrations.columns import (
    unique as _unique,
)

revision = "0001"
down_revision = None

SERIAL = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    _workflow()
    _workflow_indexes()
    _requests_and_history()
    _accounts_and_calls()
    _vault_and_artifacts()
    _statements_and_obligations()
    _log_of_statements()
    _messages()
    _heard_events()
    _quarantine()
    _inbox()
    _tombstones()
    _statistics()
    _brakes()
    _locked_keys()


def _workflow() -> None:
    op.create_table("subjects", _text("ref"), _time("seen_at"), _key("subjects", "ref"))
    op.create_table(
        "cases",
        *(_text("id"), _number("version"), _text("status"), _text("wants", null=True)),
        *(_text("controller"), _text("subject"), _text("request_id")),
        *(_text("register_version"), _time("received_at"), _time("due_at")),
        *(_time("wake_at", null=True), _number("held", null=True)),
        *(_time("locks_at", null=True), _text("doc")),
        sa.ForeignKeyConstraint(["subject"], ["subjects.ref"], "fk_cases_subject"),
        _key("cases", "id"),
        _unique("cases", "request_id"),
    )
    op.create_table(
        "tasks",
        *(_text("id"), _text("case_id"), _text("account"), _text("action")),
        *(_text("status"), _text("step"), _time("wake_at", null=True)),
        *(_time("dispatch_by"), _number("epoch", null=True)),
        *(_time("claimed_at", null=True), _number("at_most", null=True)),
        *(_text("job", null=True), _text("rung", null=True), _text("doc")),
        sa.ForeignKeyConstraint(["case_id"], ["cases.id"], "fk_tasks_case_id"),
        _key("tasks", "id"),
    )


def _workflow_indexes() -> None:
    _index("cases", ("wants", "due_at"), "ix_cases_wants")
    _index("cases", ("held",))
    _index("cases", ("locks_at",))
    _index("cases", ("wake_at",))
    _index("cases", ("subject", "status"), "ix_cases_subject")
    _index("cases", ("status", "due_at"), "ix_cases_status")
    _index("tasks", ("case_id",))
    _index("tasks", ("account", "status", "dispatch_by", "id"), "ix_tasks_ready")
    _index("tasks", ("account", "status", "wake_at"), "ix_tasks_waiting")
    _index("tasks", ("status",))
    _index("tasks", ("job",))
    _index("tasks", ("rung",))


def _requests_and_history() -> None:
    op.create_table(
        "registers",
        *(_text("version"), _text("controller"), _text("plan"), _time("seen_at")),
        _key("registers", "version", "controller"),
    )
    op.create_table(
        "history",
        *(_text("case_id"), _number("version"), _time("at"), _text("event")),
        _text("doc"),
        _key("history", "case_id", "version"),
    )
    op.create_table(
        "requests",
        *(_text("request_id"), _text("source"), _text("event_id"), _text("digest")),
        *(_text("case_id"), _time("seen_at")),
        _key("requests", "request_id"),
        _unique("requests", "source", "event_id"),
    )


def _accounts_and_calls() -> None:
    op.create_table(
        "accounts",
        *(_text("id"), _number("epoch"), _text("owner", null=True)),
        *(_time("lease_until", null=True), _text("paused_reason", null=True)),
        *(_text("paused_by", null=True), _time("paused_at", null=True)),
        *(_text("windows", null=True), _time("windows_at", null=True)),
        *(_text("installation", null=True), _time("pinged_at", null=True)),
        _key("accounts", "id"),
    )
    op.create_table(
        "leases",
        *(_text("name"), _text("owner"), _time("until")),
        _key("leases", "name"),
    )
    op.create_table(
        "calls",
        *(_text("id"), _text("account"), _text("action"), _number("epoch")),
        *(_text("members"), _text("idempotency_key"), _text("request_hash")),
        *(_text("state"), _number("queued", null=True), _time("made_at")),
        _time("closed_at", null=True),
        _key("calls", "id"),
        _unique("calls", "idempotency_key"),
    )
    _index("calls", ("account", "state", "epoch"), "ix_calls_open")


def _vault_and_artifacts() -> None:
    op.create_table(
        "data_keys",
        *(_text("owner"), _text("purpose"), _bytes("wrapped"), _time("made_at")),
        _time("expires_at", null=True),
        _key("data_keys", "owner", "purpose"),
    )
    _index("data_keys", ("expires_at",))
    op.create_table(
        "key_checks",
        *(_text("key"), _text("check_value"), _time("seen_at")),
        _key("key_checks", "key"),
    )
    op.create_table(
        "vault",
        *(_text("owner"), _text("purpose"), _text("name"), _bytes("sealed")),
        _time("made_at"),
        _key("vault", "owner", "purpose", "name"),
    )
    op.create_table(
        "chunks",
        *(_text("artifact"), _number("seq"), _bytes("sealed")),
        _key("chunks", "artifact", "seq"),
    )
    op.create_table(
        "artifacts",
        *(_text("id"), _text("case_id"), _text("kind"), _text("account", null=True)),
        *(_text("task", null=True), _number("complete"), _number("rows")),
        *(_text("sha256", null=True), _time("made_at")),
        _key("artifacts", "id"),
    )
    _index("artifacts", ("case_id",))


def _statements_and_obligations() -> None:
    op.create_table(
        "statements",
        *(_text("id"), _text("case_id"), _number("number"), _text("kind")),
        *(_time("signed_at"), _text("key_id"), _text("sha256"), _bytes("envelope")),
        _number("to_log", null=True),
        _key("statements", "id"),
        _unique("statements", "case_id", "number"),
    )
    is_final = sa.text("kind = 'final'")
    op.create_index(
        "uq_statements_one_final",
        "statements",
        ["case_id"],
        unique=True,
        sqlite_where=is_final,
        postgresql_where=is_final,
    )
    is_waiting = sa.text("to_log = 1")
    op.create_index(
        "ix_statements_to_log",
        "statements",
        ["signed_at", "id"],
        sqlite_where=is_waiting,
        postgresql_where=is_waiting,
    )
    op.create_table(
        "obligations",
        *(_text("id"), _text("case_id"), _text("kind"), _text("account")),
        *(_text("connector"), _text("installation", null=True)),
        *(_text("record_class"), _text("rule"), _text("due_on"), _number("items")),
        _key("obligations", "id"),
    )
    _index("obligations", ("case_id",))
    _index("obligations", ("account",))
    _index("obligations", ("due_on",))


def _log_of_statements() -> None:
    op.create_table(
        "log_entries",
        *(_large("number"), _text("statement_id"), _bytes("leaf")),
        _key("log_entries", "number"),
        _unique("log_entries", "statement_id"),
    )
    op.create_table(
        "log_checkpoints",
        *(_large("size"), _bytes("root"), _bytes("parts"), _text("note")),
        *(_text("key_id"), _time("signed_at"), _time("filed_at", null=True)),
        _bytes("stamp", null=True),
        _key("log_checkpoints", "size"),
    )
    _index("log_checkpoints", ("filed_at", "size"), "ix_log_checkpoints_filed_at")
    op.create_table(
        "restore_holds",
        *(_text("name"), _text("standing"), _large("ours"), _large("published")),
        _time("found_at"),
        _key("restore_holds", "name"),
    )
    op.create_table(
        "lost_statements",
        *(_text("digest"), _text("missing"), _text("said"), _text("by", null=True)),
        *(_text("also_by", null=True), _time("ruled_at", null=True)),
        *(_text("requests", null=True), _time("until", null=True)),
        _key("lost_statements", "digest"),
    )


def _messages() -> None:
    op.create_table(
        "outbox",
        sa.Column("seq", SERIAL, autoincrement=True, nullable=False),
        *(_text("message_id"), _text("topic"), _text("key"), _text("type")),
        *(_text("data"), _time("made_at"), _time("sent_at", null=True)),
        _key("outbox", "seq"),
        _unique("outbox", "message_id"),
        sqlite_autoincrement=True,
    )
    _index("outbox", ("topic", "sent_at", "seq"), "ix_outbox_unsent")
    op.create_table(
        "offsets",
        *(_text("topic"), _number("partition"), _large("next_offset")),
        _key("offsets", "topic", "partition"),
    )
    op.create_table(
        "log_records",
        sa.Column("offset", sa.Integer, autoincrement=True, nullable=False),
        *(_text("topic"), _bytes("key", null=True), _text("headers")),
        *(_bytes("value", null=True), _time("appended_at")),
        _key("log_records", "offset"),
        sqlite_autoincrement=True,
    )
    _index("log_records", ("topic", "offset"), "ix_log_records_topic")


def _heard_events() -> None:
    op.create_table(
        "heard_events",
        *(_text("source"), _text("event_id"), _text("digest"), _time("until")),
        _key("heard_events", "source", "event_id"),
    )
    _index("heard_events", ("until",))


def _quarantine() -> None:
    op.create_table(
        "quarantine",
        *(_text("id"), _text("state"), _text("code"), _text("pointer")),
        *(_text("rule"), _text("hint"), _text("topic"), _number("partition")),
        *(_large("offset"), _bytes("sealed", null=True), _number("size")),
        *(_time("seen_at"), _time("received_at", null=True)),
        *(_time("due_at", null=True), _time("expires_at")),
        *(_text("ended_by", null=True), _time("ended_at", null=True)),
        *(_text("reason", null=True), _text("type", null=True)),
        *(_text("request_id", null=True), _time("alarmed_at", null=True)),
        *(_number("heard"), _text("digest", null=True)),
        _key("quarantine", "id"),
        _unique("quarantine", "topic", "partition", "offset"),
    )
    _index("quarantine", ("state", "expires_at"), "ix_quarantine_state")
    room = ("state", "heard", "topic", "code", "size")
    _index("quarantine", room, "ix_quarantine_room")
    _index("quarantine", ("digest",))
    op.create_table(
        "quarantine_actions",
        *(_text("id"), _text("event"), _text("action"), _text("by"), _time("at")),
        _text("reason", null=True),
        _key("quarantine_actions", "id"),
    )
    _index("quarantine_actions", ("event",))
    op.create_table(
        "quarantine_room",
        *(_text("topic"), _text("code"), _number("percent")),
        _time("full_told_at", null=True),
        _key("quarantine_room", "topic", "code"),
    )
    op.create_table(
        "unkept_events",
        *(_text("topic"), _number("partition"), _text("code"), _text("type")),
        *(_time("hour"), _large("count"), _large("size")),
        *(_large("first_offset"), _large("last_offset")),
        _key("unkept_events", "topic", "partition", "code", "type", "hour"),
    )
    _index("unkept_events", ("hour",))


def _inbox() -> None:
    op.create_table(
        "inbox",
        *(_text("id"), _text("account"), _text("channel"), _text("state")),
        *(_text("code", null=True), _time("received_at"), _time("look_at")),
        *(_time("tried_at", null=True), _time("expires_at")),
        *(_bytes("sealed", null=True), _number("size")),
        _key("inbox", "id"),
    )
    _index("inbox", ("account", "state", "look_at"), "ix_inbox_waiting")
    _index("inbox", ("state", "received_at"), "ix_inbox_state")
    _index("inbox", ("expires_at",))


def _tombstones() -> None:
    op.create_table(
        "tombstones",
        *(_text("digest"), _text("extent"), _time("erased_at"), _time("expires_at")),
        _key("tombstones", "digest", "extent"),
    )
    _index("tombstones", ("expires_at",))


def _locked_keys() -> None:
    op.create_table(
        "locked_keys",
        *(_text("owner"), _text("purpose"), _text("wrapped"), _time("locked_at")),
        _key("locked_keys", "owner", "purpose"),
    )


def _statistics() -> None:
    op.create_table(
        "statistics",
        *(_text("id"), _text("controller"), _text("received_on")),
        *(_text("answered_on", null=True), _text("doc")),
        _key("statistics", "id"),
    )
    _index("statistics", ("received_on",))
    _index("statistics", ("answered_on",))


def _brakes() -> None:
    op.create_table(
        "brakes",
        *(_text("controller"), _text("source"), _time("counted_since")),
        _text("pull", null=True),
        _key("brakes", "controller", "source"),
    )
    op.create_table(
        "brake_hours",
        *(_text("controller"), _text("source"), _time("hour"), _number("passed")),
        *(_number("held"), _number("forgiven")),
        _key("brake_hours", "controller", "source", "hour"),
    )
    _index("brake_hours", ("hour",))
    op.create_table(
        "brake_pulls",
        *(_text("id"), _text("controller"), _text("source"), _text("cause")),
        *(_number("counted"), _number("allowed"), _time("pulled_at")),
        *(_text("state"), _text("ground", null=True), _text("said")),
        *(_text("by", null=True), _text("also_by", null=True)),
        _time("ended_at", null=True),
        _key("brake_pulls", "id"),
    )
    _index("brake_pulls", ("state", "ended_at"), "ix_brake_pulls_state")
    op.create_table(
        "brake_held",
        *(_text("case_id"), _text("pull")),
        _key("brake_held", "case_id"),
    )
    _index("brake_held", ("pull", "case_id"), "ix_brake_held_pull")
