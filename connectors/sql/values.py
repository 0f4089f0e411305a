"""
Values on their way between texts and columns: identifiers, keys, exported cells.

A text that does not fit a column's type finds nothing; it is never an error, because
the database's own words would repeat it.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import re
from base64 import b64encode
from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime, time, timedelta
from decimal import Decimal, InvalidOperation
from math import isfinite
from uuid import UUID

from pydantic import SecretStr

Key = tuple[object, ...]

KEY_TYPES = (int, str, UUID, Decimal, date, datetime)
FOUND_BY = (int, str, UUID, Decimal)
PSEUDONYM_LENGTH = 32

_WHOLE = re.compile(r"-?[0-9]{1,18}")
_BODY = 18
_TAG = 9


def column_value(kind: type, text: str) -> object | None:
    """Return *text* as a column of *kind* holds it, or nothing where it cannot."""
    if kind is str:
        return text if _is_storable(text) else None
    if kind is int:
        return int(text) if _WHOLE.fullmatch(text) else None
    read = _READERS.get(kind)
    try:
        return read(text) if read else None
    except (ValueError, InvalidOperation):
        return None


def _number(text: str) -> Decimal | None:
    """Read an exact number; NaN and infinity are none."""
    number = Decimal(text)
    return number if number.is_finite() else None


_READERS: Mapping[type, Callable[[str], object | None]] = {
    UUID: UUID,
    Decimal: _number,
    bool: {"true": True, "false": False}.get,
    date: date.fromisoformat,
    datetime: datetime.fromisoformat,
}


def _is_storable(text: str) -> bool:
    """Tell whether a database takes the text: no NUL, no half of a surrogate pair."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return "\0" not in text


def reference(label: str, key: Key) -> str:
    """Name a row: its table's label and its key, the same each time."""
    told = [it if isinstance(it, int | str) else str(it) for it in key]
    return json.dumps([label, *told], ensure_ascii=False, separators=(",", ":"))


def label_of(name: str) -> str:
    """Return the label of a row's table; empty where it is no such name."""
    parts = _parts(name)
    return str(parts[0]) if parts else ""


def key_of(name: str, kinds: Sequence[type]) -> Key | None:
    """Return a row's key out of its name, or nothing where it does not fit."""
    told = _parts(name)[1:]
    if len(told) != len(kinds):
        return None
    pairs = zip(told, kinds, strict=True)
    key = tuple(_key_value(kind, value) for value, kind in pairs)
    return None if None in key else key


def _parts(name: str) -> list[object]:
    try:
        parts = json.loads(name)
    except ValueError:
        return []
    return parts if isinstance(parts, list) else []


def _key_value(kind: type, value: object) -> object | None:
    if isinstance(value, int) or kind is str:
        return value
    return column_value(kind, str(value))


def started_on(value: object) -> date | None:
    """Return the day on which a record began; nothing where the column tells none."""
    match value:
        case datetime():
            return value.date()
        case date():
            return value
        case str():
            try:
                return date.fromisoformat(value[:10])
            except ValueError:
                return None
        case _:
            return None


def as_json(value: object) -> object:
    """Return a cell as JSON: exact numbers, moments and bytes become text."""
    told: object = str(value)
    match value:
        case None | bool() | int() | str():
            told = value
        case float() if isfinite(value):
            told = value
        case datetime() | date() | time():
            told = value.isoformat()
        case timedelta():
            told = value.total_seconds()
        case bytes() | bytearray() | memoryview():
            told = b64encode(bytes(value)).decode()
        case Mapping():
            told = {str(name): as_json(it) for name, it in value.items()}
        case list() | tuple() | set() | frozenset():
            told = [as_json(it) for it in value]
        case _:
            pass
    return told


class Pseudonyms:
    """
    Keyed pseudonyms that know one another: equal values stay equal, nobody else's pass.

    HMAC-SHA256 under the account's own key, and a tag by which a pseudonym is
    recognised as ours; so it is not made again of itself, and a look can tell it from
    what it stands for.  Who holds the key can try values: it stays personal data for
    them (Recital 26 GDPR) until the key is destroyed.
    """

    def __init__(self, key: SecretStr) -> None:
        self._key = key.get_secret_value().encode()

    def of(self, value: str) -> str:
        """Return the pseudonym of *value*: `anon-` and 27 characters."""
        body = self._digest(b"value", value)[:_BODY]
        return f"anon-{body}{self._digest(b'tag', body)[:_TAG]}"

    def is_ours(self, value: str) -> bool:
        """Tell whether *value* is a pseudonym of this key."""
        if len(value) != PSEUDONYM_LENGTH or not value.startswith("anon-"):
            return False
        body, tag = value[5 : 5 + _BODY], value[5 + _BODY :]
        return hmac.compare_digest(
            self._digest(b"tag", body)[:_TAG].encode(), tag.encode()
        )

    def _digest(self, purpose: bytes, value: str) -> str:
        message = purpose + b"\0" + value.encode("utf-8", "surrogatepass")
        return hmac.new(self._key, message, hashlib.sha256).hexdigest()
