"""
The log of statements, read: proofs out of it, and whether it still holds together.

`checked` computes everything afresh from the receipts' own bytes.  What it cannot see
is a log that was rewritten as a whole, with the signing key: against that stands a
checkpoint that left the house before.
"""

from __future__ import annotations

import json
from collections import deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, Row, Select, bindparam, func, or_, select

from orchestrator.adapters.keys.signing import (
    ReceiptRejected,
    read_envelope,
    verify_envelope,
)
from orchestrator.adapters.receipts.growth import Growth
from orchestrator.adapters.receipts.notes import (
    Checkpoint,
    Keys,
    LogProof,
    LogSigner,
    NoteRejected,
    read_checkpoint,
)
from orchestrator.adapters.receipts.statement_log import Head, as_head, newest
from orchestrator.adapters.sql import tables as t
from orchestrator.adapters.sql.database import Database
from orchestrator.core.answer.merkle import (
    Frontier,
    Hash,
    consistency_proof,
    inclusion_proof,
    leaf_hash,
    root_of,
)
from orchestrator.errors import NotPossible
from schemas.fields import instant
from schemas.receipts import TEST_RECEIPT_MEDIA_TYPE

AT_ONCE = 500
# Between two processes' clocks, and a signature and its commit.
SKEW = timedelta(minutes=5)


@dataclass(frozen=True, slots=True)
class Fault:
    """Something that does not fit; *what* names the statement or the checkpoint."""

    code: str
    what: str
    sentence: str


@dataclass(frozen=True, slots=True)
class Checked:
    """What a check of the whole log found."""

    statements: int
    checkpoints: int
    waiting: int
    faults: tuple[Fault, ...]
    stamps: int = 0  # of an authority outside, that are good
    stamped_size: int = 0  # so many statements existed
    stamped_at: datetime | None = None  # at this time
    let_go: int = 0  # nobody has them any more, as two people ruled


class LogBook:
    """Reads the log of statements."""

    def __init__(self, database: Database) -> None:
        """Keep the database."""
        self._database = database

    def head(self) -> Head | None:
        """Return the newest checkpoint, if there is one."""
        with self._database.reading() as connection:
            return newest(connection)

    def envelopes(self, ids: Sequence[str]) -> Mapping[str, bytes]:
        """Return the receipts of these that are here."""
        found: dict[str, bytes] = {}
        with self._database.reading() as connection:
            for start in range(0, len(ids), AT_ONCE):
                some = {"ids": ids[start : start + AT_ONCE]}
                rows = connection.execute(_ENVELOPES, some)
                found |= {row.id: row.envelope for row in rows}
        return found

    def root_at(self, size: int) -> Hash | None:
        """Return the root when the log had *size* entries; None if it never had."""
        with self._database.reading() as connection:
            signed = connection.execute(_ROOT, {"size": size}).scalar()
            if signed is not None:
                return bytes(signed)
            leaves = _leaves(connection, size)
        frontier = Frontier()
        for leaf in leaves:
            frontier.append(leaf)
        return frontier.root if frontier.size == size else None

    def prove(self, statement_id: str, note: str | None = None) -> LogProof:
        """
        Return where a statement stands in the log, under a stored checkpoint.

        The newest one that the receipt's own key signed, so that a verifier needs one
        key; after a rotation of keys, the newest.  Or the one of *note*, which covers
        it.  Raises `NotPossible`.
        """
        with self._database.reading() as connection:
            row = connection.execute(_PLACE, {"id": statement_id}).first()
            if row is None:
                raise NotPossible(
                    f"{statement_id} is not in the log: it was signed a moment ago and"
                    " waits for its turn, or it is of a test or a dry run."
                )
            if note is None:
                place = {"number": row.number, "key_id": row.key_id}
                note = as_head(connection.execute(_COVERING, place).one()).note
            leaves = _leaves(connection, read_checkpoint(note).size)
        path = inclusion_proof(leaves, row.number)
        return LogProof(row.number, tuple(path), note)

    def grown(self, kept: Checkpoint) -> Growth:
        """
        Prove that the log of today begins with all of a checkpoint that was kept.

        Raises `NotPossible` where it does not: the log is another, or was rewritten.
        """
        with self._database.reading() as connection:
            head = newest(connection)
            leaves = _leaves(connection, head.size if head else 0)
        begins = leaves[: kept.size]
        if head is None or len(begins) < kept.size or root_of(begins) != kept.root:
            raise NotPossible(
                f"The log of today does not begin with these {kept.size} entries: the"
                " checkpoint is of another log, or entries were lost or rewritten."
                " `erasure log check --against` with the same file says what is wrong."
            )
        path = consistency_proof(leaves, kept.size)
        return Growth(kept.size, tuple(path), head.note)

    def place_of(self, statement_id: str) -> int | None:
        """Return the number of a statement in the log, if it is there."""
        with self._database.reading() as connection:
            row = connection.execute(_PLACE, {"id": statement_id}).first()
        return None if row is None else row.number

    def checked(
        self, signer: LogSigner, elsewhere: Sequence[Checkpoint] = ()
    ) -> Checked:
        """
        Compute the whole tree afresh; *elsewhere* are heads that others have kept.

        A head that no key of *signer* signed, now or before, is a changed one.
        """
        with self._database.reading() as connection:
            heads = [as_head(row) for row in connection.execute(_HEADS_BY_SIZE)]
            walk = _Walk(signer, heads, elsewhere)
            for row in connection.execute(_WALK).yield_per(AT_ONCE):
                walk.step(row)
            walk.end()
            faults = [*walk.faults, *_left_out(connection.execute(_LEFT_OUT))]
            waiting: int = connection.execute(_WAITING_COUNT).scalar_one()
        return Checked(walk.frontier.size, walk.seen, waiting, tuple(faults))


