"""Which connectors there are."""

from __future__ import annotations

from dataclasses import replace
from importlib.metadata import EntryPoint

import pytest

from connectors import registry
from connectors.hubspot import HubSpot
from connectors.registry import ConnectorSetupError, connector, connectors


def an_entry_point(name: str, value: str) -> EntryPoint:
    """Return what an installed package declares."""
    return EntryPoint(name=name, value=value, group=registry.GROUP)


@pytest.fixture
def brought(monkeypatch: pytest.MonkeyPatch) -> list[EntryPoint]:
    """Let a test say what other packages bring."""
    found: list[EntryPoint] = []
    monkeypatch.setattr(registry, "entry_points", lambda group: (group and found) or ())
    return found


def test_each_connector_of_the_tree_is_known_by_its_own_name() -> None:
    """The connectors of the tree load, each under the name it declares."""
    found = connectors()

    assert {"amplitude", "hubspot", "iterable", "vtex", "zendesk"} <= {*found}
    assert all(it.spec.name == name for name, it in found.items())


def test_package_brings_a_connector(brought: list[EntryPoint]) -> None:
    """An entry point adds a connector beside those of the tree."""
    brought.append(
        an_entry_point("acme", "tests.connectors.test_registry:AcmeConnector")
    )

    assert connector("acme") is AcmeConnector
    assert "hubspot" in connectors()


@pytest.mark.parametrize(
    ("entry", "told"),
    [
        pytest.param(
            an_entry_point("hubspot", "connectors.hubspot:HubSpot"),
            "Two connectors are called 'hubspot'",
            id="a name of the tree",
        ),
        pytest.param(
            an_entry_point("crm", "connectors.hubspot:HubSpot"),
            "calls itself 'hubspot'",
            id="a connector under another name",
        ),
        pytest.param(
            an_entry_point("odd", "connectors.registry:GROUP"),
            "names no connector class",
            id="not a connector",
        ),
    ],
)
def test_unfit_package_is_refused_with_a_sentence(
    entry: EntryPoint, told: str, brought: list[EntryPoint]
) -> None:
    """What a package brings wrongly is said, not guessed around."""
    brought.append(entry)

    with pytest.raises(ConnectorSetupError, match=told):
        connectors()


def test_unknown_connector_names_those_there_are() -> None:
    """A misspelt name in the register is answered with the right ones."""
    with pytest.raises(ConnectorSetupError, match="hubspot, iterable, klaviyo"):
        connector("hubspott")


class AcmeConnector(HubSpot):
    """A connector that another package might bring."""

    spec = replace(HubSpot.spec, name="acme")
