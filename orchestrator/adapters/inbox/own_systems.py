"""
Sign and publish for the connectors of one's own systems, one desk an account.

It keeps the protocol of `connectors.signed.own_systems` without knowing it.  A
publication is a row of the outbox in a transaction of its own: the relay sends it, at
least once.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from contextlib import suppress
from datetime import datetime
from typing import Protocol

from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey

from orchestrator.adapters.vault.cipher import Cipher
from orchestrator.ports import Clock, OutgoingMessage
from schemas.instructions import (
    INSTRUCTION_MEDIA_TYPE,
    Draft,
    Instruction,
    Publication,
    Signed,
    instruction_bytes,
)
from schemas.topics import instructions_topic

# Never change: the key that systems of one's own seal their copies to.
_LABEL = "receiving"


class Signer(Protocol):
    """Makes envelopes."""

    def sign(self, payload_type: str, payload: bytes) -> bytes:
        """Return the envelope of *payload*."""


class Outbox(Protocol):
    """Makes messages durable."""

    def send(self, message: OutgoingMessage, at: datetime) -> None:
        """Keep it until it was sent; raises `Unavailable`."""


class ReceivingKey:
    """
    The X25519 key that systems of one's own seal their copies to.

    Derived of the key-encryption key, so that there is no further file to keep; *open_*
    opens a JWE with the raw private and public key.
    """

    def __init__(
        self, cipher: Cipher, open_: Callable[[str, bytes, bytes], bytes]
    ) -> None:
        """Keep both; nothing is derived yet."""
        self._cipher = cipher
        self._open = open_

    @property
    def public(self) -> bytes:
        """The raw public key to seal to from now on."""
        return self._pairs()[0][1]

    @property
    def others(self) -> Sequence[bytes]:
        """The raw public keys of the next and the retired ones, which open as well."""
        return [public for _, public in self._pairs()[1:]]

    def unseal(self, sealed: str) -> bytes:
        """Open what was sealed to it, or before it was exchanged; or `ValueError`."""
        *pairs, last = self._pairs()
        for private, public in pairs:
            with suppress(ValueError):
                return self._open(sealed, private, public)
        return self._open(sealed, *last)

    def _pairs(self) -> Sequence[tuple[bytes, bytes]]:
        """Return raw private and public keys, the current pair first."""
        private = map(
            X25519PrivateKey.from_private_bytes, self._cipher.derived_bytes(_LABEL)
        )
        return [
            (one.private_bytes_raw(), one.public_key().public_bytes_raw())
            for one in private
        ]


class Desks:
    """Gives each account its desk."""

    def __init__(
        self, signer: Signer, clock: Clock, outbox: Outbox, receiving: ReceivingKey
    ) -> None:
        """Keep the parts."""
        self.receiving = receiving
        self._signer = signer
        self._clock = clock
        self._outbox = outbox

    def of(self, account: str) -> InstructionDesk:
        """Return one account's desk."""
        return InstructionDesk(
            account,
            self._signer,
            self._clock,
            lambda message: self._outbox.send(message, self._clock.now()),
            self.receiving.unseal,
        )


class InstructionDesk:
    """What one account's connector may have signed, published and unsealed."""

    def __init__(
        self,
        account: str,
        signer: Signer,
        clock: Clock,
        send: Callable[[OutgoingMessage], None],
        unseal: Callable[[str], bytes],
    ) -> None:
        """Keep the parts; *send* makes a message durable, or raises `Unavailable`."""
        self.account = account
        self._signer = signer
        self._clock = clock
        self._send = send
        self._unseal = unseal

    def sign(self, draft: Draft) -> Signed:
        """Complete *draft* with account, time and id, and sign it."""
        instruction = Instruction(
            instruction_id=draft.instruction_id or self._clock.new_id("i"),
            account=self.account,
            action=draft.action,
            issued_at=self._clock.now(),
            tasks=draft.tasks,
            about=draft.about,
            sealed=draft.sealed,
        )
        payload = instruction_bytes(instruction)
        return Signed(instruction, self._signer.sign(INSTRUCTION_MEDIA_TYPE, payload))

    async def publish(self, publication: Publication) -> None:
        """Make it durable for the account's own topic; the same again is sent again."""
        message = OutgoingMessage(
            message_id=publication.message_id,
            topic=instructions_topic(self.account),
            key=publication.key,
            type=publication.type,
            data=publication.value.decode("ascii"),
        )
        # Not on the event loop: the database may make it wait.
        await asyncio.to_thread(self._send, message)

    def unseal(self, sealed: str) -> bytes:
        """Open what was sealed to our key; raises `ValueError`."""
        return self._unseal(sealed)