class _Walk:
    """The tree as it grows again, entry by entry."""

    def __init__(
        self,
        signer: LogSigner,
        heads: Iterable[Head],
        elsewhere: Sequence[Checkpoint],
    ) -> None:
        self.frontier = Frontier()
        self.faults: list[Fault] = []
        self.seen = 0
        self._signer = signer
        self._keys = signer.keys
        self._heads = deque(heads)
        self._before: datetime | None = None
        self._elsewhere: dict[int, list[Checkpoint]] = {}
        for one in elsewhere:
            self._elsewhere.setdefault(one.size, []).append(one)
        self._name = self._heads[-1].name if self._heads else None
        self._number = 0

    def step(self, row: Row[*tuple[Any, ...]]) -> None:
        """Take the next entry."""
        if row.number != self._number:
            self._find("entry_missing", f"entry {self._number}", _GAP)
        self._number = row.number + 1
        self.faults += _of_entry(row, self._before)
        if row.envelope is not None and leaf_hash(row.envelope) == row.leaf:
            self.faults += _of_signature(row, self._keys)
        # From the receipt itself: the stored hash could have been changed with it.
        is_there = row.envelope is not None
        self.frontier.append(leaf_hash(row.envelope) if is_there else row.leaf)
        self._at_heads()

    def end(self) -> None:
        """Look at what is left: heads of a longer log than the entries make."""
        for head in self._heads:
            self._find("entries_missing", f"checkpoint {head.size}", _SHORTER)
        for size in self._elsewhere:
            if size > self.frontier.size:
                self._find("behind", f"checkpoint {size}", _BEHIND)

    def _at_heads(self) -> None:
        """Compare with what was signed when the log had this size."""
        size, root = self.frontier.size, self.frontier.root
        while self._heads and self._heads[0].size <= size:
            head = self._heads.popleft()
            self._compare(head)
            self._before = head.signed_at
        for known in self._elsewhere.pop(size, []):
            if known.root != root or known.origin != self._name:
                self._find("other_history", f"checkpoint {size}", _REWRITTEN)

    def _compare(self, head: Head) -> None:
        """Compare one stored checkpoint with the tree."""
        self.seen += 1
        what = f"checkpoint {head.size}"
        try:
            said = self._signer.read(head.note, head.key_id)
        except NoteRejected as error:
            self._find("note_changed", what, str(error))
            return
        tree = Checkpoint(said.origin, self.frontier.size, self.frontier.root)
        if said != tree or head.root != tree.root:
            self._find("root_differs", what, _ANOTHER_ROOT)

    def _find(self, code: str, what: str, sentence: str) -> None:
        self.faults.append(Fault(code, what, sentence))


_GAP = "An entry is missing from the log, or has another number."
_SHORTER = "The checkpoint signs more entries than there are: some were deleted."
_BEHIND = "A checkpoint kept elsewhere signs more entries than there are here."
_REWRITTEN = "A checkpoint kept elsewhere signs another history than this one."
_ANOTHER_ROOT = (
    "The checkpoint signs another root than the receipts have: one before it was"
    " deleted, altered, or is in another order."
)


