"""
The operations of commercetools' API that we use, declared from the kinds.

A query and a path can only name a person in the URL: the API has no other form.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from types import MappingProxyType

from connectors.commercetools.kinds import BY_ID
from schemas.connecting import Effect, Operation

_QUERY_NAMES_PEOPLE = frozenset(
    {"var.customers", "var.emails", "var.sessions", "var.ids", "var.last"}
)
_CUSTOM_OBJECT = "/{projectKey}/custom-objects/{container}/{key}"


def _by_id() -> Iterator[tuple[str, Operation]]:
    for kind in BY_ID:
        everyone, one = f"/{{projectKey}}/{kind}", f"/{{projectKey}}/{kind}/{{ID}}"
        yield f"query_{kind}", _read(everyone, _QUERY_NAMES_PEOPLE)
        yield f"get_{kind}", _read(one, frozenset({"ID"}))
        yield f"erase_{kind}", _delete(one, frozenset({"ID"}))


def _read(path: str, identifies: frozenset[str]) -> Operation:
    return Operation("GET", path, Effect.READ, identifies)


def _delete(path: str, identifies: frozenset[str]) -> Operation:
    return Operation("DELETE", path, Effect.WRITE, identifies)


OPERATIONS: Mapping[str, Operation] = MappingProxyType(
    {
        # Neither is in the vendor's API description.
        "token": Operation(
            "POST", "/oauth/token", Effect.READ, base="auth_url", in_vendor_file=False
        ),
        "ping": Operation("GET", "/{projectKey}", Effect.READ, in_vendor_file=False),
        "query_messages": _read("/{projectKey}/messages", _QUERY_NAMES_PEOPLE),
        "get_custom-objects": _read(_CUSTOM_OBJECT, frozenset({"key"})),
        "erase_custom-objects": _delete(_CUSTOM_OBJECT, frozenset({"key"})),
        **dict(_by_id()),
    }
)
