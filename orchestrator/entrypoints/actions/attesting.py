"""
Take a person's word that manual work is done, with the file that bears it out.

The file is sealed and stored first, under a key that does not exist yet; the key, the
word and the copy's rows become durable in one transaction.  A process that dies before
leaves an unfinished artifact that nobody can open, and the sweep removes it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from hashlib import sha256
from pathlib import Path
from typing import cast

from orchestrator.adapters.cases.riding import EVIDENCE
from orchestrator.adapters.copies.packing import ZipPacking
from orchestrator.adapters.reading.queries import Queries
from orchestrator.adapters.reading.views import EvidenceLine
from orchestrator.adapters.vault.sealed_chunks import open_chunks
from orchestrator.bootstrap.installation import Installation
from orchestrator.core.cases import Case, Task
from orchestrator.core.events import Attested, EvidenceOpened, PersonAttested
from orchestrator.engine import Step
from orchestrator.entrypoints.actions.copies import unfinished
from orchestrator.entrypoints.actions.locked_away import refuse_if_locked
from orchestrator.entrypoints.actions.manual_work import (
    check_assignee,
    handed_over,
    known_of,
)
from orchestrator.entrypoints.actions.rulings import where_it_stands
from orchestrator.entrypoints.printing.copied_rows import pieces_of, rows_of
from orchestrator.entrypoints.printing.others_in_rows import Theirs
from orchestrator.errors import NotPossible
from orchestrator.ports import Artifact, FinishArtifact, Write
from schemas.connecting import Action, Provenance, Row

MOST_EVIDENCE = 25 * 1024 * 1024
MOST_COPY = 256 * 1024 * 1024
KEPT_FOR = timedelta(days=365)  # where the register no longer says

_CATEGORY = "records"
_DONE: Mapping[Action, Attested] = {
    Action.ERASE: "done",
    Action.EXPORT: "exported",
    Action.NOTIFY: "notified",
}


@dataclass(frozen=True, slots=True)
class Word:
    """What a person says of the work, and the files that they bring."""

    by: str
    evidence: Path
    copy: Path | None = None
    nothing_found: bool = False
    contains_others: bool = False  # they looked: it belongs in the copy all the same


@dataclass(frozen=True, slots=True)
class AttestedWork:
    """What was stored of a person's word."""

    outcome: str
    sha256: str
    rows: int


