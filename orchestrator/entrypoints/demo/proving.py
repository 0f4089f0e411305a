"""
The facts that the demo claims, each looked up afresh: the exit status hangs on them.

None of them believes our own database: receipts are verified with the public key, the
processors are asked what they hold, and the files of the database are read as bytes.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from orchestrator.bootstrap.installation import Installation
from orchestrator.core.cases import Case
from orchestrator.entrypoints.demo.evidence import Evidence, Fact
from orchestrator.entrypoints.demo.fakes import DESKS, TOLD
from orchestrator.entrypoints.demo.folder import Folder
from orchestrator.entrypoints.demo.forgotten import forgotten, still_sealed
from orchestrator.entrypoints.demo.holdings import Place
from orchestrator.entrypoints.demo.logged import logged
from orchestrator.entrypoints.demo.people import (
    KEPT_BY_LAW,
    PEOPLE,
    REFUSED,
    Person,
)
from orchestrator.entrypoints.demo.processors import Processors
from orchestrator.entrypoints.demo.proving_decided import decided, misquoted
from orchestrator.entrypoints.demo.proving_others import attested, graded, told
from orchestrator.entrypoints.demo.systems import TITLES
from orchestrator.entrypoints.demo.words import listed
from schemas.receipts import Receipt


def facts_of(
    installation: Installation, folder: Folder, processors: Processors, seen: Evidence
) -> Iterator[Fact]:
    """Look every claim up, in the order in which they are shown."""
    yield _answered(seen)
    yield _disturbed(processors, seen)
    yield _signed(seen)
    yield from _signed_for_openssl(seen)
    yield logged(installation, folder, seen)
    yield _copied(processors, seen)
    yield _gone(processors, seen)
    yield _kept(processors, folder, seen)
    yield _untouched(processors, seen)
    yield from decided(processors, folder, seen)
    if TOLD in processors.accounts:
        yield told(processors, seen)
    if DESKS.intersection(processors.accounts):
        lines = [
            line
            for one in seen.receipts
            if seen.people.get(one.receipt.request_id) is not REFUSED
            for line in one.receipt.lines
        ]
        yield attested(folder, lines)
        yield graded(processors.accounts, lines)
    yield forgotten(installation, folder, processors, seen)
    yield still_sealed(installation)


# --- the cases --------------------------------------------------------------------


def _answered(seen: Evidence) -> Fact:
    """Hold every receipt to be final, in time and without an open line."""
    receipts = {one.receipt.request_id: one.receipt for one in seen.receipts}
    against = []
    for request, person in seen.people.items():
        receipt = receipts.get(request)
        if receipt is None:
            against.append(f"{person.name}: {_missing(seen.cases.get(request))}")
        elif receipt.kind != "final" or not _is_expected(receipt, person):
            against.append(f"{person.name}: {receipt.kind}, {receipt.result}")
        elif (receipt.times.answered_at or receipt.due.due_at) >= receipt.due.due_at:
            against.append(f"{person.name}: answered too late")
    count = len(seen.people)
    return Fact(
        f"Answered long before they are due: all {count} requests, one by a refusal.",
        against,
    )


def _is_expected(receipt: Receipt, person: Person) -> bool:
    """Tell whether a case ended in full, or for one person by a refusal."""
    if person is REFUSED:
        return receipt.result == "refused"
    return receipt.result in {"complete", "complete_with_retention"}


def _missing(case: Case | None) -> str:
    """Say why there is no receipt: which accounts keep the case open."""
    if case is None:
        return "no case was opened"
    open_ = [task for task in case.all_tasks.values() if not task.is_settled]
    waits = [f"{TITLES[t.account]} {t.action}: {t.reason or t.status}" for t in open_]
    return "not answered (" + ("; ".join(waits) or "waits for its signature") + ")"


def _disturbed(processors: Processors, seen: Evidence) -> Fact:
    names = listed(TITLES[name] for name in processors.disturbed)
    against = [f"{TITLES[name]} was never asked" for name in seen.undisturbed]
    return Fact(f"Overcome: {names} misbehaved as planned.", against)


def _signed(seen: Evidence) -> Fact:
    """Each case has one receipt, which our verifier takes."""
    against = [
        f"{one.files.envelope.name}: {one.refusal}"
        for one in seen.receipts
        if one.refusal is not None
    ]
    wanted, there = set(seen.people), [it.receipt.request_id for it in seen.receipts]
    if sorted(there) != sorted(wanted):
        against.append(f"{len(there)} receipts for {len(wanted)} requests")
    return Fact(
        f"Genuine: all {len(wanted)} receipts verify with the public key.", against
    )


def _signed_for_openssl(seen: Evidence) -> Iterator[Fact]:
    """Give the same as a program says that is not ours; nothing where it is absent."""
    judged = [one for one in seen.receipts if one.by_openssl is not None]
    refused = [one.files.pae.name for one in judged if not one.by_openssl]
    if judged:
        yield Fact(
            "openssl, which knows nothing of this program, says the same.", refused
        )


def _copied(processors: Processors, seen: Evidence) -> Fact:
    """Each copy is the one its receipt names, whole, and about one person only."""
    promised = {
        it.receipt.request_id: it.receipt.export.sha256
        for it in seen.receipts
        if it.receipt.export is not None
    }
    against = []
    for copy in seen.copies:
        person = seen.people[copy.request]
        if copy.digest != promised.get(copy.request) or not copy.is_whole:
            against.append(f"{copy.path.name} is not what its receipt says")
        if person.email not in copy.text:
            against.append(f"{copy.path.name} lacks {person.name}'s own data")
        strangers = [it for it in PEOPLE if it is not person]
        against += [
            f"{copy.path.name} holds data of {stranger.name}"
            for stranger in strangers
            if any(
                value in copy.text
                for value in (stranger.email, *stranger.names_at(processors.accounts))
            )
        ]
    if len(seen.copies) != len(promised) or not promised:
        against.append(f"{len(seen.copies)} copies, {len(promised)} in receipts")
    count = len(seen.copies)
    return Fact(f"Whole, and about one person each: all {count} copies.", against)


# --- the processors ---------------------------------------------------------------


def must_be_kept(place: Place, owner: Person) -> bool:
    """Tell whether a law keeps a record of somebody who wants to be erased."""
    return owner.is_erased and owner.is_kept_by_law and place[1] in KEPT_BY_LAW


def _gone(processors: Processors, seen: Evidence) -> Fact:
    """Nothing is left of the erased people but what a law keeps."""
    erased = {it.name: 0 for it in PEOPLE if it.is_erased}
    against = []
    for place, owner in processors.owners.items():
        if owner.is_erased and not must_be_kept(place, owner):
            erased[owner.name] += 1
            if place in seen.held:
                against.append(f"{_named(place)} of {owner.name} is still there")
    new = [place for place in seen.held if place not in processors.before]
    against += [f"{_named(place)} was not there before" for place in new]
    return Fact(
        f"Gone: all {sum(erased.values())} records of {listed(erased)}, but for what a"
        " law keeps.",
        against,
    )


def _kept(processors: Processors, folder: Folder, seen: Evidence) -> Fact:
    """Hold what a law keeps to be there, and in the receipt as the rule wants it."""
    places = [at for at, owner in processors.owners.items() if must_be_kept(at, owner)]
    against = _changed(processors, seen, places)
    for place in places:
        owner = processors.owners[place]
        classes = {
            kept.record_class
            for one in seen.receipts
            if seen.people.get(one.receipt.request_id) is owner
            for line in one.receipt.lines
            for kept in line.retained
        }
        if KEPT_BY_LAW[place[1]] not in classes:
            against.append(f"{owner.name}'s receipt does not say what is kept")
    against += misquoted(folder, [one.receipt for one in seen.receipts])
    return Fact(f"Kept, because a law demands it: {_counted(places)}.", against)


def _untouched(processors: Processors, seen: Evidence) -> Fact:
    """Whoever did not ask for erasure is held exactly as before."""
    places = [at for at, owner in processors.owners.items() if not owner.is_erased]
    against = _changed(processors, seen, places)
    others = sum(not person.is_erased for person in PEOPLE)
    return Fact(
        f"Untouched: all {len(places)} records of the {others} others, their namesakes"
        " among them.",
        against,
    )


def _changed(
    processors: Processors, seen: Evidence, places: Sequence[Place]
) -> list[str]:
    return [
        f"{_named(at)} of {processors.owners[at].name} was changed or is missing"
        for at in places
        if seen.held.get(at) != processors.before[at]
    ]


def _named(place: Place) -> str:
    processor, kind, _ = place
    return f"{TITLES[processor]}: one of {kind}"


_KEPT_WORDS: Final = {
    "orders": "order",
    "custom-objects": "invoice",
    "refunds": "refund",
    "refund_lines": "refund lines",
}


def _counted(places: Sequence[Place]) -> str:
    """Name kept records as people call them."""
    kinds = [_KEPT_WORDS[kind] for _, kind, _ in places]
    return listed(f"{kinds.count(it)} {it}" for it in sorted({*kinds}))
