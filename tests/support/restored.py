"""An installation that was restored from a backup, for tests."""

from __future__ import annotations

import json
import sqlite3
import subprocess
import sys
from pathlib import Path
from signal import SIGKILL

from schemas.receipts import RECEIPT_SEALED
from schemas.topics import RECEIPTS
from tests.support.command import Ran, erasure
from tests.support.installation import ROOT
from tests.support.patience import PATIENCE
from tests.support.people import Human, a_submission, settle_in
from tests.support.postgres import copy_database
from tests.support.site import Site

# What the backup was made after: nothing was read yet, or cases are open.
MOMENTS = {
    "before_cases": "before commit: INSERT INTO cases #1",
    "with_open_cases": "after commit: INSERT INTO calls #1",
    "before_answers": "before commit: INSERT INTO statements #1",
}
ERASES = {"hubspot": "gdpr_delete", "commercetools": "erase_customers"}


_MAIN = "from orchestrator.entrypoints.cli import main; main()"


class Restored:
    """An installation that answered two people, and then lost that to a backup."""

    def __init__(
        self, site: Site, people: list[Human], moment: str, *, has_file: bool = True
    ) -> None:
        """Without a file named, the embedded log keeps its heads beside the keys."""
        self.site, self.people = site, people
        self._elsewhere = site.folder / "elsewhere"
        self.archive = self._elsewhere / "archive"
        self.archive.mkdir(parents=True)
        keys = Path(site.env["ERASURE_KEYS_DIR"])
        self.file = (self._elsewhere if has_file else keys) / "checkpoints.jsonl"
        if has_file:
            site.env["ERASURE_CHECKPOINT_FILE"] = str(self.file)
        settle_in(site.fakes, people)
        asking = people[:2]
        site.publish(*(a_submission(human) for human in asking))
        assert site.start(KILL_AT=moment).wait() == -SIGKILL
        backup = self._backup()
        site.run_until_over(len(asking))
        self.receipts = site.receipts()
        self._keep_receipts()
        self.acted = {name: self._acted(name) for name in ERASES}
        self._restore(backup)

    def __call__(self, *args: object, **env: str) -> Ran:
        """Run `erasure` on the restored installation."""
        return erasure(*args, env={**self.site.env, **env})

    def run(self) -> tuple[int, str]:
        """Start `erasure run`, which is to end by itself; returns what it said."""
        ran = subprocess.run(
            [sys.executable, "-c", _MAIN, "run"],
            env={**self.site.env, "PYTHONPATH": str(ROOT)},
            capture_output=True,
            text=True,
            timeout=PATIENCE,
            check=False,
        )
        return ran.returncode, ran.stderr

    def erased_since(self) -> set[int]:
        """Return how many people each processor has erased since the restore."""
        return {self._acted(name) - before for name, before in self.acted.items()}

    def searches_are_over(self) -> bool:
        """Tell whether everybody who is known was searched for everywhere."""
        open_ones = "SELECT count(*) FROM tasks WHERE action = 'locate'"
        is_open = " AND status <> 'settled'"
        known = self.site.count("SELECT count(*) FROM cases")
        return known >= len(self.people) and not self.site.count(open_ones + is_open)

    def told_since(self) -> set[str]:
        """Return what the installation says of its own log, in its process log."""
        lines = map(json.loads, self.site.log.read_text().splitlines())
        return {line["event"] for line in lines}

    def _acted(self, name: str) -> int:
        return self.site.fakes[name].acted[ERASES[name]]

    def _keep_receipts(self) -> None:
        """Keep what the topic brings, as the archive does."""
        for headers, value in self.site.published(RECEIPTS):
            if headers["ce_type"] == RECEIPT_SEALED:
                name = f"{headers['ce_id']}.dsse.json"
                (self.archive / name).write_bytes(value)

    def _backup(self) -> str:
        """Make a backup as the database's own tools do; returns its address."""
        if not self.site.backend.is_embedded:
            self.site.leave_database()
            return copy_database(self.site.backend.database_url)
        backup = self._elsewhere / "backup.db"
        self._copy(Path(str(self.site.database.url.database)), backup)
        return str(backup)

    def _restore(self, backup: str) -> None:
        """Put the backup in the place of the database."""
        if not self.site.backend.is_embedded:
            self.site.move_to(backup)
            return
        path = Path(str(self.site.database.url.database))
        self.site.leave_database()
        self._copy(Path(backup), path)

    @staticmethod
    def _copy(source: Path, target: Path) -> None:
        """Copy a database as `.backup` does, with nothing left of what was there."""
        for path in target.parent.glob(f"{target.name}*"):
            path.unlink()
        old, new = sqlite3.connect(source), sqlite3.connect(target)
        old.backup(new)
        old.close()
        new.close()
