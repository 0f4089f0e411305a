"""What a Klaviyo account keeps, and how its API words it (JSON:API resources)."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from hashlib import sha256
from types import MappingProxyType
from typing import Any

Record = dict[str, Any]
Resource = dict[str, Any]

# Field and operators that the vendor's file allows in `filter`, as far as we use them.
PROFILE_FIELDS = frozenset({"id", "email", "phone_number", "external_id"})
EVENT_FIELDS = frozenset({"profile_id"})

_ATTRIBUTES = (
    "email", "phone_number", "external_id", "first_name", "last_name", "organization",
    "locale", "title", "image", "created", "updated", "last_event_date", "location",
    "properties",
)  # fmt: skip
_ADDITIONAL = ("subscriptions", "predictive_analytics")
# Objects that the file does not let be null; absent where there is nothing.
_NEVER_NULL = frozenset({*_ADDITIONAL, "location"})
_STRING = r'"(?:[^"\\]|\\.)*"'
_EQUALS = re.compile(rf"equals\((\w+),({_STRING})\)")
_ANY = re.compile(rf"any\((\w+),(\[{_STRING}(?:,{_STRING})*\])\)")


def records_of(record: Mapping[str, Any]) -> tuple[Record, list[Record]]:
    """Split a seeded record into the profile and its events."""
    profile = {"created": "2024-03-01T09:30:00+00:00", **record}
    events = [
        {"datetime": "2026-01-02T03:04:05+00:00", **event, "profile_id": profile["id"]}
        for event in profile.pop("events", [])
    ]
    return profile, events


def matcher(filter_: str, fields: frozenset[str]) -> Callable[[Record], bool] | None:
    """Read a filter expression; `None` means that Klaviyo would refuse it."""
    match = _EQUALS.fullmatch(filter_)
    several = _ANY.fullmatch(filter_)
    found = match or several
    if found is None or found.group(1) not in fields:
        return None
    name, argument = found.groups()
    wanted = json.loads(argument)
    folded = {it.lower() for it in ([wanted] if match else wanted)}
    return lambda record: str(record.get(name) or "").lower() in folded


def profile_resource(record: Record, url: str, query: Mapping[str, str]) -> Resource:
    """Word a profile, with the fields asked for (all plain ones by default)."""
    asked = query.get("fields[profile]", "")
    names = asked.split(",") if asked else list(_ATTRIBUTES)
    if not set(names) <= {*_ATTRIBUTES, "id"}:
        raise ValueError(asked)
    extra = query.get("additional-fields[profile]", "")
    more = [it for it in extra.split(",") if it]
    if not set(more) <= set(_ADDITIONAL):
        raise ValueError(extra)
    wanted = [it for it in names if it != "id"] + more
    return {
        "type": "profile",
        "id": record["id"],
        "attributes": {
            name: record.get(name)
            for name in wanted
            if name in record or name not in _NEVER_NULL
        },
        "links": {"self": f"{url}/api/profiles/{record['id']}"},
    }


def event_resource(event: Record, url: str) -> tuple[Resource, Resource]:
    """Word an event and the metric it belongs to."""
    metric = sha256(str(event["metric"]).encode()).hexdigest()[:6]
    self_ = f"{url}/api/events/{event['id']}"
    resource = {
        "type": "event",
        "id": event["id"],
        "attributes": {
            "timestamp": int(datetime.fromisoformat(event["datetime"]).timestamp()),
            "datetime": event["datetime"],
            "event_properties": event.get("properties", {}),
            "uuid": event["id"],
        },
        "relationships": {
            "profile": _relation("profile", event["profile_id"], self_),
            "metric": _relation("metric", metric, self_),
        },
        "links": {"self": self_},
    }
    described = {
        "type": "metric",
        "id": metric,
        "attributes": {"name": event["metric"], "integration": None},
        "links": {"self": f"{url}/api/metrics/{metric}"},
    }
    return resource, described


def _relation(type_: str, id_: str, self_: str) -> Resource:
    links = {"self": f"{self_}/relationships/{type_}", "related": f"{self_}/{type_}"}
    return {"data": {"type": type_, "id": id_}, "links": links}


def _groups(
    type_: str, collection: str, attributes: Mapping[str, Any]
) -> Callable[[Sequence[str], str], list[Resource]]:
    """Return a function that words the groups of one kind."""

    def word(ids: Sequence[str], url: str) -> list[Resource]:
        return [
            {
                "type": type_,
                "id": it,
                "attributes": dict(attributes),
                "links": {"self": f"{url}/api/{collection}/{it}"},
            }
            for it in ids
        ]

    return word


GROUPS: Mapping[str, Callable[[Sequence[str], str], list[Resource]]] = MappingProxyType(
    {
        "lists": _groups("list", "lists", {"name": "Newsletter"}),
        "segments": _groups(
            "segment",
            "segments",
            {
                "name": "Likely to return",
                "is_active": True,
                "is_processing": False,
                "is_starred": False,
            },
        ),
        "push-tokens": _groups(
            "push-token",
            "push-tokens",
            {
                "created": "2025-05-01T08:00:00+00:00",
                "token": "push-token",
                "enablement_status": "AUTHORIZED",
                "platform": "ios",
                "vendor": "APNs",
                "background": "AVAILABLE",
                "recorded_date": "2025-05-01T08:00:00+00:00",
            },
        ),
        "conversations": _groups("conversation", "conversations", {"channel": "sms"}),
    }
)
