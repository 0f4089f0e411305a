"""
Names for people and payloads that say nothing without a key.

A pseudonym stays personal data (Art 4(5) GDPR) as long as the key exists; whoever
lacks the key cannot test a guess against it, which a plain hash of an e-mail address
would allow.  Every digest is HMAC-SHA256 over framed fields, the first of which names
its use, so that equal inputs of different uses never give equal digests.
"""

from __future__ import annotations

import hmac
from typing import NoReturn

from pydantic import SecretBytes

from orchestrator.adapters.keys.framing import framed

KEY_BYTES = 32

# Never change: with another word or form no stored pseudonym is found again.
_SUBJECT = "erasure/subject/1"
_PAYLOAD = "erasure/payload/1"
_IDENTIFIER = "erasure/identifier/1"
_TOMBSTONE = "erasure/tombstone/1"
_SUBJECT_PREFIX = "sub1-"


class Pseudonyms:
    """Keyed pseudonyms and digests under one 256-bit key; about 2 µs each."""

    __slots__ = ("_key",)

    def __init__(self, key: SecretBytes) -> None:
        if len(key.get_secret_value()) != KEY_BYTES:
            raise ValueError(f"A pseudonym key has {KEY_BYTES} bytes.")
        self._key = key

    def __repr__(self) -> str:
        return "Pseudonyms(key hidden)"

    def __reduce__(self) -> NoReturn:
        raise TypeError("Pseudonyms are never pickled: the key stays in the process.")

    def subject_reference(self, controller: str, customer_id: str) -> str:
        """
        Name one person of one controller, the same in every case.

        Never change: `sub1-` and 64 lower-case hex digits.  The portal's customer id
        is taken as it is, without trimming or case folding; two controllers never
        share a reference, so that their cases cannot be linked.
        """
        return _SUBJECT_PREFIX + self._hex(_SUBJECT, controller, customer_id)

    def digest(self, purpose: str, data: bytes) -> str:
        """
        Return a keyed digest of *data* for one *purpose*: 64 lower-case hex digits.

        Never change: it says whether a repeated request has the same content.
        """
        return self._hex(_PAYLOAD, purpose, data)

    def identifier_digest(self, case: str, identifier_type: str, value: str) -> str:
        """
        Return a keyed digest of an identifier inside one case: 64 hex digits.

        Bound to the case, so that digests of two cases cannot be linked.  The value is
        taken as it is; who compares normalises first.
        """
        return self._hex(_IDENTIFIER, case, identifier_type, value)

    def tombstone(self, controller: str, identifier_type: str, value: str) -> str:
        """
        Return the digest by which an erased identifier is known: 64 hex digits.

        The same in every case of one controller, so that a restored system's ids can
        be compared; normalise first.
        """
        return self._hex(_TOMBSTONE, controller, identifier_type, value)

    def _hex(self, *fields: str | bytes) -> str:
        key = self._key.get_secret_value()
        return hmac.digest(key, framed(*fields), "sha256").hex()
