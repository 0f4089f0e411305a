"""
Resolve references to secrets, each time they are asked for.

Nothing is kept: a token rotated on disk is picked up by the next request.  Errors
name the reference, which is no secret, and never what it leads to.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import urlsplit

from pydantic import SecretStr

from orchestrator.errors import SetUpError

_MAX_BYTES = 64 * 1024


def resolve_secret(reference: str) -> SecretStr:
    """
    Return the secret behind `env:NAME` or `file:/PATH`, without surrounding blanks.

    Raises `SetUpError` when it is absent, unreadable or empty.
    """
    source, _, place = reference.partition(":")
    if source == "env":
        value = os.environ.get(place)
        if value is None:
            raise SetUpError(f"The environment variable {place} is not set; set it.")
    elif source == "file":
        value = _read(Path(place))
    else:
        raise SetUpError(
            'A secret is not a reference; write "env:NAME" or "file:/PATH" instead.'
        )
    if not value.strip():
        raise SetUpError(f"The secret at {reference} is empty; put it there.")
    return SecretStr(value.strip())


def is_open_to_others(reference: str) -> bool:
    """Tell whether everybody on this machine may read what *reference* leads to."""
    source, _, place = reference.partition(":")
    if source != "file":
        return False
    try:
        return bool(Path(place).stat().st_mode & stat.S_IROTH)
    except OSError:
        return False


def proxy_at(place: str) -> str:
    """
    Return a proxy's URL, whether *place* is the URL itself or a reference to it.

    Raises `SetUpError` when the reference leads to nothing, or to no proxy's URL.
    """
    if place.startswith(("http://", "https://")):
        return place
    url = resolve_secret(place).get_secret_value()
    try:
        parts = urlsplit(url)
        is_url = parts.scheme in {"http", "https"} and bool(parts.hostname)
    except ValueError:
        is_url = False
    if not is_url:
        raise SetUpError(
            f"What {place} leads to is no proxy; put http://USER:PASSWORD@HOST:PORT "
            "there."
        )
    return url


class AccountSecrets:
    """One account's secrets by the names its connector gives them."""

    def __init__(self, account: str, references: Mapping[str, str]) -> None:
        self._account = account
        self._references = dict(references)

    def __repr__(self) -> str:
        return f"AccountSecrets({self._account!r}, {sorted(self._references)!r})"

    def get(self, name: str, *, fresh: bool = False) -> str:  # noqa: ARG002 (never cached, always fresh)
        """Return the secret that the account calls *name*; raises `SetUpError`."""
        reference = self._references.get(name)
        if reference is None:
            raise SetUpError(
                f"The account {self._account} has no secret {name}; write "
                f'{name} = "env:NAME" under [accounts.{self._account}.secrets].'
            )
        return resolve_secret(reference).get_secret_value()


def _read(path: Path) -> str:
    """Read a small text file."""
    try:
        with path.open("rb") as file:
            content = file.read(_MAX_BYTES + 1)
    except OSError as error:
        raise SetUpError(
            f"The secret's file {path} cannot be read ({error.strerror}); "
            "put it there, readable to this user."
        ) from None
    try:
        if len(content) <= _MAX_BYTES:
            return content.decode()
    except UnicodeDecodeError:
        pass
    raise SetUpError(f"The secret's file {path} is no short text; check what it is.")
