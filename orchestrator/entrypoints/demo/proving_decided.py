"""
The facts about what people decided, what laws keep, and who is not heard.

They go by signed receipts, by what the portal was told, by what the systems hold, and
by the register as a file; only why a forgery was set aside is our own word.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Sequence
from typing import Any, Final

from orchestrator.adapters.intake.quarantine import WAITING
from orchestrator.entrypoints.demo.evidence import Evidence, Fact
from orchestrator.entrypoints.demo.folder import Folder
from orchestrator.entrypoints.demo.forging import CODES
from orchestrator.entrypoints.demo.holdings import Place
from orchestrator.entrypoints.demo.office import GROUND, NOTICE
from orchestrator.entrypoints.demo.people import (
    EXTENDED,
    FORGED,
    REFUSED,
    REVIEWED,
    Person,
)
from orchestrator.entrypoints.demo.processors import Processors
from orchestrator.entrypoints.demo.records import BOUGHT_AGO
from orchestrator.entrypoints.demo.words import listed
from schemas.case_events import (
    CaseHeld,
    CaseOpened,
    CaseRefused,
    CaseReleased,
    NoticeReady,
    RequestRejected,
)
from schemas.connecting import Action
from schemas.decided import Ruled
from schemas.receipts import Line, Receipt
from schemas.retained import RetainedClass

REVIEW: Final = "review"
TWO: Final = 2
# Words of the notice for the remedies of Art 12(4) GDPR: a complaint, and the court.
_REMEDIES: Final = ("complaint", "court")


def decided(processors: Processors, folder: Folder, seen: Evidence) -> Iterator[Fact]:
    """Look up what was decided, before anything was done."""
    yield reviewed(processors, seen)
    yield refused(processors, folder, seen)
    yield extended(seen)
    yield turned_away(processors, seen)


# --- review, refusal, extension ---------------------------------------------------


def reviewed(processors: Processors, seen: Evidence) -> Fact:
    """Hold everything to have been there until two people had approved."""
    who = REVIEWED.name
    against = _not_held_first(REVIEWED, seen)
    ruling, receipt = ruling_of(REVIEWED, "approved", seen), seen.receipt_of(REVIEWED)
    if ruling is None or receipt is None:
        return Fact(_REVIEWED, [*against, "no receipt says that it was approved"])
    if len({*ruling.by}) < TWO:
        against.append("one person alone approved it")
    if any(
        line.action == Action.ERASE and line.asked_at and line.asked_at < ruling.at
        for line in receipt.lines
    ):
        against.append("a system was asked to erase before that")
    places = _places_of(REVIEWED, processors)
    if not all(seen.before_approval.get(at) == processors.before[at] for at in places):
        against.append(f"a record of {who} was gone before that")
    return Fact(_REVIEWED, against)


_REVIEWED: Final = (
    f"Reviewed: all records of {REVIEWED.name} were there until two people had"
    " approved."
)


def refused(processors: Processors, folder: Folder, seen: Evidence) -> Fact:
    """Hold the refusal to its ground, its notice, and to records that are untouched."""
    against = _not_held_first(REFUSED, seen)
    ruling, receipt = ruling_of(REFUSED, "refused", seen), seen.receipt_of(REFUSED)
    if ruling is None or receipt is None or receipt.result != "refused":
        against.append("no receipt says that it was refused")
    elif ruling.reason != GROUND or not ruling.provision or len({*ruling.by}) < TWO:
        against.append("its receipt lacks the ground, the provision or who decided")
    told = seen.told_of(REFUSED, CaseRefused)
    if [one.ground for one in told] != [GROUND]:
        against.append("the portal was not told to give the reasons")
    notice = folder.notices / NOTICE
    text = notice.read_text(encoding="utf-8") if notice.is_file() else ""
    wanted = [*_REMEDIES, *(one.provision for one in told)]
    against += [f"the notice does not say {it}" for it in wanted if it not in text]
    against += _touched(REFUSED, processors, seen)
    return Fact(
        f"Refused: {REFUSED.name} learns why and of complaint and court, and nothing"
        " of hers was touched.",
        against,
    )


def extended(seen: Evidence) -> Fact:
    """Hold the deadline to have moved once, by a notice that leaves before it."""
    receipt = seen.receipt_of(EXTENDED)
    opened = seen.told_of(EXTENDED, CaseOpened)
    notices = seen.told_of(EXTENDED, NoticeReady)
    against = []
    if receipt is None or len(opened) != 1 or len(notices) != 1:
        against.append("the portal was told of no notice, or of more than one")
    else:
        (first,), (notice,) = opened, notices
        due = receipt.due
        if notice.kind != "extension" or not first.due_at < notice.due_at:
            against.append("the due date did not move")
        if notice.send_by > first.due_at:
            against.append("the notice may leave after the first due date")
        if due.due_at != notice.due_at or due.extended_because != notice.reason:
            against.append("the receipt says something else")
        if due.extended_at is None or due.extended_at >= first.due_at:
            against.append("it was extended after the first due date")
    return Fact(
        f"Extended: {EXTENDED.name}'s request, once, before it was first due, with"
        " reason and notice.",
        against,
    )


def ruling_of(person: Person, kind: str, seen: Evidence) -> Ruled | None:
    """Return what a receipt says was decided about somebody."""
    receipt = seen.receipt_of(person)
    rulings = (receipt.rulings or ()) if receipt else ()
    return next((one for one in rulings if one.kind == kind), None)


def _not_held_first(person: Person, seen: Evidence) -> list[str]:
    """Say so if the portal was not told that a person decides first, and did."""
    held = [one for one in seen.told_of(person, CaseHeld) if one.reason == REVIEW]
    ended = [one for one in seen.told_of(person, CaseReleased) if one.reason == REVIEW]
    is_told = len(held) == len(ended) == 1
    return [] if is_told else [f"{person.name}'s request was not held for review"]


# --- laws -------------------------------------------------------------------------


def retained_by(receipt: Receipt) -> Sequence[tuple[Line, RetainedClass]]:
    """Return what a receipt says is kept, and where."""
    return [(line, kept) for line in receipt.lines for kept in line.retained]


def misquoted(folder: Folder, receipts: Sequence[Receipt]) -> list[str]:
    """Name what a receipt keeps otherwise than the register's rule says."""
    register = tomllib.loads(folder.register.read_text(encoding="utf-8"))
    rules: dict[str, Any] = {it["id"]: it for it in register["retention"]}
    against = []
    for receipt in receipts:
        bought = receipt.times.opened_at - BOUGHT_AGO
        for _, kept in retained_by(receipt):
            rule = rules[kept.rule]
            if kept.statute != rule["statute"]:
                against.append(f"{kept.record_class}: the statute is another one")
            ends = (kept.until.month, kept.until.day)
            is_whole_year = not rule["from_end_of_year"] or ends == (12, 31)
            if kept.until.year != bought.year + rule["years"] or not is_whole_year:
                against.append(f"{kept.record_class}: kept until {kept.until}")
    return against


