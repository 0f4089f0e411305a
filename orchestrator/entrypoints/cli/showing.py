"""
Print results: a Rich table on a terminal, plain columns otherwise, JSON on request.

A table's columns are chosen for people; JSON has every field under its own name.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import fields, is_dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import TypeVar

from orchestrator.errors import SetUpError

Row = TypeVar("Row")
Columns = Sequence[tuple[str, Callable[[Row], object]]]


def print_json(value: object) -> None:
    """Print a value of ours as JSON."""
    sys.stdout.write(json.dumps(plain(value), indent=2, ensure_ascii=False) + "\n")


def print_rows(
    rows: Sequence[Row], columns: Columns[Row], *, as_json: bool, nothing: str
) -> None:
    """Print a list; *nothing* is the sentence for an empty one."""
    if as_json:
        print_json(rows)
    elif not rows:
        say(nothing)
    else:
        heads = [head for head, _ in columns]
        print_table(heads, [[text(cell(row)) for _, cell in columns] for row in rows])


def print_table(heads: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """Print a table: Rich's on a terminal, else aligned columns."""
    if sys.stdout.isatty():
        _print_rich(heads, rows)
        return
    widths = [max(map(len, column)) for column in zip(heads, *rows, strict=True)]
    for row in (heads, *rows):
        cells = (cell.ljust(width) for cell, width in zip(row, widths, strict=True))
        say("  ".join(cells).rstrip())


def print_facts(facts: Sequence[tuple[str, object]]) -> None:
    """Print names and values, leaving out what is not known."""
    known = [(name, text(value)) for name, value in facts if text(value)]
    width = max((len(name) for name, _ in known), default=0)
    for name, value in known:
        say(f"{name.ljust(width)}  {value}")


def say(line: str = "") -> None:
    """Print a line of the result."""
    sys.stdout.write(f"{_printable(line)}\n")


def warn(line: str) -> None:
    """Print a diagnostic line."""
    sys.stderr.write(f"{_printable(line)}\n")


def plain(value: object) -> object:
    """Return dataclasses, times and tuples as what JSON has."""
    match value:
        case datetime() | date():
            return value.isoformat()
        case Mapping():
            return {str(key): plain(part) for key, part in value.items()}
        case str() | int() | float() | bool() | None:
            return value
        case list() | tuple():
            return [plain(part) for part in value]
        case _ if is_dataclass(value):
            return {one.name: plain(getattr(value, one.name)) for one in fields(value)}
        case _:
            return str(value)


def text(value: object) -> str:
    """Write a cell for people; times are UTC to the minute."""
    match value:
        case None | False:
            return ""
        case True:
            return "yes"
        case datetime():
            return f"{value.astimezone(UTC):%Y-%m-%d %H:%M}Z"
        case Mapping():
            return ", ".join(f"{count} {key}" for key, count in value.items())
        case list() | tuple():
            return ", ".join(map(str, value))
        case _:
            return str(value)


def _print_rich(heads: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """Print a Rich table; cells are text, never markup."""
    from rich.console import Console  # noqa: PLC0415 (only for a terminal)
    from rich.table import Table  # noqa: PLC0415
    from rich.text import Text  # noqa: PLC0415

    table = Table(*heads, header_style="bold")
    for row in rows:
        table.add_row(*(Text(_printable(cell)) for cell in row))
    Console(file=sys.stdout).print(table)


def _printable(line: str) -> str:
    """Drop control characters: a terminal would obey them."""
    return "".join(one if one.isprintable() or one == "\n" else " " for one in line)


def write_file(path: Path, content: bytes) -> None:
    """Write what was asked for; raises `SetUpError`."""
    try:
        path.write_bytes(content)
    except OSError as error:
        raise SetUpError(
            f"{path} cannot be written ({error.strerror}); name another file."
        ) from None
