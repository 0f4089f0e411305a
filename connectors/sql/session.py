"""
One connection an operation, one transaction, and what its failures mean.

SQLAlchemy's messages hold statements and its drivers' hold values, so none leaves this
module: each becomes one of the errors of `connectors.errors`, raised outside the
handler, so that no traceback carries the first one along.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import TypeVar
from urllib.parse import quote

from pydantic import SecretStr
from sqlalchemy import Connection, Engine, create_engine, event, text
from sqlalchemy.engine import URL, make_url
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.exc import ArgumentError, DBAPIError, IntegrityError, SQLAlchemyError
from sqlalchemy.pool import NullPool

from connectors.errors import (
    AccessRefused,
    AnswerLost,
    ContractChanged,
    CredentialsRefused,
    NotSetUp,
    ProcessorError,
    TryLater,
)

T = TypeVar("T")

_LOGGED_AS = "erasure"
# At INFO SQLAlchemy logs statements, at DEBUG the rows that it read.
for _logger in ("engine.Engine", "pool.impl.NullPool"):
    logging.getLogger(f"sqlalchemy.{_logger}.{_LOGGED_AS}").setLevel(logging.WARNING)

_POSTGRES = "postgresql+psycopg"
_DRIVERS = {"postgresql": _POSTGRES, "postgres": _POSTGRES, _POSTGRES: _POSTGRES}
_ENCRYPTED = frozenset({"require", "verify-ca", "verify-full"})
_LOGIN_REFUSED = (
    "password authentication failed",
    "no password supplied",
    "does not exist",
    "pg_hba.conf",
    "permission denied",
    "not permitted to log in",
)
_NOT_ALLOWED = frozenset({"42501", "25006"})
_NOT_THERE = frozenset({"42P01", "42703", "3F000"})
_ROLLED_BACK = ("23", "40")
_BUSY = ("40", "53", "55", "57")
_GONE = "a table or a column of it is not there any more; compare it with the register"


class Undone(Exception):  # noqa: N818 (a verdict that ends a transaction)
    """The transaction must not be: `code` says why, and nothing of it remains."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


@dataclass(frozen=True, slots=True)
class Session:
    """How one database is reached; `dsn` is asked for afresh at each operation."""

    dsn: Callable[[], SecretStr]
    timeout: timedelta
    allows_plain: bool

    def read(self, work: Callable[[Connection], T]) -> T:
        """Run *work* on one unchanging view of the database, which it cannot write."""
        return self._run(work, writes=False)

    def write(self, work: Callable[[Connection], T]) -> T:
        """
        Run *work* in one transaction and commit it.

        Raises `Undone` of *work*, and `AnswerLost` where nobody knows whether the
        commit was.
        """
        return self._run(work, writes=True)

    def _run(self, work: Callable[[Connection], T], *, writes: bool) -> T:
        engine = self._engine()
        problem: ProcessorError | Undone
        try:
            connection = engine.connect()
        except SQLAlchemyError as error:
            problem = _not_connected(error)
        else:
            with closing(connection):
                done = _in_transaction(connection, work, self.timeout, writes=writes)
            if not isinstance(done, _Failed):
                return done
            problem = done.why
        raise problem

    def _engine(self) -> Engine:
        url = _checked(self.dsn(), allows_plain=self.allows_plain)
        seconds = max(1, round(self.timeout.total_seconds()))
        arguments: dict[str, object] = {"timeout": seconds}
        if url.drivername == _POSTGRES:
            arguments = {
                "connect_timeout": seconds,
                "tcp_user_timeout": seconds * 1000,
                "application_name": "erasure",
            }
        engine = create_engine(
            url,
            poolclass=NullPool,
            hide_parameters=True,
            logging_name=_LOGGED_AS,
            pool_logging_name=_LOGGED_AS,
            connect_args=arguments,
        )
        if engine.dialect.name == "sqlite":
            event.listen(engine, "connect", _leave_transactions_to_us)
            event.listen(engine, "begin", _begin)
        return engine


@dataclass(frozen=True, slots=True)
class _Failed:
    """A transaction that was not, and the error to raise once its handler is left."""

    why: ProcessorError | Undone


def _in_transaction(
    connection: Connection,
    work: Callable[[Connection], T],
    timeout: timedelta,
    *,
    writes: bool,
) -> T | _Failed:
    """Run *work* and end the transaction; errors come back as values."""
    connection = _prepared(connection, writes=writes)
    try:
        connection.begin()
        _limit(connection, timeout, writes=writes)
        done = work(connection)
    except Undone as undone:
        return _Failed(Undone(undone.code))
    except (SQLAlchemyError, ValueError, ArithmeticError) as error:
        return _Failed(_failed(error))
    # Closing the connection rolls back what is not committed.
    lost = _commit(connection) if writes else None
    return done if lost is None else _Failed(lost)


