"""
One spelling for each identifier, wherever it comes from, and its hash where needed.

The portal sends the one spelling (`normalised`); processors answer with their own
(`recovered`).  Errors name the type, never the value.

Lower-casing the part of an e-mail address before the `@` is a choice: RFC 5321 section
2.4 lets a host tell `Ada@` from `ada@`, though hardly one does.  Searching by both
spellings of one mailbox finds more than it could confuse, and processors fold case
themselves.
"""

from __future__ import annotations

import re
import unicodedata
from hashlib import sha256

from schemas.people import EMAIL, PHONE, Identifier

_LONGEST_ADDRESS = 254  # RFC 5321 section 4.5.3.1.3
_LONGEST_VALUE = 256
_LOCAL = re.compile(r"[^@\s\x00-\x1f\x7f]{1,64}")
_DOMAIN = re.compile(r"[^@\s\x00-\x1f\x7f]+\.[^@\s\x00-\x1f\x7f.]+")
_E164 = re.compile(r"\+[1-9][0-9]{6,14}")


class NotOfItsTypeError(ValueError):
    """A value is not spelled as its type demands; the message names the type only."""


def normalised(type_: str, value: str) -> str:
    """
    Return the one spelling of a value; raises `NotOfItsTypeError`.

    NFC without blanks around it; addresses in lower case; telephone numbers in E.164
    already; every other type (customer ids, processors' own) is left as it is.
    """
    value = unicodedata.normalize("NFC", value).strip()
    if type_ == EMAIL:
        value = value.lower()
    hidden = {"Cc", "Cf"} if type_ in (EMAIL, PHONE) else {"Cc"}
    wrong = (
        not value
        or any(unicodedata.category(sign) in hidden for sign in value)
        or (type_ == EMAIL and _unlike_address(value))
        or (type_ == PHONE and _E164.fullmatch(value) is None)
    )
    if wrong:
        raise NotOfItsTypeError(f"The value is not of the type {type_}.")
    return value


def recovered(found: Identifier, country: str | None = None) -> Identifier:
    """
    Return an identifier that a processor holds in its one spelling.

    A telephone number is read as people write it, `+33 1 99 00 01 01`, and without
    its `+` only where a *country* (ISO 3166-1, two letters) is known: a guessed one
    would be somebody else's number.  Raises `NotOfItsTypeError`.
    """
    value = found.value
    if len(value) > _LONGEST_VALUE:
        raise NotOfItsTypeError(f"The value is not of the type {found.type}.")
    if found.type == PHONE:
        value = _as_e164(value, country)
    return Identifier(found.type, normalised(found.type, value))


def sha256_of(value: str) -> str:
    """Return the hash by which vendors know a person: of the trimmed lower case."""
    return sha256(_folded(value)).hexdigest()


def _folded(value: str) -> bytes:
    return unicodedata.normalize("NFC", value).strip().lower().encode()


def _unlike_address(value: str) -> bool:
    """Tell whether *value* is no address: one @, a dotted domain, no blanks."""
    local, _, domain = value.rpartition("@")
    return (
        _LOCAL.fullmatch(local) is None
        or _DOMAIN.fullmatch(domain) is None
        or len(value) > _LONGEST_ADDRESS
    )


def _as_e164(value: str, country: str | None) -> str:
    """Return a telephone number in E.164; raises `NotOfItsTypeError`."""
    import phonenumbers  # noqa: PLC0415 (its tables take time, and few need them)

    try:
        number = phonenumbers.parse(value, country)
    except phonenumbers.NumberParseException:
        number = None
    # An extension names a desk behind the number, and others share the number.
    if (
        number is None
        or number.extension
        or not phonenumbers.is_possible_number(number)
    ):
        raise NotOfItsTypeError(f"The value is not of the type {PHONE}.")
    e164: str = phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)
    return e164
