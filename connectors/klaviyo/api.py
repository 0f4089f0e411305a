"""
The few requests to Klaviyo that the connector needs, and the shapes it relies on.

Every request names the API revision.  A cursor is taken out of `links.next`; the URL
itself is never followed, because an answer must not choose where we go.
"""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Mapping
from datetime import date, datetime
from email.utils import parsedate_to_datetime
from typing import Literal, TypeVar
from urllib.parse import parse_qs, urlsplit

from pydantic import BaseModel, ConfigDict, Field, JsonValue

from connectors.base import Api
from connectors.errors import ContractChanged
from connectors.transport.http import Answer

# Klaviyo keeps a revision for two years (its versioning page, read 2026-11).
REVISION = "2026-07-15"
JSON_API = "application/vnd.api+json"

_ACCEPTED = 202
_NOT_FOUND = 404
_READING = {"accept": JSON_API, "revision": REVISION}
_WRITING = {**_READING, "content-type": JSON_API}
_PROFILES_A_PAGE = "100"
_EVENTS_A_PAGE = "200"


class _Loose(BaseModel):
    """An answer of which only some fields matter; none of it shows in an error."""

    model_config = ConfigDict(extra="allow", hide_input_in_errors=True)


class Links(_Loose):
    """Where the next page is."""

    next: str | None = None

    def cursor(self) -> str | None:
        """Take the cursor out of `next`; raises `ContractChanged` if it has none."""
        if not self.next:
            return None
        cursors = parse_qs(urlsplit(self.next).query).get("page[cursor]")
        if not cursors:
            raise ContractChanged("next_page_without_cursor")
        return cursors[0]


class ProfileAttributes(_Loose):
    """The identifiers of a profile and when it was created."""

    email: str | None = None
    phone_number: str | None = None
    external_id: str | None = None
    created: datetime | None = None


class Profile(_Loose):
    """One profile as the search and the read answer it."""

    type: Literal["profile"]
    id: str = Field(min_length=1)
    attributes: ProfileAttributes

    @property
    def email(self) -> str | None:
        """The e-mail address in lower case, as Klaviyo compares it."""
        return self.attributes.email.lower() if self.attributes.email else None

    @property
    def created_on(self) -> date | None:
        """The day the profile was created."""
        return self.attributes.created.date() if self.attributes.created else None

    def field(self, name: str) -> str | None:
        """Return a field of the record or one of its custom properties as text."""
        extra = self.attributes.model_extra or {}
        properties = extra.get("properties")
        custom = properties if isinstance(properties, dict) else {}
        value = getattr(self.attributes, name, None) or custom.get(name)
        return str(value) if isinstance(value, str | int) and value != "" else None

    def is_found_by(self, name: str, value: str) -> bool:
        """Say whether the profile really carries what was searched for."""
        if name == "id":
            return self.id == value
        if name == "email":
            return self.email == value.lower()
        return bool(getattr(self.attributes, name) == value)


class Resource(_Loose):
    """Any JSON:API resource, kept whole for an export."""

    type: str
    id: str = Field(min_length=1)
    attributes: dict[str, JsonValue] = {}
    relationships: dict[str, JsonValue] = {}

    def related(self, name: str) -> str | None:
        """Return the id of the one resource related by *name*."""
        relation = self.relationships.get(name)
        data = relation.get("data") if isinstance(relation, dict) else None
        id_ = data.get("id") if isinstance(data, dict) else None
        return id_ if isinstance(id_, str) else None


class Whole(_Loose):
    """One resource and what was included with it."""

    data: Resource
    included: list[Resource] = []


class EventPage(_Loose):
    """One page of events, with the metrics they belong to."""

    data: list[Resource]
    included: list[Resource] = []
    links: Links = Links()


class _ProfilePage(_Loose):
    data: list[Profile]
    links: Links = Links()


class _OneProfile(_Loose):
    data: Profile


class _Account(_Loose):
    id: str = Field(min_length=1)


class _Accounts(_Loose):
    data: list[_Account] = Field(min_length=1, max_length=1)


class _Error(_Loose):
    code: str


class _Errors(_Loose):
    errors: list[_Error] = Field(min_length=1)


PageT = TypeVar("PageT", _ProfilePage, EventPage)


