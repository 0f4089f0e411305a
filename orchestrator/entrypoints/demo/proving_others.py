"""
The facts that only `erasure demo --all` claims: told, attested, and how well proven.

They go by what recipients and people have in their hands, not by our own database.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from hashlib import sha256
from typing import Final

from orchestrator.entrypoints.demo.evidence import Evidence, Fact
from orchestrator.entrypoints.demo.fakes import TOLD
from orchestrator.entrypoints.demo.folder import Folder
from orchestrator.entrypoints.demo.people import PEOPLE, REFUSED, Person
from orchestrator.entrypoints.demo.processors import Processors
from orchestrator.entrypoints.demo.systems import SYSTEMS, TITLES
from orchestrator.entrypoints.demo.words import GRADES, listed
from schemas.connecting import Action
from schemas.receipts import Line

_BY_HAND: Final = frozenset({Action.ERASE, Action.EXPORT})


def told(processors: Processors, seen: Evidence) -> Fact:
    """Hold the recipient to have one notice of each erased person, all in hashes."""
    notices: Mapping[str, Mapping[str, Sequence[Mapping[str, str]]]]
    notices = processors.state(TOLD)["notices"]
    named = [{it["value"] for it in one["identifiers"]} for one in notices.values()]
    erased = [person for person in PEOPLE if person.is_erased]
    against = []
    for person in erased:
        count = sum(_hashed(person.email) in values for values in named)
        if count != 1:
            against.append(f"{person.name}: {count} notices at {TITLES[TOLD]}")
    known = {_hashed(value) for person in erased for value in _given(person)}
    if any(values - known for values in named):
        against.append("a notice names somebody else, or nobody by a hash")
    against += [
        f"a receipt says {line.outcome} of {TITLES[TOLD]}"
        for one in seen.receipts
        if seen.people.get(one.receipt.request_id) is not REFUSED
        for line in one.receipt.lines
        if line.account == TOLD
        if line.outcome != "notified" or not line.answer_sha256
    ]
    return Fact(
        f"Told: {TITLES[TOLD]}, which decides for itself, has one signed notice about"
        f" each of {listed(it.name for it in erased)}, in hashes, and no other.",
        against,
    )


def attested(folder: Folder, lines: Sequence[Line]) -> Fact:
    """Hold each line of work by hand to carry the digest of the file brought for it."""
    brought = {
        sha256(path.read_bytes()).hexdigest() for path in folder.evidence.glob("*.txt")
    }
    by_hand = [
        line
        for line in lines
        if line.action in _BY_HAND and SYSTEMS[line.account].connector == "manual"
    ]
    against = [
        f"{TITLES[line.account]}: a line of the receipt has no file behind it"
        for line in by_hand
        if line.evidence_sha256 not in brought
    ]
    if len(by_hand) != len(brought):
        against.append(f"{len(brought)} files for {len(by_hand)} lines")
    return Fact(
        f"Attested: behind each of {len(by_hand)} pieces of work by hand is the file"
        " that the receipt names.",
        against,
    )


def graded(accounts: Sequence[str], lines: Sequence[Line]) -> Fact:
    """Hold each erasure to be proven as well as its system allows, and no better."""
    graded_: dict[str, list[str]] = {grade: [] for grade in GRADES}
    for account in accounts:
        graded_[SYSTEMS[account].best].append(TITLES[account])
    reached = {
        (line.account, line.evidence)
        for line in lines
        if line.outcome in {"done", "notified"}
    }
    against = [
        f"{TITLES[account]}: {evidence or 'no grade'}, not {SYSTEMS[account].best}"
        for account, evidence in sorted(reached, key=str)
        if evidence != SYSTEMS[account].best
    ]
    missing = {*accounts} - {account for account, _ in reached}
    against += [f"{TITLES[account]}: nothing was done" for account in sorted(missing)]
    said = "; ".join(f"{grade} {', '.join(it)}" for grade, it in graded_.items() if it)
    return Fact(f"Proven as well as each system allows: {said}.", against)


def _given(person: Person) -> Sequence[str]:
    given = (person.email, person.phone, person.customer_id)
    return [value for value in given if value]


def _hashed(value: str) -> str:
    return sha256(value.encode()).hexdigest()
