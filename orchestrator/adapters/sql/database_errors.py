"""
What a database's errors mean for the caller, whichever database it is.

PostgreSQL and SQLite name their errors by code; where SQLite's code says too little,
its words decide.  No text of a driver is passed on, because it may hold values.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy.exc import (
    DataError,
    DBAPIError,
    InterfaceError,
    OperationalError,
    SQLAlchemyError,
)
from sqlalchemy.exc import TimeoutError as PoolTimeoutError

from orchestrator.errors import (
    CannotStore,
    Conflict,
    OrchestratorError,
    SetUpError,
    Unavailable,
)


@contextmanager
def translated() -> Iterator[None]:
    """
    Turn the driver's errors into ours.

    A value that no column takes is a `ValueError`: it concerns that value's step alone.
    """
    try:
        yield
    except DataError:
        raise ValueError("A value does not fit its column.") from None
    except PoolTimeoutError:
        raise Unavailable(AWAY) from None
    except DBAPIError as error:
        raise _as_ours(error) from None


def _as_ours(error: DBAPIError) -> OrchestratorError:
    """Sort an error by what the caller must do."""
    code = _code(error)
    if code in _MET_ANOTHER:
        return Conflict(MET)
    known = _CODES.get(code) or _by_clue(error)
    if known is not None:
        kind, sentence = known
        return kind(sentence)
    if error.connection_invalidated or isinstance(
        error, OperationalError | InterfaceError
    ):
        return Unavailable(AWAY)
    return CannotStore(
        f"The database refused a statement or its commit ({code}); nothing of this"
        " step was stored. Look into the database's own log, then start again."
    )


def _code(error: DBAPIError) -> str:
    """Return PostgreSQL's or SQLite's code, or at least the error's name."""
    for name in ("sqlstate", "sqlite_errorname"):
        code: str | None = getattr(error.orig, name, None)
        if code:
            return code
    return type(error.orig).__name__


def _by_clue(error: SQLAlchemyError) -> tuple[type[OrchestratorError], str] | None:
    """Recognise what is told only in words."""
    text = str(getattr(error, "orig", ""))
    return next((known for clue, known in _CLUES.items() if clue in text), None)


MET = "Two transactions met; the step is tried again."
AWAY = (
    "The database does not answer; check ERASURE_DATABASE_URL and that it is running."
)
# Serialization failure, deadlock, and a row that somebody else inserted meanwhile.
_MET_ANOTHER = frozenset(
    {
        *("40001", "40P01", "23505"),
        *("SQLITE_CONSTRAINT_UNIQUE", "SQLITE_CONSTRAINT_PRIMARYKEY"),
    }
)
_FULL = (CannotStore, "The database's disk is full; make room, then start again.")
_FAILING = (
    CannotStore,
    "The database's disk fails or its file may not grow; check both, start again.",
)
_NO_TABLES = (
    SetUpError,
    "The database has no tables of ours; run `erasure db upgrade`.",
)
# https://www.postgresql.org/docs/18/errcodes-appendix.html, read 2026-11.
_CODES: dict[str, tuple[type[OrchestratorError], str]] = {
    "53100": _FULL,
    "58030": _FAILING,
    "42P01": _NO_TABLES,
    "42501": (
        SetUpError,
        "The database's user may not do this; grant it the rights on all our tables.",
    ),
}
# What libpq 18 says of a connection, read 2026-11; a server that speaks another
# language is only away.  Each may pass by itself, as a certificate is renewed.
_NOT_IN: dict[str, str] = {
    "password authentication failed": (
        "The database refuses our user or password; check both in"
        " ERASURE_DATABASE_URL, or the password in its passfile."
    ),
    "no password supplied": (
        "The database wants a password; write it in ERASURE_DATABASE_URL, or name a"
        " passfile there that has a line for this host and user and mode 0600."
    ),
    "certificate verify failed": (
        "The database's certificate does not hold: write the file of the authority"
        " that signed it as sslrootcert in ERASURE_DATABASE_URL; if that is right, it"
        " has expired."
    ),
    "root certificate file": (
        "The authority's file for the database's certificate is not there; correct"
        " sslrootcert in ERASURE_DATABASE_URL."
    ),
    "does not match host name": (
        "The database's certificate is for another name; write the name that is in it"
        " as the host in ERASURE_DATABASE_URL."
    ),
    "does not support SSL": (
        "The database speaks no TLS there, and ERASURE_DATABASE_URL asks for it"
        " (sslmode); have it turned on, or check the port."
    ),
    "no pg_hba.conf entry": (
        "The database lets nobody in like that (pg_hba.conf): have our user and host"
        " allowed, and write sslmode=verify-full in ERASURE_DATABASE_URL if it wants"
        " TLS."
    ),
    'FATAL:  database "': (
        "The server has no such database, or it takes nobody now; create it, or"
        " correct ERASURE_DATABASE_URL."
    ),
}
_CLUES: dict[str, tuple[type[OrchestratorError], str]] = {
    **{clue: (Unavailable, sentence) for clue, sentence in _NOT_IN.items()},
    "disk is full": _FULL,
    "No space left": _FULL,
    "disk I/O error": _FAILING,
    "unable to open": (
        SetUpError,
        "The database file cannot be opened; check its path and its folder's rights.",
    ),
    "no such table": _NO_TABLES,
    "readonly": (
        SetUpError,
        "The database may not be written; check the file's rights.",
    ),
    "is locked": (
        Unavailable,
        "Another process holds the database for too long; find it, then start again.",
    ),
    "not a database": (
        SetUpError,
        "The file in ERASURE_DATABASE_URL is not a SQLite database.",
    ),
    "malformed": (
        CannotStore,
        "The database file is damaged; restore a backup.",
    ),
}
