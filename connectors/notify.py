"""
Recipients that are controllers of their own: told of an erasure, with proof of telling.

Art 19 and Art 17(2) GDPR: advertising platforms, marketplaces, carriers decide for
themselves what follows, so a notice orders nothing and its answer proves only that it
arrived.  The notice is the signed document of our own protocol
(docs/connectors/notify.md, version 1) with the action `notify`.
"""

from __future__ import annotations

import json
from datetime import timedelta
from enum import StrEnum
from hashlib import sha256
from types import MappingProxyType
from typing import ClassVar

from pydantic import BaseModel, ConfigDict, Field

from connectors.answer import Answer
from connectors.base import (
    Action,
    Api,
    ConnectorSpec,
    Effect,
    Evidence,
    Identifier,
    IdentifierType,
    Installation,
    Notified,
    NotTold,
    OneAtATime,
    Operation,
    Options,
    Proof,
    Rate,
    Replay,
    Reply,
    Work,
)
from connectors.signed.instructing import Heard, Unusable, about, ended, heard
from connectors.signed.public_keys import SigningKey
from schemas.connecting import CUSTOMER_ID, EMAIL, PHONE, HeaderAuth
from schemas.instructions import Draft


class Spelling(StrEnum):
    """How a recipient wants its identifiers."""

    PLAIN = "plain"
    """As they are, in their normal form."""
    SHA256 = "sha256"
    """Hexadecimal SHA-256 of the normal form, as advertising platforms match by."""


class NotifyOptions(Options):
    """
    What the register may set for one recipient.

    `signing_keys` are the keys with which it signs its answers (E3); without any, its
    2xx is taken for what it is: accepted (E1).  A recipient that does not say its name
    is known by its address alone.
    """

    spelling: Spelling = Spelling.SHA256
    signing_keys: tuple[SigningKey, ...] = Field(default=(), max_length=8)
    says_its_name: bool = True


class _Name(BaseModel):
    model_config = ConfigDict(frozen=True, hide_input_in_errors=True)

    name: str = Field(min_length=1, max_length=200)


class Notify(OneAtATime):
    """Tell one recipient over HTTPS."""

    options: ClassVar[type[Options]] = NotifyOptions
    spec: ClassVar[ConnectorSpec] = ConnectorSpec(
        name="notify",
        version="1",
        vendor="A controller of its own",
        source="our own protocol, version 1: docs/connectors/notify.md, 2026-11",
        actions=frozenset({Action.NOTIFY}),
        accepts=frozenset({EMAIL, PHONE, CUSTOMER_ID}),
        yields=frozenset(),
        operations=MappingProxyType(
            {
                "installation": Operation("GET", "/installation", Effect.READ),
                "tell": Operation("POST", "/notices", Effect.WRITE),
            }
        ),
        auth=HeaderAuth(),
        rates=(Rate(5, timedelta(seconds=1)),),
        proof=Proof.NONE,
        # The same notice again is the same notice: its id says so.
        replay=MappingProxyType({Action.NOTIFY: Replay.REPEAT}),
        horizon=timedelta(0),
        record_classes=frozenset(),
        writes=frozenset({Action.NOTIFY}),
    )

    def __init__(self, api: Api, options: NotifyOptions) -> None:
        super().__init__(api, options)
        self._settings = options

    async def ping(self) -> Installation:
        """Ask the recipient for its own name, where it has one to say."""
        if not self._settings.says_its_name:
            return Installation(self._api.own.account)
        answer = await self._api.call("installation")
        return Installation(answer.parse(_Name).name)

    async def notify_one(self, work: Work) -> Reply:
        """Send one signed notice about the person, and keep what proves it."""
        if not work.identifiers:
            return NotTold("no_identifier")
        spelt = [spelled(it, self._settings.spelling) for it in work.identifiers]
        # Named by the task, so that a repeat after a lost answer is the same notice.
        draft = Draft("notify", (work.task,), work.task, about=about(spelt))
        signed = self._api.own.sign(draft)
        answer = await self._api.call("tell", json=json.loads(signed.envelope))
        body = answer.content()
        proof = sha256(body).hexdigest() if body else None
        if not self._settings.signing_keys:
            return Notified(Evidence.E1, proof)
        said = self._heard(answer, signed.instruction.instruction_id)
        return _refused(said) or Notified(said.evidence, proof)

    def _heard(self, answer: Answer, notice: str) -> Heard:
        """Verify the answer; what nobody signed is as if it had not come."""
        keys, account = self._settings.signing_keys, self._api.own.account
        try:
            return heard(answer.content(), keys, account, notice)
        except Unusable:
            pass
        raise answer.unexpected()


def spelled(identifier: Identifier, spelling: Spelling) -> Identifier:
    """Return the identifier as the recipient wants it; a hash has a type of its own."""
    if spelling is Spelling.PLAIN:
        return identifier
    value = identifier.value.strip()
    if identifier.type == EMAIL:
        value = value.lower()
    digest = sha256(value.encode("utf-8", "surrogatepass")).hexdigest()
    return Identifier(IdentifierType(f"{identifier.type}.sha256"), digest)


def _refused(said: Heard) -> Reply | None:
    """Return what keeps a notice from being told; that they know nobody does not."""
    if said.answer.status in {"refused", "needs_person"}:
        return ended(said)
    return None
