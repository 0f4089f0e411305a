"""The part of the shell that signs and publishes, for the acceptance suite."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from datetime import UTC, datetime
from hashlib import sha256
from itertools import count

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey

from connectors.fakes.team_keys import public, signed
from connectors.signed.sealing import unseal
from schemas.instructions import (
    INSTRUCTION_MEDIA_TYPE,
    Draft,
    Instruction,
    Publication,
    Signed,
    instruction_bytes,
)

_SIGNING = Ed25519PrivateKey.from_private_bytes(sha256(b"our signing key").digest())
_SEALING = X25519PrivateKey.from_private_bytes(sha256(b"our sealing key").digest())
OUR_SIGNING_KEY = public(_SIGNING)
OUR_SEALING_KEY = public(_SEALING)
_ISSUED_AT = datetime(2026, 11, 20, 9, 30, tzinfo=UTC)


class Office:
    """Signs with an invented key; hands publications to *take*."""

    def __init__(
        self,
        account: str = "fake",
        take: Callable[[Publication], None] | None = None,
        key: Ed25519PrivateKey = _SIGNING,
    ) -> None:
        self.account = account
        self.published: list[Publication] = []
        self._take = take
        self._key = key
        self._numbers = count(1)

    def deliver_to(self, take: Callable[[Publication], None]) -> None:
        """Hand publications to *take*, unless they go somewhere already."""
        self._take = self._take or take

    def told(self) -> list[str]:
        """Return all that a reader of the topics sees, also inside the envelopes."""
        return [
            it.key + base64.b64decode(json.loads(it.value)["payload"]).decode()
            for it in self.published
        ]

    def sign(self, draft: Draft) -> Signed:
        """Complete and sign an instruction."""
        instruction = Instruction(
            instruction_id=draft.instruction_id or f"read-{next(self._numbers)}",
            account=self.account,
            action=draft.action,
            issued_at=_ISSUED_AT,
            tasks=draft.tasks,
            about=draft.about,
            sealed=draft.sealed,
        )
        payload = instruction_bytes(instruction)
        return Signed(instruction, signed(payload, INSTRUCTION_MEDIA_TYPE, self._key))

    async def publish(self, publication: Publication) -> None:
        """Keep it, and hand it on."""
        self.published.append(publication)
        if self._take is not None:
            self._take(publication)

    def unseal(self, sealed: str) -> bytes:
        """Open what was sealed to our invented key."""
        raw = _SEALING.public_key().public_bytes_raw()
        return unseal(sealed, _SEALING.private_bytes_raw(), raw)
