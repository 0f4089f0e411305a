"""
What the shell does for connectors of one's own systems: sign, publish, unseal.

A connector never holds a key, a clock or a topic.  It drafts an instruction; the shell
completes it (account, time, a fresh id where none is given) and signs it.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from typing import Protocol

from connectors.errors import EgressRefused
from schemas.instructions import Draft, Publication, Signed


class OwnSystems(Protocol):
    """Given by the orchestrator for one account."""

    @property
    def account(self) -> str:
        """The register's name of the account."""

    def sign(self, draft: Draft) -> Signed:
        """Complete and sign an instruction."""

    async def publish(self, publication: Publication) -> None:
        """Make it durable for the account's topic; it is sent at least once."""

    def unseal(self, sealed: str) -> bytes:
        """Open a JWE that was made for our key; raises `ValueError`."""


class NoOwnSystems:
    """For accounts whose connector signs and publishes nothing."""

    account = ""

    def sign(self, draft: Draft) -> Signed:  # noqa: ARG002 (the protocol's)
        """Refuse: there is no key."""
        raise EgressRefused("nothing_to_sign_with")

    async def publish(self, publication: Publication) -> None:  # noqa: ARG002
        """Refuse: there is no topic."""
        raise EgressRefused("nowhere_to_publish")

    def unseal(self, sealed: str) -> bytes:  # noqa: ARG002 (the protocol's)
        """Refuse: there is no key."""
        raise EgressRefused("nothing_to_unseal_with")


class OwnApi:
    """The part of an account's `Api` that signs, unseals and publishes."""

    def __init__(
        self,
        own: OwnSystems | None,
        guard: Callable[[str], AbstractAsyncContextManager[None]],
    ) -> None:
        self._own = own or NoOwnSystems()
        self._guard = guard

    @property
    def account(self) -> str:
        """The register's name of the account, as signed instructions carry it."""
        return self._own.account

    def sign(self, draft: Draft) -> Signed:
        """Complete and sign an instruction; the key stays with the shell."""
        return self._own.sign(draft)

    def unseal(self, sealed: str) -> bytes:
        """Open a JWE that was made for our key; raises `ValueError`."""
        return self._own.unseal(sealed)

    async def publish(self, deed: str, publication: Publication) -> None:
        """
        Publish as one declared deed: mode, rates and lease hold as for a request.

        Afterwards the message is durable, and is sent at least once under its id.
        """
        async with self._guard(deed):
            await self._own.publish(publication)
