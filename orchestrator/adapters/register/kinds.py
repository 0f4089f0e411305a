"""
The kinds of values that `register.toml` holds, each with its own words of refusal.

A refusal repeats a short value where a format was expected, and never a secret.
"""

from __future__ import annotations

import base64
import re
import zoneinfo
from datetime import date, timedelta
from enum import StrEnum
from typing import Annotated

from pydantic import BaseModel, BeforeValidator, ConfigDict

from orchestrator.adapters.durations import parse_duration
from orchestrator.adapters.register.values import Wrong, told
from schemas.addresses import (
    NotPlainError,
    Reach,
    address_in,
    host_of,
    place_of,
    reach_of,
)

_SLUG = re.compile(r"[a-z0-9][a-z0-9-]{0,47}")
_COUNTRY = re.compile(r"[A-Z]{2}")
_JURISDICTION = re.compile(r"[A-Z]{2}(-[A-Z0-9]{1,3})?")
_REFERENCE = re.compile(r"env:[A-Za-z_][A-Za-z0-9_]*|file:/[^\x00-\x1f]+")
_MAX_TEXT = 200


def _a_string(value: object) -> str:
    """Accept a non-empty line of text; TOML's other types are a slip of the pen."""
    if not isinstance(value, str) or not value.strip():
        raise Wrong("a text between quotes is expected here")
    if len(value) > _MAX_TEXT or not value.isprintable():
        raise Wrong(f"one line of at most {_MAX_TEXT} characters is expected here")
    return value


def is_slug(text: str) -> bool:
    """Tell whether *text* can name an entry (it becomes part of topic names)."""
    return _SLUG.fullmatch(text) is not None


def _a_slug(value: object) -> str:
    text = _a_string(value)
    if not is_slug(text):
        raise Wrong(f"{told(text)} is not a name (small letters, digits and hyphens)")
    return text


_MOST_COOLING = timedelta(hours=72)


def _a_country(value: object) -> str:
    text = _a_string(value)
    if not _COUNTRY.fullmatch(text):
        raise Wrong(f"{told(text)} is not a two-letter country code (ISO 3166-1)")
    return text


def _a_jurisdiction(value: object) -> str:
    text = _a_string(value)
    if not _JURISDICTION.fullmatch(text):
        raise Wrong(f"{told(text)} is not a country or one of its parts (ISO 3166)")
    return text


def _a_time_zone(value: object) -> str:
    text = _a_string(value)
    if text not in zoneinfo.available_timezones():
        raise Wrong(f"{told(text)} is not a time zone of the IANA database")
    return text


def _a_duration(value: object) -> timedelta:
    if isinstance(value, timedelta):  # a default
        return value
    text = _a_string(value)
    try:
        return parse_duration(text)
    except ValueError as error:
        raise Wrong(f"{told(text)} {error}") from None


def _a_positive_duration(value: object) -> timedelta:
    duration = _a_duration(value)
    if not duration:
        raise Wrong("a duration longer than nothing is expected here")
    return duration


def _a_cooling_off(value: object) -> timedelta:
    duration = _a_duration(value)
    if duration > _MOST_COOLING:
        raise Wrong("a cooling-off delay is shorter than the law's time: 72h at most")
    return duration


def _a_date(value: object) -> date:
    if type(value) is not date:
        raise Wrong("a date without quotes is expected here")
    return value


def _a_host(value: object) -> str:
    """Accept a host that requests can be sent to, as addresses are compared."""
    text = _a_string(value)
    try:
        host = host_of(text)
    except NotPlainError:
        host = ""
    if not host:
        raise Wrong(f"{told(text)} is not a host (a name or an address, without port)")
    address = address_in(host)
    if address is not None and reach_of(address) is Reach.NOWHERE:
        raise Wrong(f"{told(text)} is no account's address, whoever allows it")
    return host


def _a_proxy(value: object) -> str:
    """Accept a proxy's address, or a reference where it holds a password."""
    text = _a_string(value)
    if _REFERENCE.fullmatch(text):
        return text
    try:
        is_url = place_of(text).scheme in {"http", "https"}
    except NotPlainError:
        is_url = False
    if not is_url:
        raise Wrong(
            "a proxy is http://HOST:PORT or https://HOST:PORT, without a password",
            advice='write "env:NAME" or "file:/PATH" where it needs a password',
        )
    return text


