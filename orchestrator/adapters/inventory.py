"""
What personal data the database holds now: of which kind, how much, until when.

Counted, never opened.  Every table is either here, kind by kind with a line for what
fits none, or in `HOLDS_NOBODY`; a test holds both to the tables.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Column, ColumnElement, Table, and_, func, not_, null, or_, select
from sqlalchemy.sql import Select

from orchestrator.adapters import tables as t
from orchestrator.adapters.database import Database
from orchestrator.adapters.riding import EVIDENCE, PACKAGE
from orchestrator.adapters.vault import IDENTITY, OBLIGATION
from orchestrator.core.dossier import ALL_IDENTIFIERS
from schemas.topics import CONFIRMATIONS, INSTRUCTIONS, REQUESTS

IDENTIFYING, PSEUDONYMOUS = "identifying", "pseudonymous"
OF_IDENTITY, OF_COPY = "identity key of the case", "export key of the case"
DERIVED = "key derived from kek.key"
OTHERS = "the participant's key: we cannot open it"
NOBODYS = "none"
ANSWERED = "once its case is answered"


@dataclass(frozen=True, slots=True)
class Periods:
    """How long what is not bound to a case's end is kept."""

    quarantine_days: int
    sent_days: int
    tombstones_days: int


@dataclass(frozen=True, slots=True)
class Holding:
    """
    One kind of personal data, and how much of it there is now.

    `count` is None where it cannot be counted from here.  `oldest` is the time the
    oldest came; `last_until` when the last will be gone, where that is known.
    """

    kind: str
    sort: str
    where: str
    sealed_by: str
    count: int | None
    goes: str
    oldest: datetime | None = None
    last_until: datetime | None = None


@dataclass(frozen=True, slots=True)
class Kind:
    """How one kind is found: its table, the columns that hold it, which rows."""

    name: str
    sort: str
    table: Table
    holds: tuple[Column[bytes] | Column[str], ...]
    sealed_by: str
    goes: str
    which: ColumnElement[bool] | None
    came: Column[datetime] | None
    until: ColumnElement[datetime] | None = None


# Tables without a word on a person who asked.  Names of our own people (`--by`) may
# stand in accounts.
HOLDS_NOBODY = (t.registers, t.accounts, t.leases, t.offsets, t.key_checks)


class SqlInventory:
    """The inventory of one database."""

    def __init__(self, database: Database, periods: Periods) -> None:
        """Keep the database and the rules."""
        self._database = database
        self._kinds = tuple(kinds(periods))

    def holdings(self) -> Sequence[Holding]:
        """Count every kind at one moment, what identifies first."""
        with self._database.reading() as connection:
            found = [
                (kind, connection.execute(_counting(kind)).one())
                for kind in self._kinds
            ]
        return [
            Holding(
                kind=kind.name,
                sort=kind.sort,
                where=f"table {kind.table.name}",
                sealed_by=kind.sealed_by,
                count=row[0],
                goes=kind.goes,
                oldest=row[1],
                last_until=row[2],
            )
            for kind, row in found
        ]


def kinds(periods: Periods) -> Iterator[Kind]:
    """Yield every kind there can be, and for each table what fits none of them."""
    known = [*_identifying(periods), *_pseudonymous(periods)]
    yield from known
    for table in t.metadata.sorted_tables:
        mine = [kind.which for kind in known if kind.table is table]
        if table in HOLDS_NOBODY or any(one is None for one in mine):
            continue
        fits = [one for one in mine if one is not None]
        yield Kind(
            f"anything else in {table.name}",
            IDENTIFYING,
            table,
            (),
            "unknown",
            "never by itself: report it",
            not_(or_(*fits)) if fits else None,
            None,
        )


def _identifying(periods: Periods) -> Iterator[Kind]:
    """Yield what identifies a person; all of it is encrypted."""
    yield from _of_the_vault()
    yield from _of_copies()
    for name, table, came in (
        ("refused requests", t.quarantine, t.quarantine.c.seen_at),
        ("what processors said by themselves", t.inbox, t.inbox.c.received_at),
    ):
        sealed = table.c.sealed
        yield Kind(
            name,
            IDENTIFYING,
            table,
            (sealed,),
            DERIVED,
            f"once dealt with, at the latest {periods.quarantine_days} days after it"
            " came",
            sealed.is_not(None),
            came,
            table.c.expires_at,
        )
    log = t.log_records.c
    yield Kind(
        "requests in the embedded log",
        IDENTIFYING,
        t.log_records,
        (log.value, log.headers),
        DERIVED,
        "when its case is forgotten; at once if it opened none",
        log.topic == REQUESTS,
        log.appended_at,
    )
    yield Kind(
        "instructions and confirmations in the embedded log",
        IDENTIFYING,
        t.log_records,
        (log.value,),
        OTHERS,
        "not yet",
        _own_systems(log.topic),
        log.appended_at,
    )
    yield Kind(
        "instructions to systems of one's own",
        IDENTIFYING,
        t.outbox,
        (t.outbox.c.data,),
        OTHERS,
        f"{periods.sent_days} days after it was sent",
        _own_systems(t.outbox.c.topic),
        t.outbox.c.made_at,
    )


