"""The desk that signs, publishes and unseals for systems of one's own."""

from __future__ import annotations

import asyncio
import json
from base64 import b64encode
from os import urandom

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from pydantic import SecretBytes

from connectors.signed.sealing import seal, unseal
from orchestrator.adapters.inbox.own_systems import InstructionDesk, ReceivingKey
from orchestrator.adapters.keys.directory import key_id_of
from orchestrator.adapters.keys.signing import DsseSigner, verify_envelope
from orchestrator.adapters.vault.cipher import Cipher
from orchestrator.ports import OutgoingMessage
from schemas.instructions import INSTRUCTION_MEDIA_TYPE, Draft, Publication
from tests.core.builders import T0
from tests.support.clock import FrozenClock

KEY = Ed25519PrivateKey.generate()
KEK = urandom(32)


def a_receiving_key(kek: bytes = KEK) -> ReceivingKey:
    """Return the key that is derived of a key-encryption key."""
    return ReceivingKey(Cipher(SecretBytes(kek)), unseal)


def a_desk(sent: list[OutgoingMessage]) -> InstructionDesk:
    """Return the club's desk."""
    signer = DsseSigner(KEY, key_id_of(KEY.public_key()))
    clock = FrozenClock(T0)
    return InstructionDesk("club", signer, clock, sent.append, a_receiving_key().unseal)


def test_draft_is_completed_and_signed() -> None:
    """The shell adds account, time and an id; a verifier of ours takes the envelope."""
    signed = a_desk([]).sign(Draft("locate", ("t-1",)))

    payload = verify_envelope(signed.envelope, KEY.public_key(), INSTRUCTION_MEDIA_TYPE)
    told = json.loads(payload)
    assert (told["account"], told["action"], told["tasks"]) == (
        "club",
        "locate",
        ["t-1"],
    )
    assert told["issued_at"].startswith(T0.isoformat()[:19])
    assert told["instruction_id"] == signed.instruction.instruction_id


def test_each_search_has_an_id_of_its_own() -> None:
    """An old search's answer can so never be taken for a new one's."""
    desk = a_desk([])

    ids = {desk.sign(Draft("locate")).instruction.instruction_id for _ in range(3)}

    assert len(ids) == 3


def test_publication_goes_to_the_accounts_own_topic() -> None:
    """A connector does not choose where it publishes."""
    sent: list[OutgoingMessage] = []
    publication = Publication("i-1", "i-1", "privacy.instruction.issued.v1", b"{}")

    asyncio.run(a_desk(sent).publish(publication))

    (message,) = sent
    assert (message.topic, message.message_id) == ("privacy.instructions.club", "i-1")


def test_what_is_sealed_to_us_is_opened_by_the_same_keys_only() -> None:
    """The receiving key follows from kek.key, and from nothing else."""
    ours = a_receiving_key()
    sealed = seal(b"rows", b64encode(ours.public).decode())

    assert a_receiving_key().unseal(sealed) == b"rows"
    with pytest.raises(ValueError, match="cannot be opened"):
        a_receiving_key(urandom(32)).unseal(sealed)


@pytest.mark.parametrize(
    "sealed",
    [
        *(
            "",
            "a.b.c.d.e",
            "not a JWE at all",
            "eyJhbGciOiJub25lIn0....",
            "x" * 300_000,
        ),
        # Its header has a list where the algorithm belongs.
        "eyJhbGciOlsieCJdLCJlbmMiOnt9fQ.AAAA.AAAA.AAAA.AAAA",
    ],
)
def test_what_is_no_sealed_text_is_refused_without_a_word_of_it(sealed: str) -> None:
    """Whatever comes, the error is our own sentence."""
    with pytest.raises(ValueError, match=r"^What was sealed cannot be opened"):
        a_receiving_key().unseal(sealed)
