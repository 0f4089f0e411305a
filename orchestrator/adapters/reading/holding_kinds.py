"""
Every kind of personal data that a table can hold, as data for the inventory.

`goes` is a rule with gaps for the installation's own periods.
"""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Column, ColumnElement, Table, and_, not_, or_, select

from orchestrator.adapters.cases.riding import EVIDENCE, PACKAGE
from orchestrator.adapters.embedded_log import SEALED_TOPICS
from orchestrator.adapters.sql import brake_tables as b
from orchestrator.adapters.sql import intake_tables as i
from orchestrator.adapters.sql import tables as t
from orchestrator.adapters.sql.locked_tables import locked_keys
from orchestrator.adapters.sql.lost_tables import lost_statements
from orchestrator.adapters.vault.kinds import (
    IN_THE_VAULT,
    PSEUDONYMOUS,
    READ_BACKS,
    Kind,
    locked,
)
from orchestrator.adapters.vault.values import EXPORT
from schemas.topics import INSTRUCTIONS

_OF_COPY = "export key of the case"
_DERIVED = "key derived from kek.key"
_PARTICIPANTS = "the participant's key: we cannot open it"
_OF_OFFICER = "the data protection officer's key: we cannot open it"
_LOCKED = "when the DPO hands it back and its case is answered, or with its last line"
_RECORDS = "{case_years} whole calendar years after its case was closed"
_SENT = "{sent_days} days after it was sent; unsent ones stay"


def _artifact(name: str, which: ColumnElement[bool], sealed_by: str, goes: str) -> Kind:
    """Return a kind of copy; its bytes are chunks."""
    artifacts = t.artifacts
    return Kind(
        name,
        artifacts,
        goes,
        which,
        artifacts.c.made_at,
        sealed_by=sealed_by,
        holds=(t.chunks.c.sealed,),
    )


_IN_TIME = "once dealt with, at the latest {quarantine_days} days after it came"


def _letter(
    name: str,
    table: Table,
    came: Column[datetime],
    goes: str = _IN_TIME,
    until: ColumnElement[datetime] | None = None,
    which: ColumnElement[bool] | None = None,
) -> Kind:
    """Return a kind that waits for somebody, sealed under a derived key."""
    sealed = table.c.sealed
    is_sealed = sealed.is_not(None)
    return Kind(
        name,
        table,
        goes,
        is_sealed if which is None else and_(is_sealed, which),
        came,
        until,
        sealed_by=_DERIVED,
        holds=(sealed,),
    )


def _known(
    name: str,
    table: Table,
    goes: str,
    came: Column[datetime] | None = None,
    which: ColumnElement[bool] | None = None,
) -> Kind:
    """Return a kind that names nobody without our keys."""
    return Kind(name, table, goes, which, came, sort=PSEUDONYMOUS, sealed_by="none")


_log, _topic, _out = t.log_records.c, t.log_records.c.topic, t.outbox.c
_is_sealed = _topic.in_(sorted(SEALED_TOPICS))
_is_instruction = _topic.startswith(f"{INSTRUCTIONS}.")
_kind, _is_whole = t.artifacts.c.kind, t.artifacts.c.complete == 1
_evidence_goes = and_(
    t.data_keys.c.owner == t.artifacts.c.id, t.data_keys.c.purpose == EVIDENCE
)
_evidence_until = select(t.data_keys.c.expires_at).where(_evidence_goes)

