"""The tables of `register.toml` about publishers: who may send request events."""

from __future__ import annotations

import base64
import binascii
from collections import Counter
from collections.abc import Collection, Mapping
from datetime import date, datetime
from hashlib import sha256
from pathlib import Path
from typing import Annotated

from pydantic import BeforeValidator, Field, StrictBool

from orchestrator.adapters.register.kinds import Day, Slug, Table, Text
from orchestrator.adapters.register.sentences import unknown_reference
from orchestrator.adapters.register.values import Tell, Wrong, told
from orchestrator.core.words import Right
from orchestrator.errors import SetUpError
from schemas.cloudevents import ALLOWED_SOURCE

_FILE = "file:"
_KEY_BYTES = 32


def _a_public_key(value: object) -> bytes:
    """Accept an Ed25519 public key: 32 bytes in base64, or where its PEM file is."""
    if not isinstance(value, str):
        raise Wrong("a public key between quotes is expected here")
    if value.startswith(_FILE):
        return _key_in(Path(value.removeprefix(_FILE)))
    try:
        raw = base64.b64decode(value, validate=True)
    except (binascii.Error, ValueError):
        raw = b""
    if len(raw) != _KEY_BYTES:
        raise Wrong("an Ed25519 public key has 32 bytes, written in base64")
    return raw


def _key_in(path: Path) -> bytes:
    # Every command reads settings, which know this package; few need cryptography.
    from orchestrator.adapters.keys.files import load_public_key  # noqa: PLC0415

    try:
        return load_public_key(path).public_bytes_raw()
    except SetUpError as error:
        problem = str(error)
    raise Wrong(problem.partition(";")[0], advice="name the PEM file of a public key")


def _a_source(value: object) -> str:
    if not isinstance(value, str) or not ALLOWED_SOURCE.fullmatch(value):
        raise Wrong(f"{told(value)} is not a CloudEvents source without @")
    return value


class PublisherKeyTable(Table):
    """Each of `keys`: one public key of a publisher, and the days it is valid."""

    public_key: Annotated[bytes, BeforeValidator(_a_public_key)] = Field(
        description=(
            'The Ed25519 public key: its 32 bytes in base64, or "file:/PATH" of a PEM.'
        ),
        examples=["SkSDvmP2sVnMKwYjzMy9bGnXuiyiHXXydwQ+0m4CnIE="],
    )
    valid_from: Day | None = Field(
        default=None,
        description="The first day (UTC) on which events signed by it are taken.",
        examples=[date(2026, 11, 1)],
    )
    valid_to: Day | None = Field(
        default=None,
        description="The last such day; let it overlap the next key by a week.",
        examples=[date(2027, 11, 30)],
    )

    @property
    def id(self) -> str:
        """The key's name: the hex SHA-256 of its bytes."""
        return sha256(self.public_key).hexdigest()

    def is_valid_at(self, at: datetime) -> bool:
        """Tell whether an event that came at that moment may be signed by it."""
        day = at.date()
        return (self.valid_from is None or self.valid_from <= day) and (
            self.valid_to is None or day <= self.valid_to
        )


class PublisherTable(Table):
    """`[publishers.<name>]`: a system that may send request events, and which."""

    keys: tuple[PublisherKeyTable, ...] = Field(
        min_length=1,
        description="Its public keys; several while one takes the place of another.",
        examples=[[{"public_key": "SkSDvmP2sVnMKwYjzMy9bGnXuiyiHXXydwQ+0m4CnIE="}]],
    )
    sources: tuple[Annotated[str, BeforeValidator(_a_source)], ...] = Field(
        min_length=1,
        description=(
            "The CloudEvents `source` of its events. A source has one publisher: only "
            "whoever sent a request withdraws it."
        ),
        examples=[["/portal/maison-exemple"]],
    )
    controllers: tuple[Slug, ...] = Field(
        min_length=1,
        description="The controllers that it may send requests for.",
        examples=[["maison-exemple"]],
    )
    rights: tuple[Right, ...] = Field(
        min_length=1,
        description="The rights that it may invoke: erasure, access, portability.",
        examples=[["erasure", "access", "portability"]],
    )
    sealed_only: StrictBool = Field(
        default=False,
        description=(
            "Whether its events are refused where what identifies the person is not "
            "sealed to our public key."
        ),
        examples=[True],
    )
    contact: Text | None = Field(
        default=None,
        description="Who answers for it, for the day something is refused.",
        examples=["portal team"],
    )


def check_publishers(
    publishers: Mapping[str, PublisherTable],
    controllers: Collection[str],
    tell: Tell,
) -> None:
    """Tell what must hold between publishers, and of their controllers and days."""
    for name, table in publishers.items():
        for controller in table.controllers:
            if controller not in controllers:
                tell(
                    f"publishers.{name}.controllers",
                    unknown_reference(
                        "controller", controller, "a controller", controllers
                    ),
                )
        if len({key.id for key in table.keys}) < len(table.keys):
            tell(
                f"publishers.{name}.keys",
                "one key stands here twice; write it once, with all of its days.",
            )
        for key in table.keys:
            if key.valid_from and key.valid_to and key.valid_to < key.valid_from:
                tell(
                    f"publishers.{name}.keys",
                    "a key's valid_to is before its valid_from; write a later day.",
                )
    _tell_shared(publishers, tell)


def _tell_shared(publishers: Mapping[str, PublisherTable], tell: Tell) -> None:
    """Refuse a key or a source of two publishers: nobody could tell whose it is."""
    keys = Counter(
        id_ for it in publishers.values() for id_ in {key.id for key in it.keys}
    )
    sources = Counter(one for it in publishers.values() for one in set(it.sources))
    for name, table in publishers.items():
        if any(keys[key.id] > 1 for key in table.keys):
            tell(
                f"publishers.{name}.keys",
                "another publisher has the same key; give each publisher its own.",
            )
        for source in table.sources:
            if sources[source] > 1:
                tell(
                    f"publishers.{name}.sources",
                    f"another publisher has the source {told(source)} too; give each "
                    "publisher sources of its own.",
                )
