"""
The few requests to Iterable that the connector needs, and the shapes it relies on.

Iterable answers 200 with an empty object for a profile that it does not have, and 400
for other things it cannot do; only its own code and words "User does not exist" make a
400 an absence.  An answer's `code` is judged before its status: 200 may carry an error.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from io import BytesIO
from typing import Any, Literal, NamedTuple, Self

from pydantic import BaseModel, ConfigDict, Field, JsonValue, ValidationError

from connectors.base import Api
from connectors.errors import ContractChanged, ProcessorError, Refused
from connectors.transport.http import Answer
from schemas.identifiers import sha256_of

_BAD_REQUEST = 400
_UNKNOWN = frozenset({"UnknownEmailError", "UnknownUserIdError"})
_UNKNOWN_TEXT = "User does not exist"

Kind = Literal["email", "userId"]


class Key(NamedTuple):
    """What names a profile in this project; the value stays out of messages."""

    kind: Kind
    value: str

    def __repr__(self) -> str:
        return f"Key({self.kind})"

    @property
    def reference(self) -> str:
        """The key as an item's reference."""
        return f"{self.kind}:{self.value}"

    @property
    def digest(self) -> str:
        """What the forgotten list holds: SHA-256 of the trimmed lower-case value."""
        return sha256_of(self.value)

    @classmethod
    def of_email(cls, address: str) -> Self:
        """Return the key of an address, which Iterable keeps in lower case."""
        return cls("email", address.strip().lower())

    @classmethod
    def of_reference(cls, reference: str) -> Self:
        """Read an item's reference."""
        kind, _, value = reference.partition(":")
        if kind == "email":
            return cls("email", value)
        return cls("userId", value)


class _Loose(BaseModel):
    """An answer of which only some fields matter; none of it shows in an error."""

    model_config = ConfigDict(extra="allow", hide_input_in_errors=True)


class _Named(_Loose):
    """Whatever says whose it is."""

    email: str | None = None
    user_id: str | None = Field(default=None, alias="userId")

    def key(self, kind: Kind) -> Key | None:
        """Return the key of one kind, where there is one."""
        if kind == "email":
            return Key.of_email(self.email) if self.email else None
        return Key("userId", self.user_id) if self.user_id else None


class Profile(_Named):
    """One profile; the project's own fields are in `dataFields`."""

    fields: dict[str, JsonValue] = Field(default={}, alias="dataFields")

    def field(self, name: str) -> str | None:
        """Return one of the project's fields as text."""
        value = self.fields.get(name)
        return str(value) if isinstance(value, str | int) and value != "" else None


class Event(_Named):
    """One event, whatever else it holds."""


class EventLines(BaseModel):
    """A body of one JSON object a line, which is not JSON as a whole."""

    model_config = ConfigDict(hide_input_in_errors=True)

    body: bytes = Field(repr=False)

    @classmethod
    def model_validate_json(
        cls,
        json_data: str | bytes | bytearray,
        **_: Any,  # noqa: ANN401 (pydantic's own switches)
    ) -> Self:
        """Keep the body; its lines are read one by one."""
        text = json_data.encode() if isinstance(json_data, str) else bytes(json_data)
        return cls(body=text)

    def events(self) -> Iterator[Event]:
        """Give the events; raises `ContractChanged` at a line that is none."""
        for line in BytesIO(self.body):
            if line.strip():
                yield _event(line)


class _OneProfile(_Loose):
    user: Profile | None = None

    @property
    def is_understood(self) -> bool:
        """Whether it holds a profile, or nothing at all: Iterable's "no such user"."""
        return self.user is not None or not self.model_extra


class _Said(_Loose):
    code: str
    msg: str = Field(default="", repr=False)

    def is_unknown_user(self) -> bool:
        """Say whether Iterable says that there is no such profile."""
        if self.code == "BadParams":
            return self.msg.startswith(_UNKNOWN_TEXT)
        return self.code in _UNKNOWN


