"""
Read the copy that a person brings: rows where its format says so.

`.json` holds a list of objects or one object, `.jsonl` and `.ndjson` one object a line,
`.csv` a header and rows.  No sentence about a file repeats anything out of it.
"""

from __future__ import annotations

import csv
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import NoReturn

from orchestrator.errors import NotPossible, SetUpError

MOST_JSON = 64 * 1024 * 1024  # bytes; it is read as a whole
PIECE = 256 * 1024

_Reader = Callable[[Path], Iterator[Mapping[str, object]]]
_DELIMITERS = ",;\t"


def rows_of(path: Path, most: int) -> Iterator[Mapping[str, object]] | None:
    """
    Return the rows of a copy, read as they are asked for; None for any other file.

    Raises `NotPossible` for more than *most* bytes, and while reading if the file is
    not what its name says.
    """
    _check_kind(path, "--copy")
    reader = _READERS.get(path.suffix.lower())
    if reader is None:
        return None
    if path.exists() and path.stat().st_size > most:
        _too_large("--copy", most)
    return reader(path)


def pieces_of(path: Path, most: int, option: str) -> Iterator[bytes]:
    """Yield a file's bytes; raises `NotPossible` for an empty or too large one."""
    _check_kind(path, option)
    left = most
    is_empty = True
    try:
        with path.open("rb") as file:
            while piece := file.read(PIECE):
                is_empty = False
                left -= len(piece)
                if left < 0:
                    _too_large(option, most)
                yield piece
    except OSError as error:
        _unreadable(option, error)
    if is_empty:
        raise NotPossible(f"The file of {option} is empty.")


def _json(path: Path) -> Iterator[Mapping[str, object]]:
    """Read one document."""
    found = _parsed(b"".join(pieces_of(path, MOST_JSON, "--copy")), 1)
    records = found if isinstance(found, list) else [found]
    for record in records:
        yield _record(record, None)


def _json_lines(path: Path) -> Iterator[Mapping[str, object]]:
    """Read one object a line; empty lines are passed over."""
    try:
        with path.open("rb") as file:
            for number, line in enumerate(file, start=1):
                if line.strip():
                    yield _record(_parsed(line, number), number)
    except OSError as error:
        _unreadable("--copy", error)


def _csv(path: Path) -> Iterator[Mapping[str, object]]:
    """Read a header and rows, separated by comma, semicolon or tab."""
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            delimiter = max(_DELIMITERS, key=file.readline().count)
            file.seek(0)
            yield from _table(csv.reader(file, delimiter=delimiter, strict=True))
    except OSError as error:
        _unreadable("--copy", error)
    except (csv.Error, UnicodeDecodeError):
        problem = NotPossible(
            "The copy is not CSV in UTF-8; give it another suffix to pack it as it is."
        )
    else:
        return
    raise problem


def _table(lines: Iterator[Sequence[str]]) -> Iterator[Mapping[str, object]]:
    """Yield the rows below a header whose names differ."""
    header = [name.strip() for name in next(lines, [])]
    if not all(header) or len(set(header)) < len(header):
        raise NotPossible("The copy's first line must name its columns, each once.")
    for number, cells in enumerate(lines, start=2):
        if not cells:
            continue
        if len(cells) != len(header):
            raise NotPossible(
                f"Row {number} of the copy has {len(cells)} cells,"
                f" and its header {len(header)}."
            )
        yield dict(zip(header, cells, strict=True))


def _parsed(text: bytes, line: int) -> object:
    """Read JSON; raises `NotPossible` without a word of the text."""
    try:
        found: object = json.loads(text.decode("utf-8-sig"), parse_constant=_refused)
    except json.JSONDecodeError as error:
        line += error.lineno - 1
    except (ValueError, RecursionError):
        pass
    else:
        return found
    raise NotPossible(
        f"The copy is not JSON in UTF-8 (line {line}); give it another suffix to pack"
        " it as it is."
    )


def _refused(_word: str) -> NoReturn:
    """Refuse NaN and the infinities, which JSON has not."""
    raise ValueError


def _record(value: object, line: int | None) -> Mapping[str, object]:
    """Return a row; raises `NotPossible` for anything but an object."""
    if isinstance(value, dict):
        return value
    where = "" if line is None else f" (line {line})"
    raise NotPossible(f"Every row of the copy must be a JSON object{where}.")


def _check_kind(path: Path, option: str) -> None:
    """Refuse a pipe or a device, which may never end."""
    if path.exists() and not path.is_file():
        raise SetUpError(f"What {option} names is no file; name a file.")


def _too_large(option: str, most: int) -> NoReturn:
    """Say how large a file may be."""
    raise NotPossible(
        f"The file of {option} is larger than {most // (1024 * 1024)} MiB;"
        " bring a smaller one."
    )


def _unreadable(option: str, error: OSError) -> NoReturn:
    """Say that a file cannot be read, without its name: it may be a person's."""
    raise SetUpError(
        f"The file of {option} cannot be read ({error.strerror}); name another."
    ) from None


_READERS: Mapping[str, _Reader] = {
    ".json": _json,
    ".jsonl": _json_lines,
    ".ndjson": _json_lines,
    ".csv": _csv,
}