class Attesting:
    """Attests manual work, and hands its evidence out again."""

    def __init__(self, installation: Installation) -> None:
        """Keep the parts; nothing is opened yet."""
        self._parts = installation
        self._queries = Queries(installation.database)
        self._packing = ZipPacking()

    def attest(self, id_: str, word: Word) -> AttestedWork:
        """End manual work by a person's *word*; raises `NotPossible`."""
        case, task, handover = handed_over(self._queries, id_)
        check_assignee(handover, word.by, id_, "attests it")
        outcome = _outcome(task, word)
        digest, writes = self._evidence(case, task, word.evidence)
        rows = 0
        if word.copy is not None:
            copied = self._copy(case, task, word)
            rows, writes = copied.rows, (*writes, FinishArtifact(copied))
        event = PersonAttested(
            self._parts.clock.now(), task.id, outcome, digest, word.by, rows
        )
        (applied,) = self._parts.engine.apply([Step(case.id, event, tuple(writes))])
        if not applied:
            raise NotPossible(f"This changes nothing: {where_it_stands(task)}.")
        return AttestedWork(outcome, digest, rows)

    def evidence(self, id_: str) -> tuple[EvidenceLine, ...]:
        """Return the evidence that is still kept for a task."""
        _, task = self._queries.task(id_)
        return tuple(self._parts.evidence.of_task(task.id))

    def take_out(self, id_: str, out: Path, by: str) -> EvidenceLine:
        """Write a task's newest evidence to *out*, mode 0600, and note who took it."""
        case, task = self._queries.task(id_)
        kept = self._parts.evidence.of_task(task.id)
        if not kept:
            raise NotPossible(
                "No evidence is kept for this task: none was brought, or its time is"
                " over and it was shredded."
            )
        newest = kept[-1]
        event = EvidenceOpened(self._parts.clock.now(), task.id, by)
        with unfinished(out, "--out") as file:
            for plain in self._opened(newest.id):
                file.write(plain)
            # Whole, and not yet under its name: nobody has it before it is noted.
            (applied,) = self._parts.engine.apply([Step(case.id, event)])
            if not applied:
                raise NotPossible("It was taken out this very moment; try again.")
        return newest

    def _opened(self, artifact: str) -> Iterable[bytes]:
        """Decrypt one file of evidence."""
        key = self._parts.vault.open([artifact], EVIDENCE, []).keys.get(artifact)
        if key is None:
            raise NotPossible("The evidence's time is over and it was shredded.")
        return open_chunks(key, artifact, self._parts.artifacts.get(artifact))

    def _evidence(
        self, case: Case, task: Task, path: Path
    ) -> tuple[str, tuple[Write, ...]]:
        """Store a file of evidence, sealed; the writes make it whole."""
        now = self._parts.clock.now()
        artifact = self._artifact(case, task, EVIDENCE)
        opened, put_key = self._parts.vault.new_owner(
            artifact.id, EVIDENCE, now + self._kept_for(task)
        )
        digest = sha256()

        def hashed() -> Iterable[bytes]:
            for piece in pieces_of(path, MOST_EVIDENCE, "--evidence"):
                digest.update(piece)
                yield piece

        self._store(artifact, opened.keys[artifact.id], hashed())
        finished = _finished(artifact, sha256=digest.hexdigest())
        return digest.hexdigest(), (put_key, FinishArtifact(finished))

    def _copy(self, case: Case, task: Task, word: Word) -> Artifact:
        """Store a copy for the person's package: its rows, or the file as it is."""
        refuse_if_locked(case, "No copy can be added")
        key = self._parts.vault.open([case.id], "export", []).keys.get(case.id)
        if key is None:
            raise NotPossible("The copy of this case was given up; nothing is added.")
        path = cast("Path", word.copy)
        rows = rows_of(path, MOST_COPY)
        if rows is None:
            artifact = self._artifact(case, task, "file")
            head = self._packing.head(path.suffix.lower().removeprefix("."))
            pieces = pieces_of(path, MOST_COPY, "--copy")
            self._store(artifact, key, _after(head, pieces))
            return _finished(artifact, rows=1)
        if not word.contains_others:
            rows = Theirs(known_of(self._parts.vault, case)).checked(rows)
        artifact = self._artifact(case, task, "rows")
        lines = (
            self._packing.line(Row(_CATEGORY, Provenance.PROVIDED, "", row))
            for row in rows
        )
        count = self._store(artifact, key, lines)
        if not count:
            raise NotPossible("The copy has no rows; write --nothing-found instead.")
        return _finished(artifact, rows=count)

    def _store(self, artifact: Artifact, key: object, pieces: Iterable[bytes]) -> int:
        """Seal and store a stream, chunk by chunk; returns how many pieces it had."""
        self._parts.artifacts.begin(artifact, self._parts.clock.now())

        def put(seq: int, sealed: bytes) -> None:
            self._parts.artifacts.put(artifact.id, seq, sealed)

        sealer = self._packing.sealer(key, artifact.id, put)
        count = 0
        for piece in pieces:
            sealer.write(piece)
            count += 1
        sealer.close()
        return count

    def _artifact(self, case: Case, task: Task, kind: str) -> Artifact:
        """Name a new artifact."""
        new_id = self._parts.clock.new_id("a")
        return Artifact(new_id, case.id, kind, task.account, task.id, 0, None)

    def _kept_for(self, task: Task) -> timedelta:
        """Return how long the register wants evidence kept."""
        entry = self._parts.register.accounts.get(task.account)
        kept: object = getattr(entry and entry.options, "keep_evidence", None)
        return kept if isinstance(kept, timedelta) else KEPT_FOR


def _outcome(task: Task, word: Word) -> Attested:
    """Return what the word means for this task; raises `NotPossible`."""
    if word.copy is not None and task.action is not Action.EXPORT:
        raise NotPossible("Only a copy is brought with --copy; this is no copy.")
    if word.copy is not None and word.nothing_found:
        raise NotPossible("Write either --copy FILE or --nothing-found.")
    if word.nothing_found and task.action is Action.NOTIFY:
        raise NotPossible("A notice is given or not; close the task with its reason.")
    if word.nothing_found:
        return "nothing_found"
    if task.action is Action.EXPORT and word.copy is None:
        raise NotPossible("Bring the copy with --copy FILE, or write --nothing-found.")
    return _DONE[task.action]


def _finished(
    artifact: Artifact, *, rows: int = 0, sha256: str | None = None
) -> Artifact:
    """Return the artifact as it is when it is whole."""
    return Artifact(
        artifact.id,
        artifact.case,
        artifact.kind,
        artifact.account,
        artifact.task,
        rows,
        sha256,
    )


def _after(head: bytes, pieces: Iterable[bytes]) -> Iterable[bytes]:
    """Yield *head*, then *pieces*."""
    yield head
    yield from pieces
