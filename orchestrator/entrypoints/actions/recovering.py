"""
Bring back, after a restored backup, the statements that were published since.

The published checkpoints say which statements stood in the log and in which order; the
archive has them.  Their cases are answered as they were, requests whose case the backup
does not know are remembered, and at the end the log is as long as the published one.
Whoever is killed on the way begins again: every step may be repeated.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from orchestrator.adapters.keys.signing import ReceiptRejected, verify_envelope
from orchestrator.adapters.receipts.archive import Archived, read_archived
from orchestrator.adapters.receipts.checkpoint_file import CheckpointFile
from orchestrator.adapters.receipts.log_book import LogBook
from orchestrator.adapters.receipts.log_standing import Standing, compared
from orchestrator.adapters.receipts.notes import NoteRejected
from orchestrator.adapters.receipts.published import statements_in
from orchestrator.adapters.receipts.statement_log import Adopting
from orchestrator.bootstrap.installation import Installation
from orchestrator.core.afterwards.owed import CarriedOut
from orchestrator.core.answer.merkle import Frontier
from orchestrator.core.events import StatementRecovered
from orchestrator.core.words import AccountId, CaseId, StatementKind
from orchestrator.engine import Step
from orchestrator.errors import NotPossible, SetUpError
from orchestrator.ports import (
    RECOVERED,
    KnownRequest,
    PutStatement,
    SignedStatement,
)
from schemas.checkpoints import LogCheckpointed
from schemas.receipts import Owed

SHOWN = 5  # statements named in a sentence


@dataclass(frozen=True, slots=True)
class Recovered:
    """What came back: *later* was signed after the last checkpoint."""

    statements: int
    checkpoints: int
    later: int
    answered: int
    unknown: int
    owing: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Found:
    """A statement, and when it was signed as far as anybody knows."""

    archived: Archived
    signed_at: datetime


def recover(parts: Installation, archive: Iterable[Archived]) -> Recovered:
    """
    Import what was published since the backup; raises `NotPossible` if it lacks any.

    Then nothing was stored.  What was published is in the checkpoint file, and on the
    topic of receipts as far as that reaches back; *archive* has older receipts.
    Processes may run, as the hold keeps them from signing.
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
    wanted = _wanted(book, missed, by_leaf)
    last = max((one.signed_at for one in published), default=None)
    later = _later(parts, book, by_leaf, wanted, last)
    both = [*wanted, *later]
    unknown = _put(parts, both)
    answered = _follow(parts, both)
    Adopting(parts.database).adopt(missed, parts.clock.now())
    parts.log_watch.look()
    return Recovered(
        statements=len(wanted),
        checkpoints=len(missed),
        later=len(later),
        answered=answered,
        unknown=unknown,
        owing=tuple(
            one.archived.said.statement_id for one in both if _owes(one.archived)
        ),
    )


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


def _wanted(
    book: LogBook,
    missed: Sequence[LogCheckpointed],
    by_leaf: Mapping[str, Archived],
) -> list[_Found]:
    """Return the statements of these checkpoints, in order; all of them, or refuse."""
    names = [(added, one.signed_at) for one in missed for added in one.added]
    stored = book.envelopes([added.statement_id for added, _ in names])
    found, missing = [], []
    for added, at in names:
        own = read_archived(stored.get(added.statement_id, b""))
        archived = own if own and own.leaf == added.leaf else by_leaf.get(added.leaf)
        if archived is None:
            missing.append(added.statement_id)
        else:
            said_at = archived.said.times.signed_at
            found.append(_Found(archived, said_at or at))
    if missing:
        named = ", ".join(missing[:SHOWN]) + (", …" if len(missing) > SHOWN else "")
        raise NotPossible(
            f"The archive lacks {len(missing)} of {len(names)} statements ({named});"
            " nothing was stored. Add their files and run this again."
        )
    return found


def _later(
    parts: Installation,
    book: LogBook,
    by_leaf: Mapping[str, Archived],
    wanted: Sequence[_Found],
    last: datetime | None,
) -> list[_Found]:
    """Return receipts of ours signed after the last checkpoint that was published."""
    logged = {one.archived.leaf for one in wanted}
    fresh = [
        _Found(one, one.said.times.signed_at)
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


def _put(parts: Installation, found: Sequence[_Found]) -> int:
    """Store statements, and the requests that nobody remembers; returns how many."""
    now = parts.clock.now()
    with parts.store.transaction() as transaction:
        transaction.write([PutStatement(_signed(one)) for one in found], now)
        answers = {one.archived.said.request_id: one.archived.said for one in found}
        known = {one.request_id for one in transaction.known_requests(set(answers), [])}
        new = [
            KnownRequest(id_, RECOVERED, id_, RECOVERED, CaseId(said.case_id))
            for id_, said in answers.items()
            if id_ not in known
        ]
        transaction.remember_requests(new, now)
    return len(new)


def _follow(parts: Installation, found: Sequence[_Found]) -> int:
    """Let the cases that are known follow their statements; returns how many ended."""
    ids = {one.archived.said.request_id for one in found}
    with parts.store.transaction() as transaction:
        known = transaction.known_requests(ids, [])
    cases = {one.request_id: one.case_id for one in known}
    now = parts.clock.now()
    final = [one.archived.said.kind is StatementKind.FINAL for one in found]
    of = [cases[one.archived.said.request_id] for one in found]
    pairs = zip(of, found, strict=True)
    applied = parts.engine.apply([Step(id_, _event(one, now)) for id_, one in pairs])
    return sum(a and b for a, b in zip(applied, final, strict=True))


def _event(found: _Found, now: datetime) -> StatementRecovered:
    """Return what the case hears of its statement."""
    one = found.archived
    return StatementRecovered(
        at=now,
        number=one.said.number,
        kind=one.said.kind,
        sha256=one.sha256,
        key_id=one.key_id,
        signed_at=found.signed_at,
        result=one.said.result,
        carried_out=frozenset(
            CarriedOut(
                AccountId(line.account), kept.record_class, kept.rule, kept.until
            )
            for line in one.said.lines
            for kept in line.was_kept or ()
        ),
    )


def _signed(found: _Found) -> SignedStatement:
    """Return a statement as it was stored before."""
    one = found.archived
    return SignedStatement(
        id=one.said.statement_id,
        case=CaseId(one.said.case_id),
        number=one.said.number,
        kind=one.said.kind.value,
        signed_at=found.signed_at,
        key_id=one.key_id,
        sha256=one.sha256,
        envelope=one.envelope,
    )


def _owes(one: Archived) -> bool:
    """Tell whether a receipt promises an erasure that the backup may not know of."""
    return any(owed.what == Owed.ERASE_AFTER_RETENTION for owed in one.said.owed)
