"""
Which connectors there are: those of the tree, and those that packages bring.

A package names its connector in the entry point group `erasure.connectors`; the entry
point's name is the connector's own.  Modules are imported when asked for.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from importlib import import_module
from importlib.metadata import EntryPoint, entry_points
from itertools import pairwise
from types import MappingProxyType

from connectors.base import Connector

GROUP = "erasure.connectors"

_IN_TREE: Mapping[str, str] = MappingProxyType(
    {
        "hubspot": "connectors.hubspot:HubSpot",
        "klaviyo": "connectors.klaviyo:Klaviyo",
        "mixpanel": "connectors.mixpanel:Mixpanel",
        "commercetools": "connectors.commercetools:Commercetools",
        "zendesk": "connectors.zendesk:Zendesk",
        "vtex": "connectors.vtex:Vtex",
        "amplitude": "connectors.amplitude:Amplitude",
        "iterable": "connectors.iterable:Iterable",
        "opendsr": "connectors.opendsr:OpenDsr",
        "participant": "connectors.participant:Participant",
        "webhook": "connectors.webhook:Webhook",
        "manual": "connectors.manual:Manual",
        "sql": "connectors.sql:Sql",
        "notify": "connectors.notify:Notify",
    }
)


class ConnectorSetupError(Exception):
    """The installed connectors do not fit; the message says what to change."""


def connectors() -> Mapping[str, type[Connector]]:
    """Import every connector and return them by name; raises `ConnectorSetupError`."""
    return {name: connector(name) for name in names()}


def names() -> Sequence[str]:
    """Return the names of all connectors; raises `ConnectorSetupError` on doubles."""
    found = sorted([*_IN_TREE, *(it.name for it in _brought())])
    for name, following in pairwise(found):
        if name == following:
            raise ConnectorSetupError(
                f"Two connectors are called {name!r}; uninstall one of the packages "
                f"that bring it in the entry point group {GROUP!r}."
            )
    return found


def connector(name: str) -> type[Connector]:
    """Import one connector; raises `ConnectorSetupError` where there is none."""
    if name not in names():
        known = ", ".join(names())
        raise ConnectorSetupError(f"There is no connector {name!r}; there are {known}.")
    place = _IN_TREE.get(name)
    if place is None:
        loaded = next(it for it in _brought() if it.name == name).load()
    else:
        module, _, attribute = place.partition(":")
        loaded = getattr(import_module(module), attribute)
    return check_connector(name, loaded)


def _brought() -> Sequence[EntryPoint]:
    return tuple(entry_points(group=GROUP))


def check_connector(name: str, loaded: object) -> type[Connector]:
    """Refuse what is not a connector, or calls itself something else."""
    if not isinstance(loaded, type) or not hasattr(loaded, "spec"):
        raise ConnectorSetupError(
            f"The entry point {name!r} names no connector class; it must name a class "
            "that keeps the protocol in connectors.base."
        )
    found: type[Connector] = loaded
    if found.spec.name != name:
        raise ConnectorSetupError(
            f"The entry point {name!r} brings a connector that calls itself "
            f"{found.spec.name!r}; give both the same name."
        )
    return found
