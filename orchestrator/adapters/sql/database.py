"""
The connection to SQLite or PostgreSQL: its transactions.

SQLite runs in WAL mode with synchronous=FULL and secure_delete, one writer at a time
(`BEGIN IMMEDIATE` behind an in-process lock, so that threads queue instead of polling).

What a thread begins within a writing transaction of its own is part of that one.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from datetime import timedelta
from typing import Any

from sqlalchemy import Connection, Engine, create_engine, event, text
from sqlalchemy.engine import make_url
from sqlalchemy.exc import SQLAlchemyError

from orchestrator.adapters.sql import write_ahead
from orchestrator.adapters.sql.database_errors import translated
from orchestrator.errors import SetUpError

CONNECT_SECONDS = 10
BUSY_TIMEOUT_MS = 30_000
TRUNCATE_TIMEOUT_MS = 200
# A process that stands still within a transaction would else keep its rows for ever.
LONGEST_STANDSTILL = timedelta(seconds=30)


class Database:
    """One database, and the way to begin a transaction on it."""

    def __init__(
        self, url: str, longest_standstill: timedelta = LONGEST_STANDSTILL
    ) -> None:
        """
        Prepare the engine; nothing is opened yet.

        PostgreSQL ends a transaction whose process says nothing for so long (it was
        stopped, or its host vanished), and others get its rows.  SQLite's lock is the
        operating system's, which cannot tell: a stopped process must be killed.
        """
        try:
            self.url = make_url(url)
            self.engine = _engine(url, longest_standstill)
        except (SQLAlchemyError, ImportError) as error:
            raise SetUpError(
                "ERASURE_DATABASE_URL is no address we understand; write for example"
                " sqlite:///erasure.db or postgresql+psycopg://user@host/name."
            ) from error
        self.is_sqlite = self.engine.dialect.name == "sqlite"
        self._reader = self.engine if self.is_sqlite else _one_moment(self.engine)
        self.write_lock: AbstractContextManager[Any] = (
            threading.RLock() if self.is_sqlite else nullcontext()
        )
        self._mine = _Mine()

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        """
        Begin a writing transaction; commits at the end, rolls back on any error.

        Within another one of this thread nothing is begun or committed: an error must
        go through both.
        """
        if self._mine.connection is not None:
            yield self._mine.connection
            return
        with self.write_lock, translated(), self.engine.connect() as connection:
            if self.is_sqlite:
                connection.exec_driver_sql("BEGIN IMMEDIATE")
            self._mine.connection = connection
            try:
                yield connection
            finally:
                self._mine.connection = None
            connection.commit()

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """
        Begin a reading transaction, which sees one moment and changes nothing.

        Within a writing one of this thread it sees what that one has written.
        """
        if self._mine.connection is not None:
            yield self._mine.connection
            return
        with translated(), self._reader.connect() as connection:
            if self.is_sqlite:
                connection.exec_driver_sql("BEGIN")
            yield connection

    def truncate_wal(self) -> bool:
        """
        Empty SQLite's write-ahead log, where deleted text would otherwise stay.

        Tells whether it could: somebody who reads for long keeps the log as it is, and
        is not waited for, because nobody writes meanwhile.
        """
        if not self.is_sqlite:
            return True
        with self.write_lock, translated(), self.engine.connect() as connection:
            run = connection.exec_driver_sql
            run(f"PRAGMA busy_timeout={TRUNCATE_TIMEOUT_MS}")
            try:
                busy: int = run("PRAGMA wal_checkpoint(TRUNCATE)").one()[0]
            finally:
                run(f"PRAGMA busy_timeout={BUSY_TIMEOUT_MS}")
        return not busy

    def ping(self) -> None:
        """Raise `Unavailable` if the database does not answer."""
        with self.reading() as connection:
            connection.execute(text("SELECT 1"))

    def close(self) -> None:
        """Close every connection."""
        self.engine.dispose()


class _Mine(threading.local):
    """The writing transaction that a thread is in."""

    connection: Connection | None = None


def _engine(url: str, longest_standstill: timedelta) -> Engine:
    """Create the engine with the settings each database needs."""
    if make_url(url).get_backend_name() != "sqlite":
        # A host that swallows packets would else be waited for for minutes.
        patience = {"connect_timeout": CONNECT_SECONDS}
        if "connect_timeout" in make_url(url).query:
            patience = {}
        engine = create_engine(
            url,
            connect_args=patience,
            pool_size=8,
            max_overflow=8,
            pool_pre_ping=True,
        )
        limit = f"SET idle_in_transaction_session_timeout = {_ms(longest_standstill)}"
        event.listen(engine, "connect", lambda one, _: _run_at_once(one, limit))
        return engine
    # isolation_level None: pysqlite begins nothing by itself, BEGIN IMMEDIATE is ours.
    options = {"timeout": BUSY_TIMEOUT_MS / 1000, "isolation_level": None}
    engine = create_engine(url, connect_args={**options, "check_same_thread": False})
    event.listen(engine, "connect", _prepare_sqlite)
    return engine


def _one_moment(engine: Engine) -> Engine:
    """Return *engine*, on the same connections, so that all queries see one moment."""
    return engine.execution_options(
        isolation_level="REPEATABLE READ", postgresql_readonly=True
    )


def _ms(duration: timedelta) -> int:
    return duration // timedelta(milliseconds=1)


def _run_at_once(connection: Any, statement: str) -> None:  # noqa: ANN401 (a DB-API connection)
    """Run a statement that holds for the session, outside of any transaction."""
    connection.autocommit = True
    try:
        connection.execute(statement)
    finally:
        connection.autocommit = False


def _prepare_sqlite(connection: Any, _record: object) -> None:  # noqa: ANN401 (a DB-API connection)
    """Set what SQLite needs on each connection."""
    cursor = connection.cursor()
    cursor.execute(f"PRAGMA busy_timeout={BUSY_TIMEOUT_MS}")
    write_ahead.turn_on(cursor)
    cursor.execute("PRAGMA synchronous=FULL")
    cursor.execute("PRAGMA secure_delete=ON")
    cursor.execute("PRAGMA foreign_keys=ON")
    cursor.close()