def _of_entry(row: Row[*tuple[Any, ...]], before: datetime | None) -> Iterator[Fault]:
    """Yield what is wrong with one entry and its statement."""
    if row.envelope is None:
        yield Fault("statement_deleted", row.statement_id, "The receipt is gone.")
        return
    if leaf_hash(row.envelope) != row.leaf:
        yield Fault("statement_altered", row.statement_id, "The receipt was altered.")
    said = _said_at(row.envelope)
    if said is not None and said != row.signed_at:
        yield Fault(
            "time_altered",
            row.statement_id,
            "The row says another time than the receipt that was signed.",
        )
    if said is not None and before is not None and said < before - SKEW:
        yield Fault(
            "back_dated",
            row.statement_id,
            "It says a time before the checkpoint that it came after.",
        )


def _of_signature(row: Row[*tuple[Any, ...]], keys: Keys) -> Iterator[Fault]:
    """Yield what is wrong with a receipt that is as it was logged: who signed it."""
    try:
        key = keys[read_envelope(row.envelope).key_id]
        verify_envelope(row.envelope, key)
    except KeyError:
        yield Fault("foreign_key", row.statement_id, "No key of ours signed it.")
    except ReceiptRejected as error:
        yield Fault("not_genuine", row.statement_id, str(error))


def _said_at(envelope: bytes) -> datetime | None:
    """Return when a receipt says that it was signed, if it says so."""
    try:
        said = json.loads(read_envelope(envelope).payload)
        times: Mapping[str, object] = said["times"]
        return instant(str(times["signed_at"]))
    except (ReceiptRejected, ValueError, KeyError, TypeError):
        return None


def _left_out(rows: Iterable[Row[*tuple[Any, ...]]]) -> Iterator[Fault]:
    """Yield statements of real cases that are neither in the log nor wait for it."""
    for row in rows:
        try:
            is_test = read_envelope(row.envelope).payload_type == (
                TEST_RECEIPT_MEDIA_TYPE
            )
        except ReceiptRejected:
            is_test = False
        if not is_test:
            yield Fault("not_logged", row.id, "The receipt was taken out of the log.")


def _leaves(connection: Connection, size: int) -> list[Hash]:
    """Return the hashes of the first *size* entries, in order."""
    return list(connection.execute(_LEAVES, {"size": size}).scalars())


_OF_ENTRY = t.log_entries.c.statement_id == t.statements.c.id
_LEAVES: Select[Any] = (
    select(t.log_entries.c.leaf)
    .where(t.log_entries.c.number < bindparam("size"))
    .order_by(t.log_entries.c.number)
)
_ENVELOPES: Select[Any] = select(t.statements.c.id, t.statements.c.envelope).where(
    t.statements.c.id.in_(bindparam("ids", expanding=True))
)
_ROOT: Select[Any] = select(t.log_checkpoints.c.root).where(
    t.log_checkpoints.c.size == bindparam("size")
)
_PLACE: Select[Any] = (
    select(t.log_entries.c.number, t.statements.c.key_id)
    .join(t.statements, _OF_ENTRY)
    .where(t.log_entries.c.statement_id == bindparam("id"))
)
_COVERING: Select[Any] = (
    select(t.log_checkpoints)
    .where(t.log_checkpoints.c.size > bindparam("number"))
    .order_by(
        (t.log_checkpoints.c.key_id == bindparam("key_id")).desc(),
        t.log_checkpoints.c.size.desc(),
    )
    .limit(1)
)
_HEADS_BY_SIZE: Select[Any] = select(t.log_checkpoints).order_by(
    t.log_checkpoints.c.size
)
_WALK: Select[Any] = (
    select(
        t.log_entries,
        t.statements.c.envelope,
        t.statements.c.signed_at,
    )
    .outerjoin(t.statements, _OF_ENTRY)
    .order_by(t.log_entries.c.number)
)
_LEFT_OUT: Select[Any] = (
    select(t.statements.c.id, t.statements.c.envelope)
    .outerjoin(t.log_entries, _OF_ENTRY)
    .where(
        t.log_entries.c.number.is_(None),
        or_(t.statements.c.to_log.is_(None), t.statements.c.to_log != 1),
    )
    .order_by(t.statements.c.id)
)
_WAITING_COUNT: Select[Any] = (
    select(func.count()).select_from(t.statements).where(t.statements.c.to_log == 1)
)
