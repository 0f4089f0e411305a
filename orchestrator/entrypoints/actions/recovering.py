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

from orchestrator.adapters.receipts.archive import Archived
from orchestrator.adapters.receipts.lost_statements import Lost, SqlLostStatements
from orchestrator.adapters.receipts.statement_log import Adopting
from orchestrator.bootstrap.installation import Installation
from orchestrator.core.afterwards.owed import CarriedOut
from orchestrator.core.events import StatementRecovered
from orchestrator.core.ruled import StatementLost
from orchestrator.core.words import AccountId, CaseId, StatementKind
from orchestrator.engine import Step
from orchestrator.entrypoints.actions.doubting import doubt
from orchestrator.entrypoints.actions.missed import Found, Missed, missed_since
from orchestrator.errors import NotPossible
from orchestrator.ports import (
    RECOVERED,
    KnownRequest,
    PutStatement,
    SignedStatement,
)
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
    lost: int = 0  # two people let them go
    doubted: int = 0  # cases that wait for a person


def recover(parts: Installation, archive: Iterable[Archived]) -> Recovered:
    """
    Import what was published since the backup; raises `NotPossible` if it lacks any.

    Then nothing was stored.  What was published is in the checkpoint file, and on the
    topic of receipts as far as that reaches back; *archive* has older receipts.  Left
    out is what two people let go.  Processes may run: the hold keeps them from signing.
    """
    missed, lost = missed_since(parts, archive), parts.lost_statements
    let_go = _let_go(lost, missed)
    both = [*missed.found, *missed.later]
    unknown = _put(parts, both)
    answered = _follow(parts, missed, let_go)
    doubted = doubt(parts, missed, let_go)
    Adopting(parts.database).adopt(missed.checkpoints, parts.clock.now())
    # Whoever opened a case in the meantime may not have known of the doubts.
    doubted += doubt(parts, missed, let_go)
    parts.log_watch.look()
    return Recovered(
        statements=len(missed.found),
        checkpoints=len(missed.checkpoints),
        later=len(missed.later),
        answered=answered,
        unknown=unknown,
        owing=tuple(
            one.archived.said.statement_id for one in both if _owes(one.archived)
        ),
        lost=len(missed.lost),
        doubted=doubted,
    )


def _let_go(lost: SqlLostStatements, missed: Missed) -> Mapping[str, tuple[str, str]]:
    """Return who let each lost statement go; raises `NotPossible` if nobody did."""
    ruled = {one.leaf: it.by for it in lost.let_go() for one in it.missing}
    missing = [one.statement_id for one in missed.lost if one.leaf not in ruled]
    if missing:
        named = ", ".join(missing[:SHOWN]) + (", …" if len(missing) > SHOWN else "")
        raise NotPossible(
            f"The archive lacks {len(missing)} of {len(missed.entries)} statements"
            f" ({named}); nothing was stored. Add their files and run this again; if"
            " nobody has them any more, see `erasure log missing`."
        )
    return ruled


def _put(parts: Installation, found: Sequence[Found]) -> int:
    """Store statements, and the requests that nobody remembers; returns how many."""
    now = parts.clock.now()
    with parts.store.transaction() as transaction:
        transaction.write([PutStatement(_signed(one)) for one in found], now)
        # Of what is not answered nothing is remembered: it is opened, and answered.
        said = [one.archived.said for one in found]
        answers = {
            it.request_id: it for it in said if it.kind is not StatementKind.INTERIM
        }
        known = {one.request_id for one in transaction.known_requests(set(answers), [])}
        new = [
            KnownRequest(id_, RECOVERED, id_, RECOVERED, CaseId(said.case_id))
            for id_, said in answers.items()
            if id_ not in known
        ]
        transaction.remember_requests(new, now)
    return len(new)


def _follow(
    parts: Installation, missed: Missed, let_go: Mapping[str, tuple[str, str]]
) -> int:
    """Let the cases that are known follow their statements; returns how many ended."""
    both = [*missed.entries, *missed.later]
    ids = {one.archived.said.request_id for one in both if isinstance(one, Found)}
    with parts.store.transaction() as transaction:
        known = transaction.known_requests(ids, [])
    cases = {one.request_id: one.case_id for one in known}
    now = parts.clock.now()
    steps, final = [], []
    for one in both:
        if isinstance(one, Lost):
            event = StatementLost(now, one.number_in_case, let_go[one.leaf])
            steps.append(Step(CaseId(one.case), event))
            final.append(False)
        elif (case := cases.get(one.archived.said.request_id)) is not None:
            steps.append(Step(case, _event(one, now)))
            final.append(one.archived.said.kind is StatementKind.FINAL)
    applied = parts.engine.apply(steps)
    return sum(a and b for a, b in zip(applied, final, strict=True))


def _event(found: Found, now: datetime) -> StatementRecovered:
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


def _signed(found: Found) -> SignedStatement:
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