_is_gathered = _kind.in_(("rows", "file"))
_is_locked_copy = locked(t.artifacts.c.case_id, EXPORT)
UNDER_THE_OFFICER = (
    Kind(
        "identifiers and references of stuck cases",
        t.vault,
        _LOCKED,
        locked(t.vault.c.owner, t.vault.c.purpose),
        t.vault.c.made_at,
        sealed_by=_OF_OFFICER,
        holds=(t.vault.c.sealed,),
    ),
    _artifact(
        "copies of stuck cases, gathered so far",
        and_(_is_gathered, _is_whole, _is_locked_copy),
        _OF_OFFICER,
        _LOCKED,
    ),
)
COPIES = (
    _artifact(
        "copies, packed",
        and_(_kind == PACKAGE, _is_whole),
        _OF_COPY,
        "at `export_kept_for` after sealing",
    ),
    _artifact(
        "copies, gathered so far",
        and_(_is_gathered, _is_whole, not_(_is_locked_copy)),
        _OF_COPY,
        "in the step that packs the copy, or with the case's withdrawal",
    ),
    _artifact(
        "copies and evidence, unfinished",
        not_(_is_whole),
        "the case's export key, or one that was never stored",
        "after 2 days",
    ),
    Kind(
        "files brought as evidence",
        t.artifacts,
        "`keep_evidence` of its account after it was brought",
        and_(_kind == EVIDENCE, _is_whole),
        t.artifacts.c.made_at,
        _evidence_until.scalar_subquery(),
        sealed_by="a key of its own",
        holds=(t.chunks.c.sealed,),
    ),
    Kind(
        "pieces of copies and evidence",
        t.chunks,
        "with the copy or evidence they belong to",
        t.chunks.c.artifact.in_(select(t.artifacts.c.id)),
        sealed_by="as the copy or evidence they belong to",
        holds=(t.chunks.c.sealed,),
    ),
)
IN_TRANSIT = (
    _letter(
        "refused requests",
        t.quarantine,
        t.quarantine.c.seen_at,
        "when a person has ruled on it: released or dropped for a reason, never by age",
        which=t.quarantine.c.due_at.is_not(None),
    ),
    _letter(
        "refused confirmations",
        t.quarantine,
        t.quarantine.c.seen_at,
        until=t.quarantine.c.expires_at,
        which=t.quarantine.c.due_at.is_(None),
    ),
    _letter(
        "what processors said by themselves",
        t.inbox,
        t.inbox.c.received_at,
        until=t.inbox.c.expires_at,
    ),
    Kind(
        "requests and confirmations in the embedded log",
        t.log_records,
        "a request when its case is forgotten, at once if it opened none; what was"
        " read at the latest with the topic's retention (7 and 14 days)",
        _is_sealed,
        _log.appended_at,
        sealed_by=_DERIVED,
        holds=(_log.value, _log.headers),
    ),
    Kind(
        "instructions in the embedded log",
        t.log_records,
        "with the topic's retention (14 days)",
        _is_instruction,
        _log.appended_at,
        sealed_by=_PARTICIPANTS,
        holds=(_log.value,),
    ),
    Kind(
        "instructions to systems of one's own",
        t.outbox,
        _SENT,
        _out.topic.startswith(f"{INSTRUCTIONS}."),
        _out.made_at,
        sealed_by=_PARTICIPANTS,
        holds=(_out.data,),
    ),
)
WITHOUT_IDENTIFIERS = (
    _known(
        "references of people",
        t.subjects,
        "with the last case of the person",
        t.subjects.c.seen_at,
    ),
    _known("cases", t.cases, _RECORDS, t.cases.c.received_at),
    _known("tasks", t.tasks, _RECORDS),
    _known("steps of cases", t.history, _RECORDS, t.history.c.at),
    _known(
        "figures for reports",
        t.statistics,
        "{statistics_years} whole calendar years after the answer; the case's id in"
        " them with the case",
    ),
    _known("digests of requests", t.requests, _RECORDS, t.requests.c.seen_at),
    _known(
        "receipts",
        t.statements,
        "never; those of tests and dry runs with their case",
        t.statements.c.signed_at,
    ),
    _known("entries of the receipts' log", t.log_entries, "never: they are hashes"),
    _known(
        "cases that the brake holds",
        b.brake_held,
        "when two people have decided on them",
    ),
    _known(
        "samples of held cases that people were shown",
        b.brake_pulls,
        "{case_years} whole calendar years after the brake was released",
        b.brake_pulls.c.pulled_at,
    ),
    _known("what is still owed", t.obligations, "with its case"),
    _known(
        "data keys under the DPO's key",
        locked_keys,
        "with what they seal",
        locked_keys.c.locked_at,
    ),
    _known("data keys", t.data_keys, "with what they seal", t.data_keys.c.made_at),
    _known(
        "calls",
        t.calls,
        "{sent_days} days after it was answered; open ones stay",
        t.calls.c.made_at,
    ),
    _known(
        "receipts and case events to send",
        t.outbox,
        _SENT,
        _out.made_at,
        not_(_out.topic.startswith(f"{INSTRUCTIONS}.")),
    ),
    _known(
        "receipts and case events in the embedded log",
        t.log_records,
        "with the topic's retention (90 and 30 days)",
        _log.appended_at,
        not_(or_(_is_sealed, _is_instruction)),
    ),
    _known(
        "names and digests of later events from publishers",
        i.heard_events,
        "when the event has expired, at most 30 days after it was signed",
    ),
    _known(
        "what people did with quarantined events",
        i.quarantine_actions,
        "with what was wrong with the event",
        i.quarantine_actions.c.at,
    ),
    _known(
        "what was wrong with ended quarantine",
        t.quarantine,
        "{case_years} whole calendar years after it was ended",
        t.quarantine.c.seen_at,
        t.quarantine.c.sealed.is_(None),
    ),
    _known(
        "that a processor spoke",
        t.inbox,
        "{quarantine_days} days after it came",
        t.inbox.c.received_at,
        t.inbox.c.sealed.is_(None),
    ),
    Kind(
        "tombstones: digests of erased identifiers",
        t.tombstones,
        "{tombstones_days} days after the erasure",
        None,
        t.tombstones.c.erased_at,
        t.tombstones.c.expires_at,
        PSEUDONYMOUS,
        "HMAC under pseudonym.key",
        (t.tombstones.c.digest,),
    ),
)
KINDS = (
    *IN_THE_VAULT,
    *READ_BACKS,
    *UNDER_THE_OFFICER,
    *COPIES,
    *IN_TRANSIT,
    *WITHOUT_IDENTIFIERS,
)
# Tables without a word on a person who asked.  Names of our own people (`--by`) may
# stand in accounts.
HOLDS_NOBODY = (
    *(t.registers, t.accounts, t.leases, t.offsets, t.key_checks),
    *(t.log_checkpoints, t.restore_holds, lost_statements, b.brakes, b.brake_hours),
    *(i.quarantine_room, i.unkept_events),
)
