"""
Change the text of a register, comments and order kept: single values, whole accounts.

Enough TOML for a file we ship ourselves: a table's header and each key on a line of
its own.  What it makes is read by the real loader afterwards, which checks all of it.
"""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Collection, Iterator, Mapping

_HEADER = re.compile(r"^\[(?P<table>[^\]]+)\]+\s*(#.*)?$")  # [[x]] is called "[x"
_FED_BY = re.compile(r"^fed_by = (?P<names>\[[^\]]*\])", re.MULTILINE)
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


def with_accounts(text: str, kept: Collection[str]) -> str:
    """
    Return *text* with these accounts and nobody whom only the others need.

    A recipient that only they are about goes, and so does the name of an account that
    is gone from another's `fed_by`; retention rules and former recipients stay.
    """
    read = tomllib.loads(text)
    accounts = read["accounts"]
    left = {it["recipient"] for name, it in accounts.items() if name in kept}
    gone = {it["recipient"] for it in accounts.values()} - left
    recipients = read["recipients"].keys() - gone
    there = {"accounts": set(kept), "recipients": recipients}
    pieces: list[str] = []
    for piece in _tables(text):
        section, _, rest = _name_of(piece).partition(".")
        if section not in there or rest.partition(".")[0] in there[section]:
            pieces.append(_FED_BY.sub(lambda it: _fed_by(it["names"], kept), piece))
    return "".join(pieces).rstrip() + "\n"


def _tables(text: str) -> Iterator[str]:
    """Cut *text* into tables, each with the comment right above it, and headings."""
    piece: list[str] = []
    comment: list[str] = []
    for line in text.splitlines(keepends=True):
        if line.startswith("#"):
            comment.append(line)
            continue
        is_heading = bool(comment) and not line.strip()
        if is_heading or _HEADER.match(line):
            yield "".join(piece)
            piece = []
        piece += [*comment, line]
        comment = []
        if is_heading:
            yield "".join(piece)
            piece = []
    yield "".join([*piece, *comment])


def _name_of(piece: str) -> str:
    """Return the name of the table that a piece of the text begins with."""
    headers = (_HEADER.match(line) for line in piece.splitlines())
    return next((it["table"] for it in headers if it), "")


def _fed_by(names: str, kept: Collection[str]) -> str:
    """Spell `fed_by` with the accounts that are left."""
    left = [name for name in json.loads(names) if name in kept]
    return f"fed_by = {json.dumps(left)}"


def _missing(text: str, table: str, values: dict[str, str]) -> list[str]:
    """Take the values out whose keys the table lacks, as lines."""
    body = text.partition(f"[{table}]")[2].partition("\n[")[0]
    there = {found["key"] for line in body.splitlines() if (found := _KEY.match(line))}
    return [f"{key} = {values.pop(key)}" for key in sorted({*values} - there)]
