"""
Sign with the key that the key directory has now, so that an exchange needs no restart.

Each stage has a signer of its own: between its `sign` and the `key_id` that it reads
next, no other thread's look at the directory comes.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from orchestrator.adapters.keys.directory import KeyRing
from orchestrator.adapters.keys.signing import DsseSigner


class LiveSigner:
    """Signs as `DsseSigner` does; looks for another key before each signature."""

    __slots__ = ("_now", "_of_tests", "_ring", "_signer")

    def __init__(self, now: Callable[[], KeyRing], *, of_tests: bool = False) -> None:
        """Sign with the key that *now* tells, or its key of tests and dry runs."""
        self._now: Final = now
        self._of_tests: Final = of_tests
        self._ring = now()
        self._signer = self._made(self._ring)

    def __repr__(self) -> str:
        return f"LiveSigner({self._signer!r})"

    @property
    def key_id(self) -> str:
        """The fingerprint of the key that signed last."""
        return self._signer.key_id

    def sign(self, payload_type: str, payload: bytes) -> bytes:
        """Return the envelope file of *payload*, in its one spelling."""
        ring = self._now()
        if ring is not self._ring:
            self._ring, self._signer = ring, self._made(ring)
        return self._signer.sign(payload_type, payload)

    def _made(self, ring: KeyRing) -> DsseSigner:
        """Return what signs with the key of these."""
        if self._of_tests:
            return DsseSigner(ring.test_signing_key, ring.test_signing_key_id)
        return DsseSigner(ring.signing_key, ring.signing_key_id)
