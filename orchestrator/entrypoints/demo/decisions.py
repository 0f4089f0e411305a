"""
Say in a few lines what people decided, what laws keep, and who was not heard.

All of it is read from the signed receipts, from what the portal was told, and from the
quarantine; whether it is true is looked up elsewhere.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import date, datetime
from typing import Final
from zoneinfo import ZoneInfo

from orchestrator.entrypoints.demo.evidence import Evidence
from orchestrator.entrypoints.demo.people import (
    EXTENDED,
    FORGED,
    PEOPLE,
    REFUSED,
    REVIEWED,
    Person,
)
from orchestrator.entrypoints.demo.proving_decided import retained_by, ruling_of
from orchestrator.entrypoints.demo.words import listed
from schemas.case_events import CaseOpened, NoticeReady
from schemas.receipts import Receipt
from schemas.rejections import RejectionCode

_FORGED: Final[Mapping[str, str]] = {
    RejectionCode.UNKNOWN_KEY: "a request signed with another key",
    RejectionCode.BAD_SIGNATURE: "a request that was altered on its way",
}

Told = tuple[str, str]  # about whom, and what


def decisions(seen: Evidence) -> Iterator[Told]:
    """Tell each decision with its reason and its dates."""
    yield from _approved(seen)
    yield from _refused(seen)
    yield from _extended(seen)
    for person in PEOPLE:
        receipt = seen.receipt_of(person)
        yield from ((person.name, said) for said in _kept(receipt))
    for line in seen.quarantined:
        how = _FORGED.get(line.code, "a request")
        yield FORGED.name, f"{how} was quarantined: {line.code}"


def _approved(seen: Evidence) -> Iterator[Told]:
    ruling = ruling_of(REVIEWED, "approved", seen)
    if ruling is not None:
        said = f"held for review, approved by {listed(ruling.by)}, then erased"
        yield REVIEWED.name, said


def _refused(seen: Evidence) -> Iterator[Told]:
    ruling, opened = ruling_of(REFUSED, "refused", seen), _opened(REFUSED, seen)
    receipt = seen.receipt_of(REFUSED)
    if ruling is not None and receipt is not None and opened is not None:
        by = _day(opened.due_at, receipt)
        said = (
            f"refused by {listed(ruling.by)}: {ruling.reason}, {ruling.provision};"
            f" notice refusal, send by {by}"
        )
        yield REFUSED.name, said


def _extended(seen: Evidence) -> Iterator[Told]:
    receipt, opened = seen.receipt_of(EXTENDED), _opened(EXTENDED, seen)
    for notice in seen.told_of(EXTENDED, NoticeReady):
        if receipt is not None and opened is not None:
            was, now, by = (
                _day(at, receipt)
                for at in (opened.due_at, notice.due_at, notice.send_by)
            )
            said = (
                f"extended ({notice.reason}): was due {was}, now {now};"
                f" notice {notice.kind}, send by {by}"
            )
            yield EXTENDED.name, said


def _kept(receipt: Receipt | None) -> Sequence[str]:
    """Say of each kept class until when, and by which statute; each once."""
    lines = [] if receipt is None else retained_by(receipt)
    said = (
        f"{kept.record_class} kept until {kept.until}: {kept.statute}"
        for _, kept in lines
    )
    return list(dict.fromkeys(said))


def _opened(person: Person, seen: Evidence) -> CaseOpened | None:
    """Return what the portal was told when somebody's case was opened."""
    return next(iter(seen.told_of(person, CaseOpened)), None)


def _day(at: datetime, receipt: Receipt) -> date:
    """Return the local day that the law counts by."""
    return at.astimezone(ZoneInfo(receipt.due.time_zone)).date()
