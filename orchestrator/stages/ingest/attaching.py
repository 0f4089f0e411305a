"""
Which requests of a batch ask for what another open request of the person asks for.

Decided under the lock of the person's row, so that two workers that take two requests
at once find one another.  A later request that names an identifier which the earlier
does not know is no duplicate: nothing that the person said is lost.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

from orchestrator.core.intake.attaching import Wish, may_lead, wish_of
from orchestrator.core.words import CaseId, SubjectRef
from orchestrator.engine import NewCase
from orchestrator.stages.ingest.batch import Batch
from orchestrator.stages.ingest.knowing import identity_of
from orchestrator.stages.ingest.opening import IngestParts


def attached(
    parts: IngestParts, batch: Batch, openings: Sequence[NewCase]
) -> list[NewCase]:
    """Return *openings*, each duplicate led by the earliest case that answers it."""
    first: dict[SubjectRef, list[tuple[CaseId, Wish]]] = {}
    told: list[NewCase] = []
    for new in openings:
        opening = new.opening
        wish = wish_of(opening, new.plan)
        of_batch = first.setdefault(opening.subject, [])
        lead = _lead(parts, batch, new, wish, of_batch)
        if lead is None:
            of_batch.append((opening.case, wish))
            told.append(new)
        else:
            told.append(replace(new, opening=replace(opening, led_by=lead)))
    return told


def _lead(
    parts: IngestParts,
    batch: Batch,
    new: NewCase,
    wish: Wish,
    of_batch: Iterable[tuple[CaseId, Wish]],
) -> CaseId | None:
    """Return the earliest case that knows as much of the person and answers it."""
    known = [
        batch.work.cases[id_]
        for id_ in batch.work.siblings.get(new.opening.subject, ())
    ]
    able = [case for case in known if may_lead(case, wish)]
    earliest = [case.id for case in sorted(able, key=lambda c: (c.opened_at, c.id))]
    beside = [id_ for id_, earlier in of_batch if earlier.covers(wish)]
    _, mine = identity_of(parts, batch, new.opening.case)
    for id_ in (*earliest, *beside):
        _, theirs = identity_of(parts, batch, id_)
        if mine <= theirs:
            return id_
    return None
