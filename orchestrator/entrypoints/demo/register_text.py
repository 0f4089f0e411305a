"""
Change single values in the text of a register, comments and order kept.

Enough TOML for a file we ship ourselves: a table's header and each key on a line of
its own.  What it makes is read by the real loader afterwards, which checks all of it.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping

_HEADER = re.compile(r"^\[(?P<table>[^\]]+)\]+\s*(#.*)?$")  # [[x]] is called "[x"
_KEY = re.compile(r"^(?P<key>[A-Za-z0-9_]+)\s*=")

Values = Mapping[str, str]


def quoted(text: str) -> str:
    """Spell a string of TOML; JSON's escapes are among TOML's."""
    return json.dumps(text, ensure_ascii=False)


def with_values(text: str, changes: Mapping[str, Values]) -> str:
    """
    Return *text* with keys of tables set to values, which are spelled as in TOML.

    A key that the table lacks is added at its head, a table that is not there at
    the end.
    """
    lines: list[str] = []
    table, left = "", {name: dict(values) for name, values in changes.items()}
    for line in text.splitlines():
        header = _HEADER.match(line)
        if header:
            table = header["table"]
            lines.append(line)
            lines += _missing(text, table, left.get(table, {}))
            continue
        key = _KEY.match(line)
        value = left.get(table, {}).pop(key["key"], None) if key else None
        lines.append(
            line if value is None or key is None else f"{key['key']} = {value}"
        )
    for name, values in left.items():
        if f"[{name}]" not in text:
            lines += ["", f"[{name}]", *(f"{k} = {v}" for k, v in values.items())]
    return "\n".join(lines) + "\n"


def _missing(text: str, table: str, values: dict[str, str]) -> list[str]:
    """Take the values out whose keys the table lacks, as lines."""
    body = text.partition(f"[{table}]")[2].partition("\n[")[0]
    there = {found["key"] for line in body.splitlines() if (found := _KEY.match(line))}
    return [f"{key} = {values.pop(key)}" for key in sorted({*values} - there)]
