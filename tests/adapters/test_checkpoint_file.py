"""The file of checkpoints: what is in it stays readable, whoever died."""

from __future__ import annotations

from pathlib import Path

import pytest

from orchestrator.adapters.receipts.checkpoint_file import CheckpointFile
from orchestrator.adapters.receipts.statement_log import grown
from orchestrator.core.answer.merkle import Frontier
from orchestrator.errors import CannotStore, SetUpError
from schemas.checkpoints import LogCheckpointed, LoggedStatement
from tests.core.builders import T0
from tests.support.logged import SIGNER


def _checkpoints(count: int) -> list[LogCheckpointed]:
    """Let a log grow by one statement at a time."""
    frontier = Frontier()
    return [
        grown(
            frontier,
            [LoggedStatement(statement_id=f"c-{n}-1", leaf=f"{n:064x}")],
            SIGNER,
            T0,
        )
        for n in range(count)
    ]


def test_checkpoints_are_read_as_they_were_written(tmp_path: Path) -> None:
    """In order; the newest is that of the longest log."""
    file = CheckpointFile(tmp_path / "checkpoints.jsonl")
    first, second, third = _checkpoints(3)

    file.append([first, second])
    file.append([third])

    assert file.all() == [first, second, third]
    assert file.newest() == third


def test_file_that_is_not_there_is_empty(tmp_path: Path) -> None:
    """The first checkpoint makes it."""
    file = CheckpointFile(tmp_path / "checkpoints.jsonl")

    assert (file.all(), file.newest()) == ([], None)


def test_line_written_twice_counts_once(tmp_path: Path) -> None:
    """Its writer died before it could say that it was written."""
    file = CheckpointFile(tmp_path / "checkpoints.jsonl")
    first, second = _checkpoints(2)

    file.append([first])
    file.append([first, second])

    assert file.all() == [first, second]


@pytest.mark.parametrize("cut", [1, 2, 40])
def test_line_that_was_cut_off_hides_no_other(tmp_path: Path, cut: int) -> None:
    """The next writer begins a line of its own and writes it again."""
    file = CheckpointFile(tmp_path / "checkpoints.jsonl")
    first, second = _checkpoints(2)
    file.append([first, second])
    file.path.write_bytes(file.path.read_bytes()[:-cut])

    before = file.newest()
    file.append([second])

    assert before in ([first, second] if cut == 1 else [first])
    assert file.all() == [first, second]
    assert file.newest() == second


def test_newest_is_found_at_the_end_of_a_long_file(tmp_path: Path) -> None:
    """Only the tail is read, which may begin in the middle of a line."""
    file = CheckpointFile(tmp_path / "checkpoints.jsonl")
    checkpoints = _checkpoints(400)

    file.append(checkpoints)

    assert file.path.stat().st_size > 150_000
    assert file.newest() == checkpoints[-1]


def test_line_of_somebody_else_is_refused(tmp_path: Path) -> None:
    """A file that was edited is no witness."""
    file = CheckpointFile(tmp_path / "checkpoints.jsonl")
    file.append(_checkpoints(1))
    text = file.path.read_text()
    file.path.write_text(f'{{"size": 1}}\n{text}')

    with pytest.raises(SetUpError, match="is no checkpoint"):
        file.all()


def test_check_makes_no_file(tmp_path: Path) -> None:
    """It only says whether one could be made, or written on."""
    file = CheckpointFile(tmp_path / "checkpoints.jsonl")

    file.check()
    is_made = file.path.exists()
    file.append(_checkpoints(1))
    file.check()

    assert not is_made
    assert len(file.all()) == 1


@pytest.mark.parametrize("where", ["nowhere/checkpoints.jsonl", "."])
def test_file_that_could_not_be_made_is_one_sentence(
    tmp_path: Path, where: str
) -> None:
    """It names the setting, before any stage starts."""
    with pytest.raises(SetUpError, match="set ERASURE_CHECKPOINT_FILE"):
        CheckpointFile(tmp_path / where).check()


def test_file_that_cannot_be_written_or_read_is_one_sentence(tmp_path: Path) -> None:
    """A directory is neither."""
    file = CheckpointFile(tmp_path)

    with pytest.raises(CannotStore, match="cannot be written"):
        file.append(_checkpoints(1))
    with pytest.raises(SetUpError, match="cannot be read"):
        file.newest()
