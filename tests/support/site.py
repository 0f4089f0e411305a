"""
An installation under test: real processes, a real database, fakes over real HTTP.

A test publishes requests as the portal would, starts and kills processes, and asks the
database, the event log and the fakes what became of everything.
"""

from __future__ import annotations

import base64
import json
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from signal import SIGUSR1
from typing import Any
from urllib.parse import urlsplit

from sqlalchemy import Row, text

from connectors.fakes.every import Street, every_fake
from connectors.fakes.frame import FakeProcessor
from connectors.fakes.serving import serve
from orchestrator.adapters.kafka import KafkaTopics
from orchestrator.adapters.keys.directory import create_keys
from orchestrator.adapters.sql.database import Database
from orchestrator.adapters.sql.schema import upgrade
from orchestrator.bootstrap.installation import Installation
from orchestrator.ports.event_log import Message
from orchestrator.settings import LogFormat, Settings
from schemas.receipts import RECEIPT_SEALED, Receipt, read_receipt
from schemas.topics import CONFIRMATIONS, RECEIPTS, REQUESTS
from tests.support.kafka_reader import a_reader, ends_of, read_between
from tests.support.nursery import Child, Nursery
from tests.support.patience import PATIENCE
from tests.support.people import SEEDED
from tests.support.processes import tail
from tests.support.publisher import signed
from tests.support.site_register import SECRETS, RegisterText

_POLL_SECONDS = 0.02


@dataclass(frozen=True, slots=True)
class Backend:
    """The database and, if there is one, the Kafka of an installation."""

    database_url: str
    kafka: str = ""

    @property
    def is_embedded(self) -> bool:
        """Tell whether everything is in one SQLite file."""
        return not self.kafka


