"""
The processor's certificate: found by discovery, kept, fetched anew when it does not do.

Only a host that the register or the dialect names may hand it out, and only a domain
that they name may be in it.
"""

from __future__ import annotations

from collections.abc import Callable
from urllib.parse import urlsplit

from connectors.base import Api
from connectors.errors import (
    CredentialsRefused,
    LeaseLost,
    NotGenuine,
    ProcessorError,
    TryLater,
)
from connectors.opendsr import messages
from connectors.opendsr.options import OpenDsrOptions
from connectors.opendsr.signatures import (
    MOST_PEM_BYTES,
    Key,
    check_certificate,
    store_of,
)

Check = Callable[[Key], None]


class Certificates:
    """One processor's certificate, as of its last fetch."""

    def __init__(self, api: Api, options: OpenDsrOptions) -> None:
        """Keep the parts; nothing is fetched yet."""
        self._api = api
        dialect = options.speaks
        self._host = dialect.certificate_host or dialect.processor_domain
        self._roots = options.roots_pem
        self._pem: bytes | None = None
        self._doubts = 0  # refusals in a row

    async def verified(self, domain: str, check: Check) -> None:
        """
        Let *check* judge by the certificate of *domain*, once more by a fresh one.

        A stranger's signatures do not make us fetch it again and again: after each
        refusal in a row whose number is a power of two, and no other.
        Raises `NotGenuine`, or `TryLater` where the certificate cannot be had now.
        """
        if self._pem is not None:
            refused = self._problem(self._pem, domain, check)
            if refused is None:
                self._doubts = 0
                return
            self._doubts += 1
            if self._doubts & (self._doubts - 1):
                raise refused
        refused = self._problem(await self._fetched(), domain, check)
        if refused is not None:
            raise refused
        self._doubts = 0

    def _problem(self, pem: bytes, domain: str, check: Check) -> NotGenuine | None:
        """Return why a certificate or what it signed is not genuine."""
        try:
            check(check_certificate(pem, store_of(self._roots), domain))
        except NotGenuine as error:
            return NotGenuine(str(error))
        return None

    async def _fetched(self) -> bytes:
        """Fetch the certificate that the discovery names, and keep it."""
        pem = await self._away_as_later()
        if len(pem) > MOST_PEM_BYTES:
            raise NotGenuine("certificate_too_large")
        self._pem = pem
        return pem

    async def _away_as_later(self) -> bytes:
        """Fetch; whatever is wrong there, the callback itself is not to blame."""
        try:
            return await self._downloaded()
        except (LeaseLost, NotGenuine, TryLater, CredentialsRefused):
            raise
        except ProcessorError:
            pass
        raise TryLater("certificate_away")

    async def _downloaded(self) -> bytes:
        """Follow the discovery to the certificate."""
        found = (await self._api.call("discovery")).parse(messages.Discovery)
        url = found.processor_certificate
        if url is None:
            raise NotGenuine("no_certificate")
        if (urlsplit(url).hostname or "").lower() != self._host:
            raise NotGenuine("certificate_elsewhere")
        pem = bytearray()
        # Elsewhere it would be another host's word.
        async for piece in self._api.download("certificate", url, redirects=0):
            pem += piece
            if len(pem) > MOST_PEM_BYTES:
                break
        return bytes(pem)
