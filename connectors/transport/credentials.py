"""
How a request proves who sends it.

The connector's spec declares the way; the secrets come by name from the register and
are asked for afresh once after a 401, so that a rotated secret needs no restart.
"""

from __future__ import annotations

import asyncio
from base64 import b64encode
from collections.abc import Awaitable, Callable, Mapping
from typing import Never, Protocol
from urllib.parse import quote

from pydantic import BaseModel, SecretStr

from connectors.errors import ContractChanged, CredentialsRefused
from schemas.connecting import (
    ClientCredentials,
    ConnectorSpec,
    HeaderAuth,
    NoAuth,
    Operation,
)

# A token is renewed a little before it ends, so that none ends on its way.
_EARLY = 0.9


class Secrets(Protocol):
    """Resolves references like `env:HUBSPOT_TOKEN`; never cached past a refresh."""

    def get(self, name: str, *, fresh: bool = False) -> str:
        """Return the secret that the account calls *name*."""


class Token(BaseModel):
    """The part of a token endpoint's answer that counts (RFC 6749 section 5.1)."""

    access_token: SecretStr
    expires_in: float = 300


class TokenRequest(Protocol):
    """Asks the token endpoint; given by the `Api`, which owns the connection."""

    def __call__(
        self, operation: str, headers: Mapping[str, str], form: Mapping[str, str]
    ) -> Awaitable[Token]:
        """Send the form and return the token; raises the errors of `connectors`."""


class Credentials(Protocol):
    """Headers for each request, renewed when the processor refuses them."""

    async def headers(self) -> Mapping[str, str]:
        """Return the headers to send."""

    async def renew(self, refused: Mapping[str, str]) -> None:
        """Replace what was *refused*; callers who were refused together share it."""


class _Unpickled:
    """Holds secrets, so it is never copied to where they could stay."""

    def __reduce__(self) -> Never:
        raise TypeError("Credentials are not written down; open the account again.")


class _Header(_Unpickled):
    def __init__(self, auth: HeaderAuth, secrets: Secrets) -> None:
        self._auth = auth
        self._secrets = secrets
        self._values: Mapping[str, SecretStr] = {}

    async def headers(self) -> Mapping[str, str]:
        if not self._values:
            self._values = self._read(fresh=False)
        return {name: it.get_secret_value() for name, it in self._values.items()}

    async def renew(self, refused: Mapping[str, str]) -> None:
        if refused == await self.headers():
            self._values = self._read(fresh=True)

    def _read(self, *, fresh: bool) -> Mapping[str, SecretStr]:
        found: dict[str, SecretStr] = {}
        part: HeaderAuth | None = self._auth
        while part is not None:
            secret = secret_of(self._secrets, part.secret, fresh=fresh)
            basic = b64encode(secret.encode()).decode()
            value = part.template.format(secret=secret, basic=basic)
            found[part.header] = SecretStr(_fit_for_a_header(value))
            part = part.beside
        return found


class _OAuth(_Unpickled):
    """Client credentials (RFC 6749 section 4.4), one token shared by all callers."""

    def __init__(
        self,
        auth: ClientCredentials,
        secrets: Secrets,
        ask: TokenRequest,
        settings: Mapping[str, str],
        clock: Callable[[], float],
    ) -> None:
        self._auth = auth
        self._secrets = secrets
        self._ask = ask
        self._scope = settings.get(auth.scope_option) if auth.scope_option else None
        self._clock = clock
        self._lock = asyncio.Lock()
        self._token: SecretStr | None = None
        self._ends = 0.0

    async def headers(self) -> Mapping[str, str]:
        async with self._lock:
            if self._token is None or self._clock() >= self._ends:
                await self._fetch(fresh=False)
            return self._bearer()

    async def renew(self, refused: Mapping[str, str]) -> None:
        async with self._lock:
            if self._token is None or refused == self._bearer():
                await self._fetch(fresh=True)

    def _bearer(self) -> Mapping[str, str]:
        token = self._token.get_secret_value() if self._token else ""
        return {"Authorization": f"Bearer {token}"}

    async def _fetch(self, *, fresh: bool) -> None:
        asked_at = self._clock()
        form = {"grant_type": "client_credentials"}
        if self._scope:
            form["scope"] = self._scope
        answer = await self._ask(self._auth.operation, self._basic(fresh), form)
        if not _is_one_line(answer.access_token.get_secret_value()):
            raise ContractChanged("unusable_token")
        self._token = answer.access_token
        self._ends = asked_at + answer.expires_in * _EARLY

    def _basic(self, fresh: bool) -> Mapping[str, str]:  # noqa: FBT001 (passed on)
        """Identify the client as RFC 6749 section 2.3.1 says: each part URL-encoded."""
        names = (self._auth.client_id, self._auth.client_secret)
        pair = ":".join(
            quote(secret_of(self._secrets, name, fresh=fresh), safe="")
            for name in names
        )
        return {"Authorization": f"Basic {b64encode(pair.encode()).decode()}"}


class _Nothing:
    """No credentials at all."""

    async def headers(self) -> Mapping[str, str]:
        return {}

    async def renew(self, refused: Mapping[str, str]) -> None:
        """There is nothing to renew; the second refusal is the answer."""


class Keyring:
    """The credentials of one account: the connector's, and those of its operations."""

    def __init__(
        self,
        spec: ConnectorSpec,
        secrets: Secrets,
        ask: TokenRequest,
        settings: Mapping[str, str],
        clock: Callable[[], float],
    ) -> None:
        """Take the *settings* that credentials name; *clock* is monotonic, in s."""
        self._main: Credentials
        match spec.auth:
            case HeaderAuth():
                self._main = _Header(spec.auth, secrets)
            case ClientCredentials():
                self._main = _OAuth(spec.auth, secrets, ask, settings, clock)
            case NoAuth():
                self._main = _Nothing()
        own = {it.auth for it in spec.operations.values() if it.auth is not None}
        self._own = {auth: _Header(auth, secrets) for auth in own}

    def credentials(self, operation: Operation) -> Credentials:
        """Return what an operation is signed in with."""
        return self._main if operation.auth is None else self._own[operation.auth]


def _fit_for_a_header(value: str) -> str:
    """
    Return a value that is one line of visible ASCII and blanks.

    A line break would begin another header, and what is not ASCII is sent otherwise
    by each library: both are a slip when the secret was put in its place.
    """
    if not _is_one_line(value):
        raise CredentialsRefused("secret_unusable")
    return value


def _is_one_line(value: str) -> bool:
    return value.isascii() and value.isprintable()


def secret_of(secrets: Secrets, name: str, *, fresh: bool) -> str:
    """Return a secret without blanks; raises `CredentialsRefused` if it is absent."""
    try:
        return secrets.get(name, fresh=fresh).strip()
    except (LookupError, OSError):
        problem = CredentialsRefused("secret_missing")
    raise problem