def _a_public_key(value: object) -> str:
    """Accept an X25519 public key that can be sealed to, as standard base64."""
    # Every command reads settings, which know this package; few need cryptography.
    from cryptography.hazmat.primitives.asymmetric.x25519 import (  # noqa: PLC0415
        X25519PrivateKey,
        X25519PublicKey,
    )

    text = _a_string(value)
    try:
        raw = base64.b64decode(text.translate({45: "+", 95: "/"}), validate=True)
        X25519PrivateKey.generate().exchange(X25519PublicKey.from_public_bytes(raw))
    except ValueError:
        raise Wrong(
            f"{told(text)} is not an X25519 public key (32 bytes in base64)",
            advice="write what `erasure keys dpo --to FILE` prints",
        ) from None
    return base64.b64encode(raw).decode("ascii")


def _a_secret_reference(value: object) -> str:
    """Accept a reference; a literal secret is refused and never repeated."""
    known = isinstance(value, str) and _REFERENCE.fullmatch(value)
    if not known:
        raise Wrong(
            "a secret does not belong in this file",
            advice='keep it outside and write "env:NAME" or "file:/PATH" here',
        )
    return str(value)


Text = Annotated[str, BeforeValidator(_a_string)]
PublicKey = Annotated[str, BeforeValidator(_a_public_key)]
Slug = Annotated[str, BeforeValidator(_a_slug)]
Country = Annotated[str, BeforeValidator(_a_country)]
Jurisdiction = Annotated[str, BeforeValidator(_a_jurisdiction)]
TimeZone = Annotated[str, BeforeValidator(_a_time_zone)]
Duration = Annotated[timedelta, BeforeValidator(_a_duration)]
CoolingOff = Annotated[timedelta, BeforeValidator(_a_cooling_off)]
PositiveDuration = Annotated[timedelta, BeforeValidator(_a_positive_duration)]
Day = Annotated[date, BeforeValidator(_a_date)]
Host = Annotated[str, BeforeValidator(_a_host)]
Proxy = Annotated[str, BeforeValidator(_a_proxy)]
SecretReference = Annotated[str, BeforeValidator(_a_secret_reference)]


class Grade(StrEnum):
    """A grade of evidence that can be demanded."""

    E1 = "E1"
    E2 = "E2"
    E3 = "E3"
    E4 = "E4"


class Role(StrEnum):
    """Whether a recipient is instructed (processor) or told (the others)."""

    PROCESSOR = "processor"
    JOINT = "joint"
    INDEPENDENT = "independent"


class Deciders(StrEnum):
    """How many people decide on a request."""

    AUTOMATIC = "automatic"
    PERSON = "person"
    TWO_PEOPLE = "two_people"

    @property
    def number(self) -> int:
        """How many."""
        return tuple(Deciders).index(self)


class Environment(StrEnum):
    """Whether an account holds data of real people."""

    SANDBOX = "sandbox"
    LIVE = "live"


class Category(StrEnum):
    """What an account is used for, in the words of the privacy policy."""

    CRM = "crm"
    EMAIL_MARKETING = "email_marketing"
    ADVERTISING = "advertising"
    ANALYTICS = "analytics"
    EVENTS = "events"
    BOOKING = "booking"
    FULFILMENT = "fulfilment"
    DELIVERY = "delivery"
    RETURNS = "returns"
    REFUNDS = "refunds"
    IT_SERVICES = "it_services"
    WEBSITE = "website"
    MOBILE_APP = "mobile_app"
    CUSTOMER_SERVICE = "customer_service"
    PAYMENT = "payment"
    STORES = "stores"
    OTHER = "other"


class Table(BaseModel):
    """A table of the file: frozen, no unknown key, no value in its errors."""

    model_config = ConfigDict(
        extra="forbid", frozen=True, hide_input_in_errors=True, validate_default=False
    )
