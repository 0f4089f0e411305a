"""
Read JSON without surprises, and write the one canonical spelling of a value.

`json.loads` keeps the last of two equal keys, guesses UTF-16, accepts NaN and
rounds large numbers: each lets two readers see two different requests.  What is
read here has one meaning (I-JSON, RFC 7493), and `canonical_json` gives it one
spelling (RFC 8785), so that equal content has equal digests.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from decimal import Decimal
from json.encoder import encode_basestring

MAX_DEPTH = 16
MAX_SAFE_INTEGER = 2**53 - 1  # RFC 7493 section 2.2

_TOO_DEEP = f"JSON values are nested at most {MAX_DEPTH} deep."
_NOT_UNICODE = "Strings hold Unicode text, without unpaired surrogates."
_NOT_EXACT = "Numbers are finite, and integers lie between -(2^53 - 1) and 2^53 - 1."


class StrictJsonError(ValueError):
    """The text is not one unambiguous JSON value; the message names the rule only."""


def parse_json(value: bytes) -> object:
    """Read *value* (UTF-8), or raise `StrictJsonError` with the rule it breaks."""
    try:
        text = value.decode("utf-8")
    except UnicodeDecodeError:
        raise StrictJsonError("The value is UTF-8 text.") from None
    try:
        parsed: object = json.loads(
            text,
            object_pairs_hook=_object,
            parse_constant=_constant,
            parse_float=_float,
            parse_int=_int,
        )
    except json.JSONDecodeError:
        raise StrictJsonError("The value is one JSON text (RFC 8259).") from None
    except RecursionError:
        raise StrictJsonError(_TOO_DEEP) from None
    _check_depth_and_text(parsed)
    return parsed


def canonical_json(data: object) -> bytes:
    """
    Spell *data* (None, bool, int, float, str, list, tuple, dict) as RFC 8785 says.

    Raises `StrictJsonError` for what has no such spelling.
    """
    try:
        return _spell(data).encode("utf-8")
    except UnicodeEncodeError:
        raise StrictJsonError(_NOT_UNICODE) from None


def _spell(data: object) -> str:
    """Write one value; object members are sorted by UTF-16 code units."""
    match data:
        case str():
            return encode_basestring(data)
        case None | bool():
            return json.dumps(data)
        case int() if abs(data) <= MAX_SAFE_INTEGER:
            return str(int(data))
        case float() if math.isfinite(data):
            return _spell_float(data)
        case list() | tuple():
            return f"[{','.join(_spell(part) for part in data)}]"
        case dict():
            members = [
                f"{encode_basestring(k)}:{_spell(data[k])}" for k in _sorted(data)
            ]
            return f"{{{','.join(members)}}}"
        case int() | float():
            raise StrictJsonError(_NOT_EXACT)
        case _:
            raise StrictJsonError("Only JSON's own types have a canonical spelling.")


def _sorted(names: Mapping[str, object]) -> list[str]:
    """Order names as RFC 8785 section 3.2.3 does: by UTF-16 code units."""
    if not all(isinstance(name, str) for name in names):
        raise StrictJsonError("The names of an object's members are strings.")
    if all(name.isascii() for name in names):
        return sorted(names)  # the same order, sooner
    return sorted(names, key=lambda name: name.encode("utf-16-be", "surrogatepass"))


def _spell_float(number: float) -> str:
    """Spell a finite number as ECMAScript's Number::toString does."""
    if number == 0:
        return "0"
    sign = "-" if number < 0 else ""
    parts = Decimal(repr(abs(number))).normalize().as_tuple()
    digits = "".join(map(str, parts.digits))
    point = len(digits) + int(parts.exponent)  # places before the decimal point
    if len(digits) <= point <= 21:  # noqa: PLR2004 (ECMA-262, Number::toString)
        return sign + digits + "0" * (point - len(digits))
    if 0 < point <= 21:  # noqa: PLR2004
        return f"{sign}{digits[:point]}.{digits[point:]}"
    if -6 < point <= 0:  # noqa: PLR2004
        return f"{sign}0.{'0' * -point}{digits}"
    mantissa = digits[0] + (f".{digits[1:]}" if len(digits) > 1 else "")
    return f"{sign}{mantissa}e{point - 1:+d}"


def _object(members: list[tuple[str, object]]) -> dict[str, object]:
    """Refuse an object that names a member twice."""
    read = dict(members)
    if len(read) != len(members):
        raise StrictJsonError("An object names each of its members once.")
    return read


def _constant(_: str) -> float:
    """Refuse NaN and the infinities, which are not JSON."""
    raise StrictJsonError(_NOT_EXACT)


def _float(text: str) -> float:
    """Refuse a number too large for a double."""
    number = float(text)
    if not math.isfinite(number):
        raise StrictJsonError(_NOT_EXACT)
    return number


def _int(text: str) -> int:
    """Refuse an integer that other readers would round."""
    if len(text) > len(str(-MAX_SAFE_INTEGER)) or abs(int(text)) > MAX_SAFE_INTEGER:
        raise StrictJsonError(_NOT_EXACT)
    return int(text)


def _check_depth_and_text(parsed: object) -> None:
    """Walk the value without recursion: bounded depth, real Unicode everywhere."""
    waiting = [(parsed, 1)]
    while waiting:
        node, depth = waiting.pop()
        if depth > MAX_DEPTH and isinstance(node, dict | list):
            raise StrictJsonError(_TOO_DEEP)
        match node:
            case str():
                _check_text(node)
            case list():
                waiting += [(part, depth + 1) for part in node]
            case dict():
                waiting += [(name, depth) for name in node]
                waiting += [(part, depth + 1) for part in node.values()]
            case _:
                continue


def _check_text(text: str) -> None:
    """Refuse an unpaired surrogate, which has no UTF-8 form."""
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:
        raise StrictJsonError(_NOT_UNICODE) from None
