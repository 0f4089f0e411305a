"""
Create every table of the first version.

Spelled out instead of taken from `adapters.sql.tables`: a migration must say the same
for ever, whatever the tables become.  Times are microseconds since the epoch.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from orchestrator.adapters.sql.migrations.columns import (
    index,
    key,
    large,
    number,
    octets,
    text,
    time,
    unique,
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
    op.create_table("subjects", text("ref"), time("seen_at"), key("subjects", "ref"))
    op.create_table(
        "cases",
        *(text("id"), number("version"), text("status"), text("wants", null=True)),
        *(text("controller"), text("subject"), text("request_id")),
        *(text("register_version"), time("received_at"), time("due_at")),
        *(time("wake_at", null=True), number("held", null=True)),
        *(time("locks_at", null=True), text("doc")),
        sa.ForeignKeyConstraint(["subject"], ["subjects.ref"], "fk_cases_subject"),
        key("cases", "id"),
        unique("cases", "request_id"),
    )
    op.create_table(
        "tasks",
        *(text("id"), text("case_id"), text("account"), text("action")),
        *(text("status"), text("step"), time("wake_at", null=True)),
        *(time("dispatch_by"), number("epoch", null=True)),
        *(time("claimed_at", null=True), number("at_most", null=True)),
        *(text("job", null=True), text("rung", null=True), text("doc")),
        sa.ForeignKeyConstraint(["case_id"], ["cases.id"], "fk_tasks_case_id"),
        key("tasks", "id"),
    )


def _workflow_indexes() -> None:
    index("cases", ("wants", "due_at"), "ix_cases_wants")
    index("cases", ("held",))
    index("cases", ("locks_at",))
    index("cases", ("wake_at",))
    index("cases", ("subject", "status"), "ix_cases_subject")
    index("cases", ("status", "due_at"), "ix_cases_status")
    index("tasks", ("case_id",))
    index("tasks", ("account", "status", "dispatch_by", "id"), "ix_tasks_ready")
    index("tasks", ("account", "status", "wake_at"), "ix_tasks_waiting")
    index("tasks", ("status",))
    index("tasks", ("job",))
    index("tasks", ("rung",))


def _requests_and_history() -> None:
    op.create_table(
        "registers",
        *(text("version"), text("controller"), text("plan"), time("seen_at")),
        key("registers", "version", "controller"),
    )
    op.create_table(
        "history",
        *(text("case_id"), number("version"), time("at"), text("event")),
        text("doc"),
        key("history", "case_id", "version"),
    )
    op.create_table(
        "requests",
        *(text("request_id"), text("source"), text("event_id"), text("digest")),
        *(text("case_id"), time("seen_at")),
        key("requests", "request_id"),
        unique("requests", "source", "event_id"),
    )


def _accounts_and_calls() -> None:
    op.create_table(
        "accounts",
        *(text("id"), number("epoch"), text("owner", null=True)),
        *(time("lease_until", null=True), text("paused_reason", null=True)),
        *(text("paused_by", null=True), time("paused_at", null=True)),
        *(text("windows", null=True), time("windows_at", null=True)),
        *(text("installation", null=True), time("pinged_at", null=True)),
        key("accounts", "id"),
    )
    op.create_table(
        "leases",
        *(text("name"), text("owner"), time("until")),
        key("leases", "name"),
    )
    op.create_table(
        "calls",
        *(text("id"), text("account"), text("action"), number("epoch")),
        *(text("members"), text("idempotency_key"), text("request_hash")),
        *(text("state"), number("queued", null=True), time("made_at")),
        time("closed_at", null=True),
        key("calls", "id"),
        unique("calls", "idempotency_key"),
    )
    index("calls", ("account", "state", "epoch"), "ix_calls_open")


def _vault_and_artifacts() -> None:
    op.create_table(
        "data_keys",
        *(text("owner"), text("purpose"), octets("wrapped"), time("made_at")),
        time("expires_at", null=True),
        key("data_keys", "owner", "purpose"),
    )
    index("data_keys", ("expires_at",))
    op.create_table(
        "key_checks",
        *(text("key"), text("check_value"), time("seen_at")),
        key("key_checks", "key"),
    )
    op.create_table(
        "vault",
        *(text("owner"), text("purpose"), text("name"), octets("sealed")),
        time("made_at"),
        key("vault", "owner", "purpose", "name"),
    )
    op.create_table(
        "chunks",
        *(text("artifact"), number("seq"), octets("sealed")),
        key("chunks", "artifact", "seq"),
    )
    op.create_table(
        "artifacts",
        *(text("id"), text("case_id"), text("kind"), text("account", null=True)),
        *(text("task", null=True), number("complete"), number("rows")),
        *(text("sha256", null=True), time("made_at")),
        key("artifacts", "id"),
    )
    index("artifacts", ("case_id",))


def _statements_and_obligations() -> None:
    op.create_table(
        "statements",
        *(text("id"), text("case_id"), number("number"), text("kind")),
        *(time("signed_at"), text("key_id"), text("sha256"), octets("envelope")),
        number("to_log", null=True),
        key("statements", "id"),
        unique("statements", "case_id", "number"),
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
        *(text("id"), text("case_id"), text("kind"), text("account")),
        *(text("connector"), text("installation", null=True)),
        *(text("record_class"), text("rule"), text("due_on"), number("items")),
        key("obligations", "id"),
    )
    index("obligations", ("case_id",))
    index("obligations", ("account",))
    index("obligations", ("due_on",))


def _log_of_statements() -> None:
    op.create_table(
        "log_entries",
        *(large("number"), text("statement_id"), octets("leaf")),
        key("log_entries", "number"),
        unique("log_entries", "statement_id"),
    )
    op.create_table(
        "log_checkpoints",
        *(large("size"), octets("root"), octets("parts"), text("note")),
        *(text("key_id"), time("signed_at"), time("filed_at", null=True)),
        octets("stamp", null=True),
        key("log_checkpoints", "size"),
    )
    index("log_checkpoints", ("filed_at", "size"), "ix_log_checkpoints_filed_at")
    op.create_table(
        "restore_holds",
        *(text("name"), text("standing"), large("ours"), large("published")),
        time("found_at"),
        key("restore_holds", "name"),
    )
    op.create_table(
        "lost_statements",
        *(text("digest"), text("missing"), text("said"), text("by", null=True)),
        *(text("also_by", null=True), time("ruled_at", null=True)),
        *(text("requests", null=True), time("until", null=True)),
        key("lost_statements", "digest"),
    )


def _messages() -> None:
    op.create_table(
        "outbox",
        sa.Column("seq", SERIAL, autoincrement=True, nullable=False),
        *(text("message_id"), text("topic"), text("key"), text("type")),
        *(text("data"), time("made_at"), time("sent_at", null=True)),
        key("outbox", "seq"),
        unique("outbox", "message_id"),
        sqlite_autoincrement=True,
    )
    index("outbox", ("topic", "sent_at", "seq"), "ix_outbox_unsent")
    op.create_table(
        "offsets",
        *(text("topic"), number("partition"), large("next_offset")),
        key("offsets", "topic", "partition"),
    )
    op.create_table(
        "log_records",
        sa.Column("offset", sa.Integer, autoincrement=True, nullable=False),
        *(text("topic"), octets("key", null=True), text("headers")),
        *(octets("value", null=True), time("appended_at")),
        key("log_records", "offset"),
        sqlite_autoincrement=True,
    )
    index("log_records", ("topic", "offset"), "ix_log_records_topic")


def _heard_events() -> None:
    op.create_table(
        "heard_events",
        *(text("source"), text("event_id"), text("digest"), time("until")),
        key("heard_events", "source", "event_id"),
    )
    index("heard_events", ("until",))


def _quarantine() -> None:
    op.create_table(
        "quarantine",
        *(text("id"), text("state"), text("code"), text("pointer")),
        *(text("rule"), text("hint"), text("topic"), number("partition")),
        *(large("offset"), octets("sealed", null=True), number("size")),
        *(time("seen_at"), time("received_at", null=True)),
        *(time("due_at", null=True), time("expires_at")),
        *(text("ended_by", null=True), time("ended_at", null=True)),
        *(text("reason", null=True), text("type", null=True)),
        *(text("request_id", null=True), time("alarmed_at", null=True)),
        *(number("heard"), text("digest", null=True)),
        key("quarantine", "id"),
        unique("quarantine", "topic", "partition", "offset"),
    )
    index("quarantine", ("state", "expires_at"), "ix_quarantine_state")
    room = ("state", "heard", "topic", "code", "size")
    index("quarantine", room, "ix_quarantine_room")
    index("quarantine", ("digest",))
    op.create_table(
        "quarantine_actions",
        *(text("id"), text("event"), text("action"), text("by"), time("at")),
        text("reason", null=True),
        key("quarantine_actions", "id"),
    )
    index("quarantine_actions", ("event",))
    op.create_table(
        "quarantine_room",
        *(text("topic"), text("code"), number("percent")),
        time("full_told_at", null=True),
        key("quarantine_room", "topic", "code"),
    )
    op.create_table(
        "unkept_events",
        *(text("topic"), number("partition"), text("code"), text("type")),
        *(time("hour"), large("count"), large("size")),
        *(large("first_offset"), large("last_offset")),
        key("unkept_events", "topic", "partition", "code", "type", "hour"),
    )
    index("unkept_events", ("hour",))


def _inbox() -> None:
    op.create_table(
        "inbox",
        *(text("id"), text("account"), text("channel"), text("state")),
        *(text("code", null=True), time("received_at"), time("look_at")),
        *(time("tried_at", null=True), time("expires_at")),
        *(octets("sealed", null=True), number("size")),
        key("inbox", "id"),
    )
    index("inbox", ("account", "state", "look_at"), "ix_inbox_waiting")
    index("inbox", ("state", "received_at"), "ix_inbox_state")
    index("inbox", ("expires_at",))


def _tombstones() -> None:
    op.create_table(
        "tombstones",
        *(text("digest"), text("extent"), time("erased_at"), time("expires_at")),
        key("tombstones", "digest", "extent"),
    )
    index("tombstones", ("expires_at",))


def _locked_keys() -> None:
    op.create_table(
        "locked_keys",
        *(text("owner"), text("purpose"), text("wrapped"), time("locked_at")),
        key("locked_keys", "owner", "purpose"),
    )


def _statistics() -> None:
    op.create_table(
        "statistics",
        *(text("id"), text("controller"), text("received_on")),
        *(text("answered_on", null=True), text("doc")),
        key("statistics", "id"),
    )
    index("statistics", ("received_on",))
    index("statistics", ("answered_on",))


def _brakes() -> None:
    op.create_table(
        "brakes",
        *(text("controller"), text("source"), time("counted_since")),
        text("pull", null=True),
        key("brakes", "controller", "source"),
    )
    op.create_table(
        "brake_hours",
        *(text("controller"), text("source"), time("hour"), number("passed")),
        *(number("held"), number("forgiven")),
        key("brake_hours", "controller", "source", "hour"),
    )
    index("brake_hours", ("hour",))
    op.create_table(
        "brake_pulls",
        *(text("id"), text("controller"), text("source"), text("cause")),
        *(number("counted"), number("allowed"), time("pulled_at")),
        *(text("state"), text("ground", null=True), text("said")),
        *(text("by", null=True), text("also_by", null=True)),
        time("ended_at", null=True),
        key("brake_pulls", "id"),
    )
    index("brake_pulls", ("state", "ended_at"), "ix_brake_pulls_state")
    op.create_table(
        "brake_held",
        *(text("case_id"), text("pull")),
        key("brake_held", "case_id"),
    )
    index("brake_held", ("pull", "case_id"), "ix_brake_held_pull")