class _Emails(_Loose):
    hashed: frozenset[str] = Field(alias="hashedEmails")


class _UserIds(_Loose):
    hashed: frozenset[str] = Field(alias="hashedUserIds")


class _Channel(_Loose):
    id: int


class _Channels(_Loose):
    channels: list[_Channel] = Field(min_length=1)


class Project:
    """One Iterable project's API, in the connector's words."""

    def __init__(self, api: Api) -> None:
        self._api = api

    async def channels(self) -> list[int]:
        """Return the ids of the message channels, smallest first."""
        answer = await self._api.call("channels")
        return sorted(it.id for it in answer.parse(_Channels).channels)

    async def profile(self, key: Key) -> Profile | None:
        """Return one profile; nothing only if Iterable itself says so."""
        answer = await self._api.call(
            _operation("read", key), path=_path(key), accept=(_BAD_REQUEST,)
        )
        if answer.status == _BAD_REQUEST:
            _must_be_unknown(answer)
            return None
        found = answer.parse(_OneProfile)
        if not found.is_understood:
            raise answer.unexpected()
        profile = found.user
        if profile is not None and profile.key(key.kind) != key:
            raise ContractChanged("answer_about_somebody_else")
        return profile

    async def events(self, key: Key) -> Iterator[Event]:
        """Give every event of one profile, custom events too."""
        query = {key.kind: key.value, "includeCustomEvents": "true"}
        answer = await self._api.call("events", query=query)
        return answer.parse(EventLines).events()

    async def is_forgotten(self, key: Key) -> bool:
        """Say whether Iterable's list of the forgotten holds this person's hash."""
        if key.kind == "email":
            answer = await self._api.call("forgotten")
            return key.digest in answer.parse(_Emails).hashed
        answer = await self._api.call("forgotten_user_ids")
        return key.digest in answer.parse(_UserIds).hashed

    async def forget(self, key: Key) -> None:
        """Ask for a profile to be erased and never collected again."""
        answer = await self._api.call("forget", json=_body(key))
        _must_succeed(answer)

    async def delete(self, key: Key) -> None:
        """Ask for a profile to be erased; one that is not there is gone already."""
        answer = await self._api.call(
            _operation("delete", key), path=_path(key), accept=(_BAD_REQUEST,)
        )
        _must_succeed_or_be_unknown(answer)

    async def unsubscribe(self, key: Key) -> None:
        """Take a profile off every channel and list, so that nothing more is sent."""
        body: dict[str, object] = {
            **_body(key),
            "emailListIds": [],
            "unsubscribedChannelIds": await self.channels(),
        }
        answer = await self._api.call("unsubscribe", json=body, accept=(_BAD_REQUEST,))
        _must_succeed_or_be_unknown(answer)


def _operation(verb: str, key: Key) -> str:
    return f"{verb}_by_email" if key.kind == "email" else f"{verb}_by_user_id"


def _path(key: Key) -> Mapping[str, str]:
    return {key.kind: key.value}


def _body(key: Key) -> Mapping[str, str]:
    return {key.kind: key.value}


def _event(line: bytes) -> Event:
    try:
        return Event.model_validate_json(line)
    except ValidationError:
        # Raised below, outside the handler: the validation error quotes the line.
        pass
    raise ContractChanged("undocumented_event")


def _must_succeed(answer: Answer) -> None:
    """Take nothing but Iterable's own `Success`, whatever the status."""
    if answer.parse(_Said).code != "Success":
        raise answer.unexpected()


def _must_succeed_or_be_unknown(answer: Answer) -> None:
    if answer.status == _BAD_REQUEST:
        _must_be_unknown(answer)
    else:
        _must_succeed(answer)


def _must_be_unknown(answer: Answer) -> None:
    """Take only Iterable's own word for "no such profile": a 400 is much else."""
    try:
        is_unknown = answer.parse(_Said).is_unknown_user()
    except ProcessorError:
        is_unknown = False
    if not is_unknown:
        raise Refused(answer.status)
