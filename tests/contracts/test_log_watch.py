"""When our log counts as restored, and when everything irreversible is held."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from orchestrator.adapters.keys.files import key_id_of
from orchestrator.adapters.receipts.checkpoint_file import CheckpointFile
from orchestrator.adapters.receipts.log_book import LogBook
from orchestrator.adapters.receipts.log_standing import Standing
from orchestrator.adapters.receipts.log_watch import TOPIC_EVERY, LogWatch
from orchestrator.adapters.receipts.notes import LogSigner
from orchestrator.adapters.receipts.published import heads_in
from orchestrator.adapters.receipts.restore_hold import SqlRestoreHold
from orchestrator.adapters.receipts.statement_log import Adopting, SqlStatementLog
from orchestrator.adapters.sql.database import Database
from orchestrator.adapters.sql.schema import upgrade
from orchestrator.errors import Unavailable
from orchestrator.ports.event_log import Record
from orchestrator.stages.sequence import Sequencer
from schemas.checkpoints import LOG_CHECKPOINTED, LogCheckpointed, checkpoint_line
from schemas.topics import RECEIPTS
from tests.contracts.stored import Stored
from tests.core.builders import T0
from tests.support.clock import FrozenClock
from tests.support.logged import LOG, SIGNER, a_log, a_statement, sign
from tests.support.signed_receipts import KEY_ID, PUBLIC_KEY, SIGNING_KEY

OTHER_KEY = Ed25519PrivateKey.generate()
OTHERS = LogSigner(LOG, OTHER_KEY, key_id_of(OTHER_KEY.public_key()))


def _heads(
    folder: Path, *sizes: int, signer: LogSigner = SIGNER
) -> list[LogCheckpointed]:
    """Return the heads of a log of another database that grew in these batches."""
    folder.mkdir()
    database = Database(f"sqlite:///{folder / 'other.db'}")
    upgrade(database)
    a_log(database, *sizes, signer=signer)
    found: list[LogCheckpointed] = []
    SqlStatementLog(database, signer).file(found.extend, T0)
    database.close()
    return found


def _watch(
    stored: Stored,
    folder: Path,
    filed: Sequence[LogCheckpointed] = (),
    told: Sequence[LogCheckpointed] = (),
    clock: FrozenClock | None = None,
) -> LogWatch:
    """Watch a log of which so much is kept in a file, and so much on the topic."""
    file = CheckpointFile(folder / "checkpoints.jsonl")
    if filed:
        file.append(filed)
    return LogWatch(
        LogBook(stored.database),
        SqlRestoreHold(stored.database),
        clock or FrozenClock(),
        file,
        lambda: told,
    )


@pytest.mark.parametrize("place", ["filed", "told"])
@pytest.mark.parametrize(
    ("here", "published", "standing"),
    [
        pytest.param((2, 3), (2, 3), Standing.EVEN, id="all"),
        pytest.param((2, 3), (2,), Standing.EVEN, id="ahead"),
        pytest.param((2,), (2, 3), Standing.BEHIND, id="behind"),
        pytest.param((), (2, 3), Standing.BEHIND, id="empty"),
        pytest.param((3,), (2, 3), Standing.CONTRADICTED, id="another_step"),
        pytest.param((2,), (), Standing.UNKNOWN, id="nothing_kept"),
    ],
)
def test_log_is_compared_with_what_was_published(
    stored: Stored,
    tmp_path: Path,
    place: str,
    here: Sequence[int],
    published: Sequence[int],
    standing: Standing,
) -> None:
    """In the file or on the topic: each alone finds out a restored backup."""
    a_log(stored.database, *here)
    heads = _heads(tmp_path / "other", *published)

    kept = {"filed": (), "told": (), place: heads}
    watch = _watch(stored, tmp_path, kept["filed"], kept["told"])

    assert watch.look().standing is standing
    assert watch.hold.is_held() == (standing.value in {"behind", "contradicted"})


def test_end_of_a_topic_is_enough(stored: Stored, tmp_path: Path) -> None:
    """Heads that lie before the end are not read, and not needed."""
    a_log(stored.database, 1)

    watch = _watch(stored, tmp_path, told=_heads(tmp_path / "other", 1, 2, 3)[-1:])

    assert watch.look().standing is Standing.BEHIND


def test_file_restored_with_the_database_does_not_hide_it(
    stored: Stored, tmp_path: Path
) -> None:
    """The file says all is there; the topic knows better."""
    a_log(stored.database, 1)
    heads = _heads(tmp_path / "other", 1, 2)

    watch = _watch(stored, tmp_path, filed=heads[:1], told=heads)

    assert watch.look().standing is Standing.BEHIND


def test_hold_ends_once_all_is_there(stored: Stored, tmp_path: Path) -> None:
    """Nobody has to end it; where nothing is known, it stays."""
    heads = _heads(tmp_path / "other", 2)
    watch = _watch(stored, tmp_path, told=heads)
    watch.look()

    unknowing = _watch(stored, tmp_path)
    stays = unknowing.is_held()
    a_log(stored.database, 2)
    watch.look()

    assert stays
    assert not unknowing.is_held()


def test_restore_under_a_running_process_is_found_out(
    stored: Stored, tmp_path: Path
) -> None:
    """The topic is read again now and then; one that is away is passed over."""
    clock = FrozenClock()
    heads: list[LogCheckpointed] = []
    answers = iter([heads, None, _heads(tmp_path / "other", 2)])

    def told() -> Sequence[LogCheckpointed]:
        answer = next(answers)
        if answer is None:
            raise Unavailable("Kafka is away.")
        return answer

    watch = replace(_watch(stored, tmp_path, clock=clock), told=told)
    held = []
    for _ in range(3):
        held += [watch.is_held(), watch.is_held()]
        clock.advance(timedelta(seconds=TOPIC_EVERY))

    assert held == [False, False, False, False, True, True]


def _record(head: LogCheckpointed) -> Record:
    """Put a head on the topic."""
    headers = (("ce_type", LOG_CHECKPOINTED.encode()),)
    value = checkpoint_line(head).encode()
    return Record(RECEIPTS, 0, head.size, LOG.encode(), headers, value)


def test_only_heads_of_our_keys_count(tmp_path: Path) -> None:
    """Who may write to the topic cannot stop us with a head of their own."""
    (ours,) = _heads(tmp_path / "ours", 2)
    (foreign,) = _heads(tmp_path / "foreign", 3, signer=OTHERS)
    posing = foreign.model_copy(update={"key_id": KEY_ID})
    larger = ours.model_copy(update={"size": 9})
    elsewhere = replace(SIGNER, name="other/receipts")
    (other,) = _heads(tmp_path / "elsewhere", 4, signer=elsewhere)
    noise = Record(RECEIPTS, 0, 9, None, (("ce_type", b"else"),), b"{")
    records = [*map(_record, [ours, foreign, posing, larger, other, ours]), noise]

    assert heads_in(records, LOG, {KEY_ID: PUBLIC_KEY}) == [ours]


def test_heads_of_a_retired_key_count(tmp_path: Path) -> None:
    """A rotation since does not hide a restore."""
    (old,) = _heads(tmp_path / "old", 2)
    ring = {OTHERS.key_id: OTHER_KEY.public_key(), KEY_ID: SIGNING_KEY.public_key()}

    assert heads_in([_record(old)], LOG, ring) == [old]


def test_hold_is_not_forgotten_by_a_restart(stored: Stored, tmp_path: Path) -> None:
    """It is a row of the database, which every process reads."""
    _watch(stored, tmp_path, told=_heads(tmp_path / "other", 2)).look()

    with stored.again() as other:
        found = SqlRestoreHold(other.database).found()

    assert found is not None
    assert (found.standing, found.ours, found.published) == (Standing.BEHIND, 0, 2)


def test_nothing_enters_a_log_that_is_behind(stored: Stored, tmp_path: Path) -> None:
    """To go on from there would make another history; what waits enters later."""
    watch = _watch(stored, tmp_path, told=(heads := _heads(tmp_path / "other", 1)))
    watch.look()
    log = SqlStatementLog(stored.database, SIGNER)
    sequencer = Sequencer(log, FrozenClock(), lambda: None, is_held=watch.hold.is_held)
    sign(stored.database, a_statement(0), a_statement(1))

    held = sequencer.turn()
    Adopting(stored.database).adopt(heads, T0)
    watch.look()

    assert (held, sequencer.turn()) == (0, 1)
    assert LogBook(stored.database).checked(SIGNER).faults == ()