# --- forgeries --------------------------------------------------------------------


def turned_away(processors: Processors, seen: Evidence) -> Fact:
    """Hold what nobody of ours sent to be set aside, answered by nothing."""
    codes = sorted(line.code for line in seen.quarantined if line.state == WAITING)
    against = []
    if codes != sorted(CODES):
        against.append(f"quarantined: {listed(codes) if codes else 'nothing'}")
    forged = {one.request for one in seen.forgeries}
    if any(one.request_id in forged for one in seen.events):
        against.append("the portal was told of a forged request")
    opened = {one.request_id for one in seen.events if isinstance(one, CaseOpened)}
    if opened != seen.people.keys():
        against.append(f"{len(opened)} cases for {len(seen.people)} requests")
    if any(isinstance(one, RequestRejected) for one in seen.events):
        against.append("a forger was answered")
    against += _touched(FORGED, processors, seen)
    return Fact(
        f"Turned away: {len(seen.forgeries)} forged requests opened nothing, and"
        f" nothing of {FORGED.name} was touched.",
        against,
    )


def _touched(person: Person, processors: Processors, seen: Evidence) -> list[str]:
    """Say so if a record of somebody is not as it was."""
    places = _places_of(person, processors)
    is_as_before = all(seen.held.get(at) == processors.before[at] for at in places)
    return [] if is_as_before else [f"a record of {person.name} was changed or erased"]


def _places_of(person: Person, processors: Processors) -> Sequence[Place]:
    return [at for at, owner in processors.owners.items() if owner is person]
