"""The time stamps of the log's checkpoints, in the database and beside their file."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from sqlalchemy import Row, Select, bindparam, select, update

from orchestrator.adapters.receipts.certificates import Trusted
from orchestrator.adapters.receipts.log_book import SKEW, Fault
from orchestrator.adapters.receipts.stamps import StampRejected, verify_stamp
from orchestrator.adapters.sql import tables as t
from orchestrator.adapters.sql.database import Database
from orchestrator.errors import CannotStore


@dataclass(frozen=True, slots=True)
class Stamped:
    """A checkpoint with the authority's response over its note."""

    size: int
    note: str = field(repr=False)
    response: bytes = field(repr=False)
    signed_at: datetime


@dataclass(frozen=True, slots=True)
class StampsChecked:
    """How many stamps are good, what is wrong, and what the newest good one covers."""

    good: int
    faults: tuple[Fault, ...]
    size: int = 0
    at: datetime | None = None


class SqlStamps:
    """Keeps stamps with the checkpoints they are of."""

    def __init__(self, database: Database, folder: Path | None = None) -> None:
        """Keep the database; stamps are also put into *folder*, where there is one."""
        self._database = database
        self._folder = folder

    def unstamped(self) -> tuple[int, str] | None:
        """Return size and note of the newest checkpoint, unless it has its stamp."""
        with self._database.reading() as connection:
            row = connection.execute(_NEWEST).first()
        return None if row is None or row.stamp is not None else (row.size, row.note)

    def keep(self, size: int, note: str, response: bytes) -> None:
        """
        Keep the stamp of the checkpoint of this size; the first one stays.

        Beside the checkpoint file lie the note and its stamp, as openssl takes them.
        """
        if self._folder is not None:
            _put(self._folder / f"{size}.note", note.encode())
            _put(self._folder / f"{size}.tsr", response)
        with self._database.writing() as connection:
            connection.execute(_KEEP, {"at_size": size, "response": response})

    def all(self) -> Iterator[Stamped]:
        """Yield every stamped checkpoint, the shortest log first."""
        with self._database.reading() as connection:
            rows = connection.execute(_STAMPED).all()
        yield from map(_stamped, rows)

    def covering(self, number: int) -> Stamped | None:
        """Return the first stamped checkpoint over the entry of this number."""
        with self._database.reading() as connection:
            row = connection.execute(_COVERING, {"number": number}).first()
        return None if row is None else _stamped(row)


def check_stamps(stamped: Sequence[Stamped], trusted: Trusted) -> StampsChecked:
    """Verify stamps offline, and compare their times with what the log says."""
    faults, good, newest, at = [], 0, 0, None
    for one in stamped:
        what = f"checkpoint {one.size}"
        try:
            said = verify_stamp(one.response, one.note, trusted)
        except StampRejected as error:
            faults.append(Fault("stamp_rejected", what, str(error)))
            continue
        if said < one.signed_at - SKEW:
            faults.append(Fault("stamped_before_it_was_signed", what, _TOO_EARLY))
            continue
        good, newest, at = good + 1, one.size, said
    return StampsChecked(good, tuple(faults), newest, at)


_TOO_EARLY = (
    "The authority stamped it before the time at which it says that it was signed: our"
    " clock was ahead, or the time was altered."
)


def _stamped(row: Row[*tuple[Any, ...]]) -> Stamped:
    return Stamped(row.size, row.note, row.stamp, row.signed_at)


def _put(path: Path, content: bytes) -> None:
    """Write a file in one step, so that nobody reads half of it."""
    try:
        path.parent.mkdir(exist_ok=True)
        unfinished = path.with_name(path.name + ".part")
        with unfinished.open("wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        unfinished.replace(path)
    except OSError as error:
        raise CannotStore(
            f"The time stamp {path} cannot be written ({error.strerror}); make room or"
            " mend ERASURE_CHECKPOINT_FILE, then start again."
        ) from None


_C = t.log_checkpoints.c
_NEWEST: Select[Any] = (
    select(_C.size, _C.note, _C.stamp).order_by(_C.size.desc()).limit(1)
)
_STAMPED: Select[Any] = (
    select(_C.size, _C.note, _C.stamp, _C.signed_at)
    .where(_C.stamp.is_not(None))
    .order_by(_C.size)
)
_COVERING: Select[Any] = _STAMPED.where(_C.size > bindparam("number")).limit(1)
_KEEP = (
    update(t.log_checkpoints)
    .where(_C.size == bindparam("at_size"), _C.stamp.is_(None))
    .values(stamp=bindparam("response"))
)
