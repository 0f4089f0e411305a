"""One `erasure run` an embedded installation: a lock beside the database's file."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from orchestrator.adapters.sql.database import Database
from orchestrator.errors import SetUpError


@contextmanager
def only_run(database: Database) -> Iterator[None]:
    """
    Hold the lock of the database's file; the kernel lets go when the process ends.

    Raises `SetUpError` if another process holds it.
    """
    name = database.url.database
    if not name or name == ":memory:":
        yield
        return
    path = Path(f"{name}.run-lock")
    try:
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise SetUpError(
            f"{path} cannot be written ({error.strerror}); check the rights of the"
            " database's folder."
        ) from None
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield
    except BlockingIOError:
        raise SetUpError(
            f"Another `erasure run` works on {name}: the embedded log allows one"
            " process; stop it first, or use Kafka and PostgreSQL for several."
        ) from None
    finally:
        os.close(descriptor)
