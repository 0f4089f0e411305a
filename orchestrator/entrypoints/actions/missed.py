"""
What was published since a restored backup was made, and what of it can be had.

The published checkpoints say which statements stood in the log and in which order; the
archive, the topic and the database itself have them, or nobody has.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from orchestrator.adapters.keys.signing import ReceiptRejected, verify_envelope
from orchestrator.adapters.receipts.archive import Archived, read_archived
from orchestrator.adapters.receipts.checkpoint_file import CheckpointFile
from orchestrator.adapters.receipts.log_book import LogBook
from orchestrator.adapters.receipts.log_standing import Standing, compared
from orchestrator.adapters.receipts.lost_statements import Lost
from orchestrator.adapters.receipts.notes import NoteRejected
from orchestrator.adapters.receipts.published import statements_in
from orchestrator.bootstrap.installation import Installation
from orchestrator.core.answer.merkle import Frontier
from orchestrator.errors import NotPossible, SetUpError
from schemas.checkpoints import LogCheckpointed


@dataclass(frozen=True, slots=True)
class Found:
    """A statement, and when it was signed as far as anybody knows."""

    archived: Archived
    signed_at: datetime


@dataclass(frozen=True, slots=True)
class Missed:
    """What was published since: in the order of the log, and signed after its end."""

    checkpoints: Sequence[LogCheckpointed]
    entries: Sequence[Found | Lost]
    later: Sequence[Found]

    @property
    def found(self) -> list[Found]:
        """The statements that can be had."""
        return [one for one in self.entries if isinstance(one, Found)]

    @property
    def lost(self) -> list[Lost]:
        """The entries whose statement nobody has."""
        return [one for one in self.entries if isinstance(one, Lost)]


def missed_since(parts: Installation, archive: Iterable[Archived]) -> Missed:
    """
    Return what this database lacks of what was published; stores nothing.

    Raises `NotPossible` where what was published is not genuine, or is another history.
    """
    book, file = LogBook(parts.database), parts.checkpoint_file
    records = list(parts.published())
    heads = parts.heads_in(records)
    found = compared(book, file, heads)
    if found.standing is Standing.CONTRADICTED:
        raise NotPossible(found.sentence)
    head = book.head()
    frontier = Frontier() if head is None else head.frontier
    published = _published(file, heads)
    missed = [one for one in published if one.size > frontier.size]
    _check_chain(parts, missed, frontier)
    by_leaf = {one.leaf: one for one in (*statements_in(records), *archive)}
    entries = list(_entries(book, missed, by_leaf))
    last = max((one.signed_at for one in published), default=None)
    logged = {added.leaf for one in missed for added in one.added}
    later = _later(parts, book, by_leaf, logged, last)
    return Missed(missed, entries, later)


def _published(
    file: CheckpointFile | None, heads: Sequence[LogCheckpointed]
) -> Sequence[LogCheckpointed]:
    """Return every published head once, in order; raises `SetUpError` without any."""
    filed = [] if file is None else file.all()
    found = {one.size: one for one in (*heads, *filed)}
    if not found and file is None:
        raise SetUpError(
            "ERASURE_CHECKPOINT_FILE is not set, and the topic of receipts has no head"
            " of this log: nobody knows what was published since the backup; set it to"
            " the file that the log's checkpoints were kept in."
        )
    return [found[size] for size in sorted(found)]


def _check_chain(
    parts: Installation, missed: Sequence[LogCheckpointed], frontier: Frontier
) -> None:
    """Make sure that each checkpoint is signed, and goes on from the one before."""
    tree = Frontier(frontier.size, frontier.parts)
    for one in missed:
        if one.first != tree.size:
            raise NotPossible(
                "The checkpoints at hand lack what lies between statement"
                f" {tree.size} and {one.first}; put the whole checkpoint file back."
            )
        for added in one.added:
            tree.append(bytes.fromhex(added.leaf))
        try:
            said = parts.log_signer.read(one.note, one.key_id)
        except NoteRejected as error:
            raise NotPossible(
                f"The checkpoint over {one.size} statements is not genuine. {error}"
            ) from None
        if (said.size, said.root) != (tree.size, tree.root):
            raise NotPossible(
                f"The checkpoint over {one.size} statements does not sign what its"
                " line says; the file was changed."
            )


def _entries(
    book: LogBook,
    missed: Sequence[LogCheckpointed],
    by_leaf: Mapping[str, Archived],
) -> Iterator[Found | Lost]:
    """Yield what these checkpoints put into the log, in order."""
    names = [(added, one.signed_at) for one in missed for added in one.added]
    stored = book.envelopes([added.statement_id for added, _ in names])
    first = missed[0].first if missed else 0
    for number, (added, at) in enumerate(names, start=first):
        own = read_archived(stored.get(added.statement_id, b""))
        archived = own if own and own.leaf == added.leaf else by_leaf.get(added.leaf)
        if archived is None:
            yield Lost(number, added.statement_id, added.leaf, at)
        else:
            yield Found(archived, archived.said.times.signed_at or at)


def _later(
    parts: Installation,
    book: LogBook,
    by_leaf: Mapping[str, Archived],
    logged: Collection[str],
    last: datetime | None,
) -> list[Found]:
    """Return receipts of ours signed after the last checkpoint that was published."""
    fresh = [
        Found(one, one.said.times.signed_at)
        for leaf, one in by_leaf.items()
        if leaf not in logged
        and one.said.times.signed_at is not None
        and last is not None
        and one.said.times.signed_at >= last
        and _is_ours(parts, one)
    ]
    known = book.envelopes([one.archived.said.statement_id for one in fresh])
    new = [one for one in fresh if one.archived.said.statement_id not in known]
    return sorted(new, key=lambda one: (one.signed_at, one.archived.said.statement_id))


def _is_ours(parts: Installation, one: Archived) -> bool:
    """Tell whether a key of ours signed a receipt; no checkpoint vouches for it."""
    try:
        verify_envelope(one.envelope, parts.keys.public_signing[one.key_id])
    except (KeyError, ReceiptRejected):
        return False
    return True
