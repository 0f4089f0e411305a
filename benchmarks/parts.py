"""The real parts that are measured on, each started for a while and ended by its id."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, cast

from benchmarks.places import Parts, environment, furnish
from orchestrator.adapters.kafka import KafkaSettings, KafkaTopics
from orchestrator.adapters.sql.database import Database
from orchestrator.adapters.sql.schema import upgrade
from schemas.topics import TOPICS
from tests.support.broker import Broker
from tests.support.postgres import Postgres
from tests.support.processes import (
    end,
    free_port,
    is_listening,
    start_on_leash,
    tail,
    wait_until,
)

ROOT = Path(__file__).parents[1]
LONGEST = 240.0  # seconds that one measured process may take

Result = Mapping[str, Any]


class Bench:
    """One furnished place: its parts, and the processes that are measured there."""

    def __init__(self, home: Path, parts: Parts) -> None:
        """Lay out register, keys and an empty database."""
        self.parts = parts
        self.log = home / "log"
        furnish(home, parts)
        self._environment = environment(home, parts)
        self.database = Database(parts.database_url)
        upgrade(self.database)

    def run(self, module: str, *arguments: object) -> Result:
        """Run a module of ours to its end and return what it measured."""
        command = [sys.executable, "-m", f"benchmarks.{module}"]
        with self.log.open("ab") as log:
            done = subprocess.run(  # noqa: S603 (our own modules)
                [*command, *map(str, arguments)],
                check=False,
                cwd=ROOT,
                env=dict(self._environment),
                stdout=subprocess.PIPE,
                stderr=log,
                timeout=LONGEST,
            )
        if done.returncode != 0:
            raise RuntimeError(f"{module} failed.\n{tail(self.log)}")
        return cast("Result", json.loads(done.stdout.splitlines()[-1]))

    def bare(self, what: str, *arguments: object) -> Result:
        """Run the bare loop."""
        return self.run("bare", what, self.parts.stub, *arguments)

    @contextmanager
    def run_command(self) -> Iterator[subprocess.Popen[bytes]]:
        """Start `erasure run`; its log can be read from its stderr."""
        program = "from orchestrator.entrypoints.cli import main; main()"
        process = subprocess.Popen(  # noqa: S603 (our own program)
            [sys.executable, "-c", program, "run"],
            cwd=ROOT,
            env=dict(self._environment),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
        )
        try:
            yield process
        finally:
            end(process)
            if process.stderr is not None:
                process.stderr.close()


@contextmanager
def a_stub() -> Iterator[str]:
    """Start the stub and give its URL."""
    with tempfile.TemporaryDirectory(prefix="erasure-bench-") as home:
        log, port = Path(home) / "stub.log", free_port()
        os.environ["PYTHONPATH"] = str(ROOT)
        stub = start_on_leash([sys.executable, "-m", "benchmarks.stub", str(port)], log)
        try:
            wait_until(lambda: is_listening(port), stub, log)
            yield f"http://127.0.0.1:{port}"
        finally:
            end(stub)


@contextmanager
def embedded(stub: str, connector: str = "bench") -> Iterator[Bench]:
    """Give a place with SQLite and the embedded log."""
    with tempfile.TemporaryDirectory(prefix="erasure-bench-") as home:
        url = f"sqlite:///{home}/erasure.db"
        bench = Bench(Path(home), Parts(stub, url, connector=connector))
        try:
            yield bench
        finally:
            bench.database.close()


@contextmanager
def kafka_and_postgres(stub: str) -> Iterator[Bench]:
    """Start a broker and a server whose commits are durable, and give a place there."""
    broker, postgres = Broker(), Postgres(is_durable=True)
    try:
        broker.start()
        postgres.start()
        KafkaTopics(KafkaSettings(bootstrap=broker.bootstrap)).create(TOPICS)
        url = postgres.new_database()
        with tempfile.TemporaryDirectory(prefix="erasure-bench-") as home:
            bench = Bench(Path(home), Parts(stub, url, broker.bootstrap))
            try:
                yield bench
            finally:
                bench.database.close()
    finally:
        postgres.remove()
        broker.remove()
