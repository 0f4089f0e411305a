"""
Two desks without an API, and the people who work there.

They read their work and attest it by the functions that `erasure task brief` and
`erasure task attest` call; what a person's hands find is in the fakes' filing cabinets.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from connectors.fakes.desk import FakeDesk
from orchestrator.adapters.reading.queries import Queries
from orchestrator.adapters.reading.views import TaskLine
from orchestrator.bootstrap.installation import Installation
from orchestrator.core.cases import TaskStatus
from orchestrator.entrypoints.actions.attesting import Attesting, Word
from orchestrator.entrypoints.actions.manual_work import Brief, ManualWork
from orchestrator.entrypoints.demo.fakes import DESKS
from orchestrator.entrypoints.demo.folder import Folder
from orchestrator.entrypoints.demo.processors import Processors
from schemas.connecting import Action


@dataclass(frozen=True, slots=True)
class Desks:
    """Everybody who works by hand."""

    installation: Installation
    processors: Processors
    folder: Folder

    def turn(self) -> None:
        """Do all work that is with a person."""
        queries = Queries(self.installation.database)
        for desk in DESKS.intersection(self.processors.accounts):
            for line in queries.tasks(needs_human=True, account=desk):
                if line.status == TaskStatus.WITH_PERSON:
                    self._do(queries, line)

    def _do(self, queries: Queries, line: TaskLine) -> None:
        """Read the brief, go to the cabinet, and bring what shows that it is done."""
        _, task = queries.task(line.id)
        if task.handover is None or task.handover.assignee is None:
            return
        by = task.handover.assignee
        brief = ManualWork(self.installation).brief(line.id, by)
        cabinet = self.processors.fakes[line.account]
        assert isinstance(cabinet, FakeDesk)  # noqa: S101
        with TemporaryDirectory(prefix="erasure-demo-") as drawer:
            copy, count = self._work(cabinet, brief, Path(drawer))
            evidence = self._evidence(line, count)
            word = Word(by, evidence, copy, nothing_found=count == 0)
            Attesting(self.installation).attest(line.id, word)

    def _work(
        self, cabinet: FakeDesk, brief: Brief, drawer: Path
    ) -> tuple[Path | None, int]:
        """Copy or shred what the cabinet has; returns the copy, and how much it was."""
        values = [it.value for it in brief.identifiers]
        if brief.action == Action.ERASE:
            return None, cabinet.erased(values)
        rows: Sequence[Any] = cabinet.copied(values)
        if not rows:
            return None, 0
        # Plain, so never in the demo's own folder; gone with the drawer.
        copy = drawer / "copy.json"
        copy.write_text(json.dumps(rows), encoding="utf-8")
        return copy, len(rows)

    def _evidence(self, line: TaskLine, count: int) -> Path:
        """Write what somebody brings to show that it is done; it names nobody."""
        path = self.folder.evidence / f"{line.id}.txt"
        path.parent.mkdir(mode=0o700, exist_ok=True)
        path.write_text(
            f"{line.account}: {line.action}, {count} found, task {line.id}\n",
            encoding="utf-8",
        )
        return path
