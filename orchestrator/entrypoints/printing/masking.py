"""
Show what identifies a person so that somebody can tell two people apart, and no more.

The shapes are those of `docs/cli.md`: `a***@e***.com`, `+33*******01`, `C***`.
"""

from __future__ import annotations

import json
import re

from schemas.connecting import EMAIL, PHONE, Identifier

_STARS = "***"
_EMAIL = re.compile(r"([^\s@])[^\s@]*@([^\s@.])[^\s@]*?(\.[A-Za-z0-9-]{2,24})?")
_PHONE_SHOWN = 2  # digits at the end
_LONGEST_TEXT = 200


def masked_identifier(identifier: Identifier) -> str:
    """Return `type: masked value`."""
    match identifier.type:
        case t if t == EMAIL:
            shown = masked_email(identifier.value)
        case t if t == PHONE:
            shown = masked_phone(identifier.value)
        case _:
            shown = masked_word(identifier.value)
    return f"{identifier.type}: {shown}"


def masked_email(value: str) -> str:
    """Keep the first letters and the last label: `a***@e***.com`."""
    parts = _EMAIL.fullmatch(value.strip())
    if parts is None:
        return masked_word(value)
    last = parts[3] or ""
    return f"{parts[1]}{_STARS}@{parts[2]}{_STARS}{last}"


def masked_phone(value: str) -> str:
    """Keep a plus sign with two digits, and the last two."""
    digits = re.sub(r"[^0-9+]", "", value)
    if len(digits) < len("+331234") + _PHONE_SHOWN:
        return masked_word(value)
    head = digits[:3] if digits.startswith("+") else ""
    hidden = "*" * (len(digits) - len(head) - _PHONE_SHOWN)
    return f"{head}{hidden}{digits[-_PHONE_SHOWN:]}"


def masked_word(value: str) -> str:
    """Keep the first character of a longer word."""
    text = value.strip()
    first = text[0] if len(text) > len(_STARS) and text[0].isprintable() else ""
    return f"{first}{_STARS}"


def masked_text(value: str) -> str:
    """Mask every word of a text that may hold names, addresses or numbers."""
    words = [word.strip("<>()[],;:'\"") for word in value[:_LONGEST_TEXT].split()]
    return " ".join(
        masked_email(word) if "@" in word else masked_word(word) for word in words
    )


def masked_json(value: bytes, known: frozenset[str]) -> str:
    """
    Return the shape of a JSON text: member names of our schema, and kinds of values.

    A name that is not in *known* may be anybody's data: it is not shown either.
    """
    try:
        document = json.loads(value)
    except (ValueError, RecursionError):
        return f"(no JSON, {len(value)} bytes)"
    return json.dumps(_shape(document, known), indent=2, ensure_ascii=False)


def _shape(value: object, known: frozenset[str]) -> object:
    """Return the value with every leaf replaced by its kind and length."""
    match value:
        case dict():
            return {
                (name if name in known else f"(unknown member {number})"): _shape(
                    part, known
                )
                for number, (name, part) in enumerate(value.items(), start=1)
            }
        case list():
            return [_shape(part, known) for part in value]
        case str():
            return f"(text, {len(value)} characters)"
        case bool() | None:
            return "(true, false or null)"
        case _:
            return "(number)"