def _commit(connection: Connection) -> ProcessorError | Undone | None:
    """Commit; what the database does not refuse by name may have been done."""
    try:
        connection.commit()
    except IntegrityError:
        return Undone("constraint_refused")
    except DBAPIError as error:
        if _state(error).startswith(_ROLLED_BACK) or _is_locked(error):
            return TryLater("busy")
        return AnswerLost("connection_lost")
    return None


def _prepared(connection: Connection, *, writes: bool) -> Connection:
    """Choose the transaction's kind before it begins."""
    if connection.dialect.name == "sqlite":
        return connection.execution_options(erasure_writes=writes)
    if writes:
        return connection.execution_options(isolation_level="READ COMMITTED")
    return connection.execution_options(
        isolation_level="REPEATABLE READ", postgresql_readonly=True
    )


def _limit(connection: Connection, timeout: timedelta, *, writes: bool) -> None:
    """Let no statement wait longer than the account's time-out."""
    if connection.dialect.name == "sqlite":
        connection.exec_driver_sql(f"PRAGMA query_only = {'OFF' if writes else 'ON'}")
        return
    limit = f"{max(1, round(timeout.total_seconds() * 1000))}ms"
    for setting in ("statement_timeout", "lock_timeout"):
        connection.execute(
            text("SELECT set_config(:setting, :limit, true)"),
            {"setting": setting, "limit": limit},
        )


def _leave_transactions_to_us(connection: DBAPIConnection, _record: object) -> None:
    """Keep Python's sqlite3 from beginning transactions by itself."""
    connection.isolation_level = None
    cursor = connection.cursor()
    cursor.execute("PRAGMA foreign_keys = ON")
    cursor.close()


def _begin(connection: Connection) -> None:
    """Take SQLite's write lock at once, or look at one unchanging state."""
    writes = connection.get_execution_options().get("erasure_writes")
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")


def _checked(dsn: SecretStr, *, allows_plain: bool) -> URL:
    """Return the database's address; raises `NotSetUp` without a word of it."""
    url: URL | None
    try:
        url = make_url(dsn.get_secret_value())
    except (ArgumentError, ValueError):
        url = None
    if url is None:
        raise NotSetUp(
            "the secret dsn is no database URL; write postgresql://user:password@host/"
            "name or sqlite:////path"
        )
    if url.drivername == "sqlite":
        return _file(url)
    driver = _DRIVERS.get(url.drivername)
    if driver is None:
        raise NotSetUp("only postgresql and sqlite are known; change the secret dsn")
    if not allows_plain and url.query.get("sslmode") not in _ENCRYPTED:
        raise NotSetUp(
            "the connection may be unencrypted; add ?sslmode=verify-full to the secret "
            "dsn, or allow_http = true for a database on loopback"
        )
    return url.set(drivername=driver)


def _file(url: URL) -> URL:
    """Return the address of a file that is there: SQLite would make an empty one."""
    path = Path(url.database or "")
    if not url.database or not path.is_file():
        raise NotSetUp("the file that the secret dsn names is not there; correct it")
    return URL.create(
        "sqlite",
        database=f"file:{quote(str(path))}",
        query={"mode": "rw", "uri": "true"},
    )


def _not_connected(error: SQLAlchemyError) -> ProcessorError:
    """Say why nobody let us in; the server tells it in words only."""
    words = str(error.orig) if isinstance(error, DBAPIError) else ""
    if any(told in words for told in _LOGIN_REFUSED):
        return CredentialsRefused("unauthorised")
    return TryLater("connect_failed")


def _failed(error: Exception) -> ProcessorError | Undone:
    """Say what a failure before the commit means: nothing of the transaction is."""
    problem: ProcessorError | Undone = ContractChanged("database_error")
    if not isinstance(error, DBAPIError):
        return problem
    state, words = _state(error), str(error.orig)
    if isinstance(error, IntegrityError):
        problem = Undone("constraint_refused")
    elif state in _NOT_ALLOWED or "readonly database" in words:
        problem = AccessRefused("forbidden")
    elif state in _NOT_THERE or "no such" in words:
        problem = NotSetUp(_GONE)
    elif state.startswith(_BUSY) or _is_locked(error):
        problem = TryLater("busy")
    elif error.connection_invalidated:
        problem = TryLater("connection_lost")
    return problem


def _is_locked(error: DBAPIError) -> bool:
    return "is locked" in str(error.orig)


def _state(error: DBAPIError) -> str:
    return getattr(error.orig, "sqlstate", None) or ""
