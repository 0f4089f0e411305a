"""
What a system holds, record by record: (account, kind, id) and the record itself.

A record that no longer names anybody is not held any more: an anonymised payee, a
service-desk user whose name is gone.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, Final

from connectors.fakes.zendesk_records import FORGOTTEN_NAME

# (account, kind, id): one record; the value beside it is the record itself.
Place = tuple[str, str, str]
Holdings = Mapping[Place, Any]

State = Mapping[str, Any]
_Kinds = Mapping[str, Mapping[str, Any]]


def places(account: str, state: State) -> Iterator[tuple[Place, Any]]:
    """Give each record of a system's state, by kind and id."""
    for kind, records in _FLATTEN[account](state).items():
        for id_, record in records.items():
            yield (account, kind, id_), record


def _by(key: str, records: Iterable[Mapping[str, Any]]) -> Mapping[str, Any]:
    return {str(it[key]): it for it in records}


def _hubspot(state: State) -> _Kinds:
    # A deletion by an unknown address would put it here: nothing may ever appear.
    blocked = {address: address for address in state["blocklist"]}
    return {"contacts": state["contacts"], "blocklist": blocked}


def _klaviyo(state: State) -> _Kinds:
    events = [it for some in state["events"].values() for it in some]
    return {"profiles": state["profiles"], "events": _by("id", events)}


def _iterable(state: State) -> _Kinds:
    return {"profiles": _by("email", state["profiles"])}


def _people(state: State) -> _Kinds:
    return {"people": state["people"]}


def _cdp(state: State) -> _Kinds:
    people = {it["identities"]["email"]: it for it in state["people"]}
    return {"people": people}


def _records(state: State) -> _Kinds:
    return {"records": state["records"]}


def _desk(state: State) -> _Kinds:
    return {"files": _by("customer_id", state["files"])}


def _commercetools(state: State) -> _Kinds:
    objects: _Kinds = state["objects"]
    return objects


def _vtex(state: State) -> _Kinds:
    kinds: dict[str, Mapping[str, Any]] = {"profiles": state["profiles"]}
    # Orders that are left after an erasure name nobody; VTEX documents that.
    orders = {key: it for key, it in state["orders"].items() if it["email"]}
    kinds["addresses"] = _by("id", state["addresses"])
    return kinds | {"purchases": orders}


def _ledger(state: State) -> _Kinds:
    named = {key: it for key, it in state["payees"].items() if not _is_anonymous(it)}
    return {**state, "payees": named}


def _is_anonymous(payee: Mapping[str, Any]) -> bool:
    """Tell whether nothing of a payee is left but a pseudonym."""
    is_empty = payee["email"] is None and payee["iban"] is None
    is_pseudonym = str(payee["customer_no"]).startswith("anon-")
    return is_empty and is_pseudonym and payee["name"] == "erased"


def _zendesk(state: State) -> _Kinds:
    users = {
        key: it for key, it in state["users"].items() if it["name"] != FORGOTTEN_NAME
    }
    return {
        "users": users,
        "addresses": state["identities"],
        "tickets": state["tickets"],
    }


# Whoever is only told holds nothing that we know of.
_FLATTEN: Final[Mapping[str, Callable[[State], _Kinds]]] = {
    "hubspot": _hubspot,
    "klaviyo": _klaviyo,
    "iterable": _iterable,
    "mixpanel": _people,
    "amplitude": _people,
    "cdp": _cdp,
    "events": _desk,
    "bookings": _records,
    "commercetools": _commercetools,
    "vtex": _vtex,
    "delivery": _desk,
    "returns": _records,
    "refunds": _ledger,
    "zendesk": _zendesk,
}
HOLDING: Final = frozenset(_FLATTEN)
