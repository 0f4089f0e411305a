"""A small installation, on SQLite by itself: keys, register, database, and cases."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Sequence
from functools import cached_property
from pathlib import Path

from orchestrator.adapters.keys.directory import create_keys
from orchestrator.adapters.sql.schema import upgrade
from orchestrator.bootstrap.installation import Installation
from orchestrator.core.words import AccountId, CaseId
from orchestrator.ports import Claimed, Heard
from orchestrator.ports.event_log import Message
from orchestrator.settings import LogFormat, Settings
from tests.support.command import Ran, erasure
from tests.support.people import Human, a_submission
from tests.support.publisher import PEM, signed
from tests.support.site_register import SECRETS, RegisterText

ROOT = Path(__file__).parents[2]
NOWHERE = "http://127.0.0.1:9"  # the discard port: nobody answers


class AnInstallation:
    """Everything that the command needs; close it at the end of the test."""

    def __init__(
        self,
        folder: Path,
        *,
        url: str = NOWHERE,
        register: RegisterText | None = None,
        database_url: str | None = None,
        kafka: str = "",
    ) -> None:
        self.folder = folder
        self.path = folder / "erasure.db"
        self.database_url = database_url or f"sqlite:///{self.path}"
        self.kafka = kafka
        self.register = folder / "register.toml"
        self.keys = folder / "keys"
        text = (register or RegisterText()).at(url)
        self.register.write_text(text, encoding="utf-8")
        create_keys(self.keys)
        publisher = folder / "publisher.pem"
        publisher.write_bytes(PEM)
        publisher.chmod(0o600)
        self.env = {
            "ERASURE_DATABASE_URL": self.database_url,
            "ERASURE_REGISTER": str(self.register),
            "ERASURE_KEYS_DIR": str(self.keys),
            "ERASURE_LOG_FORMAT": "json",
            "ERASURE_REQUEST_KEY": str(publisher),
            "ERASURE_SWEEP_EVERY": "100ms",
            "PATH": os.defpath,
            **SECRETS,
        }
        if kafka:
            group = f"erasure-{folder.name}"
            self.env |= {"ERASURE_KAFKA": kafka, "ERASURE_CONSUMER_GROUP": group}
        upgrade(self.parts.database)

    def close(self) -> None:
        """Let go of the database."""
        self.parts.close()

    @cached_property
    def parts(self) -> Installation:
        """The same installation, made in this process; it runs no stage."""
        return Installation(
            Settings.model_validate(
                {
                    "database_url": self.database_url,
                    "kafka": self.kafka,
                    "register_path": self.register,
                    "keys_dir": self.keys,
                    "log_format": LogFormat.JSON,
                }
            )
        )

    def __call__(self, *args: object, on_terminal: bool = False, **env: str) -> Ran:
        """Run `erasure` with *args* on this installation."""
        return erasure(*args, env={**self.env, **env}, on_terminal=on_terminal)

    def command(self, *args: object) -> list[str]:
        """Return `erasure` with *args* as a command line."""
        return [sys.executable, "-c", _MAIN, *map(str, args)]

    @property
    def process_env(self) -> dict[str, str]:
        """The environment of a process of this installation."""
        return {**self.env, "PYTHONPATH": str(ROOT)}

    def start(self, *args: object, log: Path | None = None) -> subprocess.Popen[bytes]:
        """Start `erasure` as a process of its own, its output going to *log*."""
        output = (log or self.folder / "process.log").open("ab")
        with output:
            return subprocess.Popen(
                self.command(*args),
                env=self.process_env,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                cwd=self.folder,
            )

    # --- cases --------------------------------------------------------------------

    def publish(self, *messages: Message) -> None:
        """Sign and publish as the portal would."""
        assert all(self.parts.publisher.publish([signed(one) for one in messages]))

    def ingest(self) -> None:
        """Take what was published."""
        self.parts.ingest(self.parts.consumer(), _nobody).turn(0)

    def a_case(self, human: Human, *rights: str, jurisdiction: str = "FR") -> CaseId:
        """Open a case of *human*."""
        self.publish(a_submission(human, *rights, jurisdiction=jurisdiction))
        self.ingest()
        with self.parts.store.transaction() as transaction:
            (known,) = transaction.known_requests({human.request_id}, [])
        return known.case_id

    def claim(self, account: str) -> Sequence[Claimed]:
        """Claim what is ready at *account*, as its worker would."""
        parts, id_ = self.parts, AccountId(account)
        now = parts.clock.now()
        parts.claims.register([id_])
        until = now + parts.settings.lease
        epochs = parts.claims.acquire([id_], "test", now, until, by_force=True)
        if not epochs:
            epochs = {one.id: one.epoch for one in parts.claims.accounts()}
        return parts.claims.claim({id_: 9}, epochs, "test", now, lambda _: [], {})

    def hear(self, account: str, reply: object) -> Claimed:
        """Let *account* answer its one ready task with *reply*."""
        (claimed,) = self.claim(account)
        self.parts.gatherer(_nobody)([Heard(claimed, reply)])
        return claimed

    def hear_any(self, account: str, reply: object) -> None:
        """Let *account* answer all of its ready tasks with *reply*."""
        heard = [Heard(claimed, reply) for claimed in self.claim(account)]
        self.parts.gatherer(_nobody)(heard)


_MAIN = "from orchestrator.entrypoints.cli import main; main()"


def _nobody() -> None:
    """Ring for nobody."""
