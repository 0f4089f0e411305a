"""What the log of statements promises on every database."""

from __future__ import annotations

import json
import threading
from collections.abc import Sequence
from dataclasses import replace

import pytest
from sqlalchemy import select

from orchestrator.adapters.receipts import statement_log
from orchestrator.adapters.receipts.log_book import LogBook
from orchestrator.adapters.receipts.notes import open_checkpoint
from orchestrator.adapters.receipts.statement_log import SqlStatementLog
from orchestrator.adapters.sql import tables as t
from orchestrator.core.answer.merkle import leaf_hash, root_of
from orchestrator.errors import CannotStore, SetUpError
from schemas.checkpoints import LOG_CHECKPOINTED, LogCheckpointed
from schemas.topics import RECEIPTS
from tests.contracts.stored import Stored
from tests.core.builders import T0
from tests.support.logged import LOG, MINUTE, SIGNER, a_log, a_statement, sign
from tests.support.patience import PATIENCE
from tests.support.signed_receipts import PUBLIC_KEY


def _logged(stored: Stored) -> list[str]:
    """Return the statements of the log, in order."""
    query = select(t.log_entries).order_by(t.log_entries.c.number)
    with stored.database.reading() as connection:
        rows = connection.execute(query).all()
    assert [row.number for row in rows] == list(range(len(rows)))
    return [row.statement_id for row in rows]


def _told(stored: Stored) -> list[LogCheckpointed]:
    """Return the checkpoints that are on their way to the archive."""
    unsent = [one.message for one in stored.outbox.unsent([RECEIPTS], 100)]
    assert {one.type for one in unsent} <= {LOG_CHECKPOINTED}
    return [LogCheckpointed.model_validate_json(one.data) for one in unsent]


def test_statements_enter_the_log_oldest_first(stored: Stored) -> None:
    """Each once; the checkpoint signs the root over their files."""
    log = SqlStatementLog(stored.database, SIGNER)
    statements = [a_statement(number) for number in range(3)]
    sign(stored.database, *reversed(statements))

    appended = [log.append(T0), log.append(T0)]

    assert appended == [3, 0]
    assert _logged(stored) == [one.id for one in statements]
    head = log.head()
    assert head is not None
    said = open_checkpoint(head.note, LOG, PUBLIC_KEY)
    assert said.root == root_of([leaf_hash(one.envelope) for one in statements])
    assert (said.size, head.size, head.root) == (3, 3, said.root)


def test_log_grows_from_its_stored_edge(
    stored: Stored, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another process goes on where the last one ended, batch by batch."""
    monkeypatch.setattr(statement_log, "AT_ONCE", 2)
    a_log(stored.database, 1)

    with stored.again() as other:
        sign(other.database, *(a_statement(number) for number in range(1, 5)))
        log = SqlStatementLog(other.database, SIGNER)
        appended = [log.append(T0 + 5 * MINUTE) for _ in range(3)]

    leaves = [leaf_hash(a_statement(number).envelope) for number in range(5)]
    book = LogBook(stored.database)
    assert appended == [2, 2, 0]
    assert [book.root_at(size) for size in (3, 5)] == [
        root_of(leaves[:3]),
        root_of(leaves),
    ]
    assert book.root_at(6) is None
    assert book.checked(SIGNER).checkpoints == 3


def test_checkpoint_leaves_with_what_it_adds(stored: Stored) -> None:
    """A reader of the topic can rebuild the log from the receipts alone."""
    a_log(stored.database, 2, 1)

    first, second = _told(stored)

    assert [first.first, first.size, second.first, second.size] == [0, 2, 2, 3]
    names = [one.statement_id for told in (first, second) for one in told.added]
    assert names == _logged(stored)
    leaves = [bytes.fromhex(o.leaf) for told in (first, second) for o in told.added]
    assert leaves == [leaf_hash(a_statement(n).envelope) for n in range(3)]
    assert root_of(leaves).hex() == second.root


def test_rehearsal_is_in_no_log(stored: Stored) -> None:
    """Nothing of it was done for real, and nobody takes it for missing."""
    sign(stored.database, a_statement(0, is_rehearsal=True), a_statement(1))

    SqlStatementLog(stored.database, SIGNER).append(T0)

    assert _logged(stored) == ["c-1-1"]
    assert LogBook(stored.database).checked(SIGNER).faults == ()


def test_log_keeps_its_name(stored: Stored) -> None:
    """Under another name old proofs would be of another log: nothing is appended."""
    a_log(stored.database, 1)
    sign(stored.database, a_statement(1))
    other = SqlStatementLog(stored.database, replace(SIGNER, name="other/receipts"))

    with pytest.raises(SetUpError, match="begun as maison"):
        other.append(T0)

    assert _logged(stored) == ["c-0-1"]


def test_appending_at_once_gives_each_number_once(stored: Stored) -> None:
    """Two processes take turns; neither signs another history."""
    sign(stored.database, *(a_statement(number) for number in range(40)))
    start = threading.Barrier(2)
    failures: list[BaseException] = []

    def run(mine: Stored) -> None:
        log = SqlStatementLog(mine.database, SIGNER)
        start.wait(PATIENCE)
        try:
            while log.append(T0):
                pass
        except BaseException as error:  # noqa: BLE001 (told below)
            failures.append(error)

    with stored.again() as other, pytest.MonkeyPatch.context() as patch:
        patch.setattr(statement_log, "AT_ONCE", 3)
        threads = [threading.Thread(target=run, args=(one,)) for one in (stored, other)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(PATIENCE)

    assert failures == []
    assert len(_logged(stored)) == 40
    assert LogBook(stored.database).checked(SIGNER).faults == ()


class _Shelf:
    """Keeps what it was given, or fails."""

    def __init__(self) -> None:
        self.given: list[int] = []
        self.fails = False

    def put(self, checkpoints: Sequence[LogCheckpointed]) -> None:
        if self.fails:
            raise CannotStore("The disk is full.")
        self.given += [one.size for one in checkpoints]


def test_checkpoints_are_filed_in_order_and_again_after_a_failure(
    stored: Stored,
) -> None:
    """What was not durable elsewhere is given again; what was is not."""
    shelf, log = _Shelf(), SqlStatementLog(stored.database, SIGNER)
    a_log(stored.database, 2, 1)

    shelf.fails = True
    with pytest.raises(CannotStore):
        log.file(shelf.put, T0)
    shelf.fails = False
    filed = [log.file(shelf.put, T0), log.file(shelf.put, T0)]

    assert filed == [2, 0]
    assert shelf.given == [2, 3]


def test_filed_checkpoint_is_the_one_that_was_told(stored: Stored) -> None:
    """The file and the topic say the same, to the letter."""
    kept: list[LogCheckpointed] = []
    a_log(stored.database, 2, 1)

    SqlStatementLog(stored.database, SIGNER).file(kept.extend, T0)

    assert kept == _told(stored)
    assert json.loads(kept[0].model_dump_json())["log"] == LOG