def _of_the_vault() -> Iterator[Kind]:
    """Yield what lies in the vault, by purpose and name."""
    vault = t.vault.c
    for name, purpose, prefix, sealed_by, goes in (
        ("identifiers", IDENTITY, ALL_IDENTIFIERS, OF_IDENTITY, ANSWERED),
        ("references of found records", IDENTITY, "items:", OF_IDENTITY, ANSWERED),
        ("conflicting matches", IDENTITY, "candidates:", OF_IDENTITY, ANSWERED),
        ("tickets of processors' jobs", IDENTITY, "ticket:", OF_IDENTITY, ANSWERED),
        (
            "references of records a law keeps",
            OBLIGATION,
            "items:",
            "obligation key of the case",
            "when its obligation is carried out",
        ),
    ):
        which = and_(vault.purpose == purpose, vault.name.startswith(prefix))
        held = (vault.sealed,)
        yield Kind(
            name, IDENTIFYING, t.vault, held, sealed_by, goes, which, vault.made_at
        )


def _of_copies() -> Iterator[Kind]:
    """Yield copies and evidence: one artifact each, its chunks apart."""
    artifacts, held = t.artifacts.c, (t.chunks.c.sealed,)
    for name, which, sealed_by, goes in (
        (
            "copies, packed",
            and_(artifacts.kind == PACKAGE, artifacts.complete == 1),
            OF_COPY,
            "at `export_kept_for` after sealing",
        ),
        (
            "copies, gathered so far",
            and_(artifacts.kind.in_(("rows", "file")), artifacts.complete == 1),
            OF_COPY,
            "in the step that packs the copy, or with the case's withdrawal",
        ),
        (
            "copies and evidence, unfinished",
            artifacts.complete == 0,
            "their key of their own or of the case",
            "after 2 days",
        ),
    ):
        yield Kind(
            name,
            IDENTIFYING,
            t.artifacts,
            held,
            sealed_by,
            goes,
            which,
            artifacts.made_at,
        )
    keys = t.data_keys.c
    mine = and_(keys.owner == artifacts.id, keys.purpose == EVIDENCE)
    until = select(keys.expires_at).where(mine).scalar_subquery()
    yield Kind(
        "files brought as evidence",
        IDENTIFYING,
        t.artifacts,
        held,
        "a key of its own",
        "`keep_evidence` of its account after it was brought",
        and_(artifacts.kind == EVIDENCE, artifacts.complete == 1),
        artifacts.made_at,
        until,
    )
    yield Kind(
        "pieces of copies",
        IDENTIFYING,
        t.chunks,
        held,
        "as the copy or evidence they belong to",
        "with the copy or evidence they belong to",
        t.chunks.c.artifact.in_(select(artifacts.id)),
        None,
    )


def _pseudonymous(periods: Periods) -> Iterator[Kind]:
    """Yield what says something of a person nobody can name without our keys."""
    sent = f"{periods.sent_days} days after it was sent; unsent ones stay"
    log, not_yet = t.log_records.c, "not yet"
    for name, table, came, goes, which in (
        ("references of people", t.subjects, t.subjects.c.seen_at, not_yet, None),
        ("cases", t.cases, t.cases.c.received_at, not_yet, None),
        ("tasks", t.tasks, None, not_yet, None),
        ("steps of cases", t.history, t.history.c.at, not_yet, None),
        ("digests of requests", t.requests, t.requests.c.seen_at, not_yet, None),
        ("statements", t.statements, t.statements.c.signed_at, not_yet, None),
        ("what is still owed", t.obligations, None, not_yet, None),
        ("data keys", t.data_keys, t.data_keys.c.made_at, "with what they seal", None),
        (
            "calls",
            t.calls,
            t.calls.c.made_at,
            f"{periods.sent_days} days after it was answered; open ones stay",
            None,
        ),
        (
            "receipts and case events to send",
            t.outbox,
            t.outbox.c.made_at,
            sent,
            not_(_own_systems(t.outbox.c.topic)),
        ),
        (
            "receipts and case events in the embedded log",
            t.log_records,
            log.appended_at,
            not_yet,
            and_(log.topic != REQUESTS, not_(_own_systems(log.topic))),
        ),
        (
            "what was wrong with ended quarantine",
            t.quarantine,
            t.quarantine.c.seen_at,
            not_yet,
            t.quarantine.c.sealed.is_(None),
        ),
        (
            "that a processor spoke",
            t.inbox,
            t.inbox.c.received_at,
            f"{periods.quarantine_days} days after it came",
            t.inbox.c.sealed.is_(None),
        ),
    ):
        yield Kind(name, PSEUDONYMOUS, table, (), NOBODYS, goes, which, came)
    yield Kind(
        "tombstones: digests of erased identifiers",
        PSEUDONYMOUS,
        t.tombstones,
        (t.tombstones.c.digest,),
        "HMAC under pseudonym.key",
        f"{periods.tombstones_days} days after the erasure",
        None,
        t.tombstones.c.erased_at,
        t.tombstones.c.expires_at,
    )


def _own_systems(topic: ColumnElement[str]) -> ColumnElement[bool]:
    """Tell whether a topic is one of systems of one's own."""
    return or_(topic.startswith(f"{INSTRUCTIONS}."), topic == CONFIRMATIONS)


def _counting(kind: Kind) -> Select[int, datetime | None, datetime | None]:
    """Return the query for how many there are, since when, and until when."""
    query = select(
        func.count(),
        null() if kind.came is None else func.min(kind.came),
        null() if kind.until is None else func.max(kind.until),
    ).select_from(kind.table)
    return query if kind.which is None else query.where(kind.which)
