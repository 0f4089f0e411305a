"""
What the portal says of a request later: its end, more identifiers, what arrived.

A word is about a request that was taken before, even in the same batch, and comes from
the source that sent it.  Identifiers are sealed at once; the core learns their types.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import assert_never

from orchestrator.core.answer.dossier import amended_name, dump_identifiers
from orchestrator.core.answer.informing import doubt
from orchestrator.core.events import ExportCollected, RequestWithdrawn
from orchestrator.core.later import Informed, PersonInformed, RequestAmended
from orchestrator.core.words import CaseId
from orchestrator.engine import Step
from orchestrator.ports.event_log import Record
from orchestrator.stages.ingest.batch import Batch, Word
from orchestrator.stages.ingest.knowing import identity_of
from orchestrator.stages.ingest.opening import IngestParts
from schemas.intake import LaterWord, WithdrawnRequest
from schemas.later_words import (
    ExportCollection,
    PersonInforming,
    RequestAmendment,
)
from schemas.rejections import Rejection, RejectionCode

FROM_THE_PORTAL = "portal"  # on whose word it happens
AMENDMENT = "amendment"


def apply_words(parts: IngestParts, batch: Batch) -> None:
    """Apply what this batch says of requests, once all its cases are open."""
    now = parts.clock.now()
    steps = [
        (record, word, _step(parts, batch, case, word, now))
        for record, word, case in _addressed(batch)
    ]
    batch.work.load([step for _, _, step in steps])
    for record, word, step in steps:
        found = _applied(batch, word, step, now)
        if found is not None:
            batch.rejected.append((record, found))


def _addressed(batch: Batch) -> Iterator[tuple[Record, Word, CaseId]]:
    """Yield each word with its case; refuse those about nobody's request."""
    for record, word in batch.words:
        known = batch.by_id.get(word.request_id)
        if known is not None and known.source == word.source:
            yield record, word, known.case_id
            continue
        unknown = RejectionCode.UNKNOWN_REQUEST
        code = unknown if known is None else RejectionCode.OTHER_SOURCE
        batch.rejected.append((record, word.reject(code, is_known=False)))


def _applied(batch: Batch, word: Word, step: Step, now: datetime) -> Rejection | None:
    """Apply one word, or return why it cannot be taken; a repeat changes nothing."""
    case = batch.work.cases.get(step.case)
    if isinstance(word, LaterWord):
        if case is None:
            return word.reject(RejectionCode.UNKNOWN_REQUEST, is_known=False)
        why = doubt(case, word.said, word.event_id, now)
        if why is not None:
            return word.reject(why.code, why.pointer, why.rule)
        batch.work.apply(step)
        return None
    if not batch.work.apply(step) and batch.work.is_over(step.case):
        return word.reject(RejectionCode.ALREADY_ANSWERED, is_known=True)
    return None


def _step(
    parts: IngestParts, batch: Batch, case: CaseId, word: Word, now: datetime
) -> Step:
    """Return what a word means for its case, with what must be sealed for it."""
    if isinstance(word, WithdrawnRequest):
        withdrawn = RequestWithdrawn(now, FROM_THE_PORTAL, word.withdrawal.reason)
        return Step(case, withdrawn)
    match word.said:
        case RequestAmendment() as said:
            return _amending(parts, batch, case, said, word.event_id)
        case PersonInforming() as told:
            informed = Informed(
                told.informed_at, told.channel, told.statement, told.notice
            )
            return Step(case, PersonInformed(now, FROM_THE_PORTAL, informed))
        case ExportCollection(collected_at=at):
            return Step(case, ExportCollected(now, FROM_THE_PORTAL, at))
        case _:
            assert_never(word.said)


def _amending(
    parts: IngestParts,
    batch: Batch,
    case: CaseId,
    said: RequestAmendment,
    event_id: str,
) -> Step:
    """Seal more identifiers of a person; the core learns the types of new ones."""
    now = parts.clock.now()
    vault, known = identity_of(parts, batch, case)
    fresh = tuple(one for one in said.added() if one not in known)
    types = frozenset(one.type for one in fresh)
    event = RequestAmended(now, FROM_THE_PORTAL, event_id, types)
    if not fresh or case not in vault.keys:
        return Step(case, event)  # what was forgotten is amended no more
    digest = parts.pseudonyms.digest(AMENDMENT, event_id.encode())
    sealed = vault.seal(case, amended_name(digest), dump_identifiers(fresh))
    return Step(case, event, (sealed,))
