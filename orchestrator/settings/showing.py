"""How a setting's value is shown to people: no secret, and no password in a URL."""

from __future__ import annotations

import re
from datetime import timedelta
from urllib.parse import urlsplit

from pydantic import SecretStr

from orchestrator.adapters.durations import duration_text

_HIDDEN = "********"


def shown(field: str, value: object) -> str:
    """Write a value for people."""
    match value:
        case None:
            return ""
        case timedelta():
            return duration_text(value)
        case SecretStr() if field == "database_url":
            return _without_passwords(value.get_secret_value())
        case SecretStr():
            return _HIDDEN if value else ""
        case _:
            return str(value)


def _without_passwords(url: str) -> str:
    """Return a database URL whose passwords are hidden; all of it if it is no URL."""
    try:
        parts = urlsplit(url)
        password = parts.password
    except ValueError:
        return _HIDDEN
    rest = f"{parts.path}{parts.query}{parts.fragment}"
    if "://" not in url or "@" in rest:  # an unescaped / or # in the password
        return _HIDDEN
    netloc = parts.netloc
    if password is not None:
        user, _, host = netloc.rpartition("@")
        netloc = f"{user.partition(':')[0]}:{_HIDDEN}@{host}"
    query = re.sub(
        r"(?i)([^&=]*(?:password|secret|token)[^&=]*)=[^&]*",
        rf"\1={_HIDDEN}",
        parts.query,
    )
    tail = f"?{query}" if query else ""
    return f"{parts.scheme}://{netloc}{parts.path}{tail}"