class Site:
    """One installation; close it at the end of the test."""

    def __init__(
        self,
        folder: Path,
        backend: Backend,
        nursery: Nursery,
        register: RegisterText | None = None,
        fakes: Mapping[str, FakeProcessor] | None = None,
    ) -> None:
        self.folder = folder
        self.backend = backend
        self.log = folder / "process.log"
        self.children: list[Child] = []
        self._nursery = nursery
        self._stack = ExitStack()
        self._begins: dict[str, dict[int, int]] = {}
        known = {name: fake for name, fake in every_fake().items() if name in SEEDED}
        self.fakes = {**known, **(fakes or {})}
        self.url = self._stack.enter_context(serve(Street(self.fakes)))
        keys = folder / "keys"
        keys.mkdir(mode=0o700)
        create_keys(keys)
        self.write_register(register or RegisterText())
        self.env = self._environment()
        upgrade(self.database)
        if not backend.is_embedded:
            self._begin_where_the_log_ends()

    def close(self) -> None:
        """End every process and let go of everything."""
        for child in self.children:
            if child.is_running:
                child.kill()
        self.here.close()
        self.database.close()
        self._stack.close()

    # --- its parts, as this process sees them -------------------------------------

    @cached_property
    def database(self) -> Database:
        """The same database, opened here."""
        return Database(self.backend.database_url)

    @cached_property
    def here(self) -> Installation:
        """The same installation, made in this process; it runs no stage."""
        return Installation(
            Settings.model_validate(
                {
                    "database_url": self.backend.database_url,
                    "kafka": self.backend.kafka,
                    "register_path": self.folder / "register.toml",
                    "keys_dir": self.folder / "keys",
                    "log_format": LogFormat.JSON,
                }
            )
        )

    def write_register(self, register: RegisterText) -> None:
        """Put another register in place; processes read it at their start."""
        path = self.folder / "register.toml"
        path.write_text(register.at(self.url), encoding="utf-8")

    def another_door(self, register: RegisterText) -> tuple[str, dict[str, str]]:
        """
        Serve the same fakes at a second address.

        Returns the host that requests there name, and the variables of a process that
        uses it: so a test can tell who sent what.
        """
        url = self._stack.enter_context(serve(Street(self.fakes)))
        path = self.folder / "register-2.toml"
        path.write_text(register.at(url), encoding="utf-8")
        return urlsplit(url).netloc, {
            "ERASURE_REGISTER": str(path),
            "ERASURE_INSTANCE": "two",
        }

    def move_to(self, database_url: str) -> None:
        """Go on with another database, as after a restore; nothing may be running."""
        self.leave_database()
        self.backend = replace(self.backend, database_url=database_url)
        self.env["ERASURE_DATABASE_URL"] = database_url

    def leave_database(self) -> None:
        """Close every connection of this process; it opens new ones when it asks."""
        self.here.close()
        self.database.close()
        vars(self).pop("here", None)
        vars(self).pop("database", None)

    # --- processes ------------------------------------------------------------------

    def start(self, **extra: str) -> Child:
        """Start one process with every stage; *extra* variables choose otherwise."""
        child = self._nursery.start({**self.env, **extra}, self.log)
        self.children.append(child)
        return child

    def run_until_over(self, count: int, **extra: str) -> None:
        """Start a process, wait until *count* cases are over, and stop it."""
        child = self.start(**extra)
        self.wait(lambda: self.is_over(count) or not child.is_running)
        assert child.is_running, f"It ended by itself.\n{self.described()}"
        assert child.stop() == 0, tail(self.log)

    def wait_until_over(self, count: int, within: float = PATIENCE) -> None:
        """Wait until *count* cases are answered, told and forgotten."""
        self.wait(lambda: self.is_over(count), within)

    def wait(self, is_so: Callable[[], bool], within: float = PATIENCE) -> None:
        """Wait until *is_so*; fail with what stands in the way."""
        pause = threading.Event()
        until = time.monotonic() + within
        while not is_so():
            if time.monotonic() > until:
                self._ask_for_stacks()
                raise AssertionError(f"Not so after {within} s.\n{self.described()}")
            pause.wait(_POLL_SECONDS)

    # --- the portal and its archive -------------------------------------------------

    def publish(self, *messages: Message) -> None:
        """Sign and publish as the portal would, until all is acknowledged."""
        left = [signed(message) for message in messages]
        while left:
            answers = self.here.publisher.publish(left[:500])
            left = [
                message
                for message, is_there in zip(left, answers, strict=False)
                if not is_there
            ] + left[len(answers) :]

    def published(self, topic: str) -> list[tuple[dict[str, str], bytes]]:
        """Return headers and value of everything in *topic* since the test began."""
        if self.backend.is_embedded:
            consumer = self.here.embedded_log.consumer([topic], lambda _: {})
            return [
                (_texts(record.headers), record.value or b"")
                for batch in iter(lambda: consumer.poll(0), ())
                for record in batch
            ]
        return [
            ({k: v.decode() for k, v in r.headers}, r.value or b"")
            for r in self._kafka_records(topic)
        ]

    def receipts(self) -> dict[str, Receipt]:
        """Return the receipts that reached the archive, by request; one a request."""
        found: dict[str, tuple[str, Receipt]] = {}
        for headers, value in self.published(RECEIPTS):
            if headers["ce_type"] != RECEIPT_SEALED:
                continue
            payload = base64.b64decode(json.loads(value)["payload"])
            receipt = read_receipt(payload)
            known = found.setdefault(receipt.request_id, (headers["ce_id"], receipt))
            # The same message may come twice, but never another final receipt.
            assert known[0] == headers["ce_id"], "two receipts for one request"
        return {request_id: receipt for request_id, (_, receipt) in found.items()}

    # --- what the database says -----------------------------------------------------

    def rows(self, query: str, **values: object) -> Sequence[Row[*tuple[Any, ...]]]:
        """Ask the database."""
        with self.database.reading() as connection:
            return connection.execute(text(query), values).all()

    def execute(self, statement: str, **values: object) -> None:
        """Change the database, as only a test may."""
        with self.database.writing() as connection:
            connection.execute(text(statement), values)

    def count(self, query: str, **values: object) -> int:
        """Return the one number that a query answers."""
        return int(self.rows(query, **values)[0][0])

    def is_over(self, count: int) -> bool:
        """Tell whether *count* cases want nothing more, and all is told."""
        # At one moment: a statement leaves for the outbox when it enters the log.
        ((over, unsent, unlogged),) = self.rows(
            "SELECT (SELECT count(*) FROM cases"
            " WHERE status IN ('answered', 'closed') AND wants IS NULL),"
            " (SELECT count(*) FROM outbox WHERE sent_at IS NULL),"
            " (SELECT count(*) FROM statements WHERE to_log = 1)"
        )
        return int(over) >= count and unsent == unlogged == 0

    def described(self) -> str:
        """Tell where everything stands, for a test that waits in vain."""
        parts = [
            *self.rows("SELECT status, wants, count(*) FROM cases GROUP BY 1, 2"),
            *self.rows(
                "SELECT status, step, account, action, count(*), min(id) FROM tasks"
                " WHERE status <> 'settled' GROUP BY 1, 2, 3, 4"
            ),
            *self.rows("SELECT id, owner, paused_reason, epoch FROM accounts"),
            *self.rows(
                "SELECT topic, count(*) FROM outbox WHERE sent_at IS NULL GROUP BY 1"
            ),
            *self.rows("SELECT code, rule FROM quarantine"),
        ]
        return "\n".join([*map(str, parts), tail(self.log, 120)])

    def _ask_for_stacks(self) -> None:
        """Let each process write into the log where its threads stand."""
        for child in self.children:
            child.signal(SIGUSR1)
        threading.Event().wait(1)

    # --- details --------------------------------------------------------------------

    def _environment(self) -> dict[str, str]:
        own = {
            "ERASURE_DATABASE_URL": self.backend.database_url,
            "ERASURE_REGISTER": str(self.folder / "register.toml"),
            "ERASURE_KEYS_DIR": str(self.folder / "keys"),
            "ERASURE_LOG_FORMAT": "json",
            "ERASURE_SWEEP_EVERY": "100ms",
            "PATH": "/usr/bin:/bin",
        }
        if not self.backend.is_embedded:
            own |= {
                "ERASURE_KAFKA": self.backend.kafka,
                "ERASURE_CONSUMER_GROUP": f"erasure-{self.folder.name}",
                "ERASURE_INSTANCE": "one",
                "ERASURE_LEASE": "1s",
            }
        return {**own, **SECRETS}

    def _begin_where_the_log_ends(self) -> None:
        """Leave out of this installation what other tests said in the same topics."""
        wanted = self.here.wanted_topics
        KafkaTopics(self.here.kafka).create(wanted)
        with a_reader(self.backend.kafka) as reader:
            for topic in wanted:
                self._begins[topic.name] = ends_of(reader, topic.name)
        with self.here.store.transaction() as transaction:
            for name in {REQUESTS, CONFIRMATIONS} & self._begins.keys():
                for partition, end in self._begins[name].items():
                    transaction.lock_offset(name, partition)
                    transaction.move_offset(name, partition, end)

    def _kafka_records(self, topic: str) -> list[Any]:
        """Read a topic from where this test began to where it ends now."""
        with a_reader(self.backend.kafka) as reader:
            return read_between(reader, topic, self._begins[topic])


def _texts(headers: Sequence[tuple[str, bytes]]) -> dict[str, str]:
    """Return headers as text."""
    return {name: value.decode() for name, value in headers}