class ProfileReader:
    """
    Reads one account's profiles and events, and asks for deletions.

    `told_at` is Klaviyo's own time of the last answer (its Date header, to the
    second), for whoever has no clock.
    """

    def __init__(self, api: Api, fields: str) -> None:
        self.told_at: datetime | None = None
        self._api = api
        self._fields = fields

    async def account(self) -> str:
        """Return the account's public id."""
        answer = await self._api.call("accounts", headers=_READING)
        return answer.parse(_Accounts).data[0].id

    async def search(self, name: str, value: str) -> list[Profile]:
        """
        Return every profile whose field *name* equals *value*.

        A profile that does not carry the value means that the filter was ignored: the
        next step might erase a stranger, so it raises `ContractChanged`.
        """
        query = {
            "filter": f"equals({name},{_quoted(value)})",
            "fields[profile]": self._fields,
            "page[size]": _PROFILES_A_PAGE,
        }
        found: list[Profile] = []
        async for page in self._pages("search_profiles", query, _ProfilePage):
            found += page.data
        if not all(profile.is_found_by(name, value) for profile in found):
            raise ContractChanged("search_ignored_its_filter")
        return found

    async def read(self, profile: str) -> Profile | None:
        """Return one profile, or nothing if Klaviyo itself says `not_found`."""
        answer = await self._api.call(
            "read_profile",
            path={"id": profile},
            query={"fields[profile]": self._fields},
            headers=_READING,
            accept=(_NOT_FOUND,),
        )
        self.told_at = _date_of(answer)
        if answer.status != _NOT_FOUND:
            return answer.parse(_OneProfile).data
        # A wrong base URL is a 404 too; only Klaviyo's own code counts.
        if answer.parse(_Errors).errors[0].code != "not_found":
            raise ContractChanged("undocumented_404")
        return None

    async def whole(self, profile: str) -> Whole | None:
        """Return one profile with everything Klaviyo derives from it and its groups."""
        answer = await self._api.call(
            "export_profile",
            path={"id": profile},
            query={
                "additional-fields[profile]": "subscriptions,predictive_analytics",
                "include": "lists,segments,push-tokens,conversations",
            },
            headers=_READING,
            accept=(_NOT_FOUND,),
        )
        if answer.status != _NOT_FOUND:
            return answer.parse(Whole)
        if answer.parse(_Errors).errors[0].code != "not_found":
            raise ContractChanged("undocumented_404")
        return None

    async def events(self, profile: str) -> AsyncIterator[EventPage]:
        """Give the pages of all events of one profile, oldest first."""
        query = {
            "filter": f"equals(profile_id,{_quoted(profile)})",
            "include": "metric",
            "page[size]": _EVENTS_A_PAGE,
            "sort": "datetime",
        }
        async for page in self._pages("events", query, EventPage):
            yield page

    async def delete(self, profile: str) -> None:
        """Ask for the deletion of one profile: by id, never by e-mail or phone."""
        data = {"type": "profile", "id": profile, "attributes": {}}
        job = {
            "type": "data-privacy-deletion-job",
            "attributes": {"profile": {"data": data}},
        }
        answer = await self._api.call(
            "delete_profile", json={"data": job}, headers=_WRITING
        )
        if answer.status != _ACCEPTED:
            raise answer.unexpected()

    async def _pages(
        self, operation: str, query: Mapping[str, str], model: type[PageT]
    ) -> AsyncIterator[PageT]:
        """Give every page; a cursor that comes again would never end."""
        cursor: str | None = None
        used: set[str] = set()
        while True:
            paged = {**query, "page[cursor]": cursor} if cursor else query
            answer = await self._api.call(operation, query=paged, headers=_READING)
            page = answer.parse(model)
            yield page
            cursor = page.links.cursor()
            if cursor is None:
                return
            if cursor in used:
                raise ContractChanged("cursor_comes_again")
            used.add(cursor)


def _date_of(answer: Answer) -> datetime | None:
    """Read when the processor answered; a proxy may have dropped the header."""
    try:
        told = parsedate_to_datetime(answer.header("date") or "")
    except ValueError:
        return None
    return told if told.tzinfo else None


def _quoted(value: str) -> str:
    """Write a filter's string argument; a quote inside must not end it."""
    return json.dumps(value, ensure_ascii=False)
