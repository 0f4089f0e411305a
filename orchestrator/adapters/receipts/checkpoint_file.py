"""
The file that keeps the log's checkpoints outside the database, one JSON line each.

It belongs on another disk than the database, so that a restored backup of the one is
found out by the other.  A line may stand there twice, and the last one may be cut off:
its writer died, and the next one writes it again.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from pathlib import Path

from pydantic import ValidationError

from orchestrator.errors import CannotStore, SetUpError
from schemas.checkpoints import LogCheckpointed, checkpoint_line

_TAIL = 1 << 17  # bytes: several times the longest line


class CheckpointFile:
    """Appends checkpoints to a file and reads them back."""

    def __init__(self, path: Path) -> None:
        """Keep the path; nothing is read or made yet."""
        self.path = path

    def append(self, checkpoints: Sequence[LogCheckpointed]) -> None:
        """Append *checkpoints*, in order; they are on disk when this returns."""
        is_new = not self.path.exists()
        lines = "".join(f"{checkpoint_line(one)}\n" for one in checkpoints)
        try:
            with self.path.open("a+b") as file:
                end = file.seek(0, os.SEEK_END)
                if end:
                    file.seek(end - 1)
                    # What a dead writer left unfinished stays a line of its own.
                    lines = lines if file.read(1) == b"\n" else f"\n{lines}"
                file.write(lines.encode())
                file.flush()
                os.fsync(file.fileno())
            if is_new:
                _sync_name(self.path)
        except OSError as error:
            raise CannotStore(
                f"The checkpoint file {self.path} cannot be written ({error.strerror});"
                " make room or mend ERASURE_CHECKPOINT_FILE, then start again."
            ) from None

    def check(self) -> None:
        """Raise `SetUpError` where no checkpoint could be appended; makes no file."""
        try:
            if self.path.exists():
                self.path.open("ab").close()
                return
            is_writable = os.access(self.path.parent, os.W_OK | os.X_OK)
            reason = None if is_writable else "its folder is not there, or read-only"
        except OSError as error:
            reason = error.strerror
        if reason is not None:
            raise SetUpError(
                f"The checkpoint file {self.path} cannot be written ({reason}); set"
                " ERASURE_CHECKPOINT_FILE to a file on a disk that is not restored"
                " together with the database."
            )

    def newest(self) -> LogCheckpointed | None:
        """Return the checkpoint of the longest log near the end of the file."""
        found = list(self._checkpoints(_TAIL))
        return max(found, key=lambda one: one.size, default=None)

    def all(self) -> list[LogCheckpointed]:
        """Return every checkpoint once, in the order of the file."""
        return list({one.note: one for one in self._checkpoints(None)}.values())

    def _checkpoints(self, tail: int | None) -> Iterator[LogCheckpointed]:
        """Yield the whole lines, of all of the file or of its last *tail* bytes."""
        lines = self._content(tail).split(b"\n")
        for number, line in enumerate(lines):
            is_cut = number == len(lines) - 1 or (tail is not None and number == 0)
            if not line:
                continue
            try:
                yield LogCheckpointed.model_validate_json(line)
            except ValidationError:
                if not is_cut and not _is_unfinished(line):
                    raise SetUpError(
                        f"A line of the checkpoint file {self.path} is no checkpoint;"
                        " take the file out of its backup, or see who wrote it."
                    ) from None

    def _content(self, tail: int | None) -> bytes:
        """Read the file, or nothing where there is none yet."""
        try:
            with self.path.open("rb") as file:
                end = file.seek(0, os.SEEK_END)
                file.seek(0 if tail is None else max(0, end - tail))
                return file.read()
        except FileNotFoundError:
            return b""
        except OSError as error:
            raise SetUpError(
                f"The checkpoint file {self.path} cannot be read ({error.strerror});"
                " mend ERASURE_CHECKPOINT_FILE or its access rights."
            ) from None


def _sync_name(path: Path) -> None:
    """Bring the name of a new file to the disk."""
    descriptor = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _is_unfinished(line: bytes) -> bool:
    """Tell whether a writer died in the middle of this line."""
    return line.startswith(b'{"') and not line.endswith(b"}")
