"""Which accounts count against one limit follows from their secrets."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import pytest

from orchestrator.adapters.register import AccountEntry, sharing
from orchestrator.core.words import AccountId
from tests.adapters.register_builders import a_register


@pytest.fixture
def entry(tmp_path: Path) -> AccountEntry:
    """Return an account as the register has it."""
    return a_register(tmp_path).accounts[AccountId("crm")]


def _named(
    entry: AccountEntry, id_: str, secrets: Mapping[str, str], **changes: object
) -> AccountEntry:
    changed = replace(entry, id=AccountId(id_), secrets=secrets)
    return replace(changed, **changes)  # type: ignore[arg-type]


def test_accounts_of_one_secret_belong_together(entry: AccountEntry) -> None:
    """Two names for one credential share it; an account with its own is alone."""
    found = sharing(
        [
            _named(entry, "a", {"token": "env:ONE"}),
            _named(entry, "b", {"token": "env:ONE"}),
            _named(entry, "c", {"token": "env:TWO"}),
            _named(entry, "d", {}),
        ]
    )

    assert found == {
        "a": {"a", "b"},
        "b": {"a", "b"},
        "c": {"c"},
        "d": {"d"},
    }


def test_sharing_goes_over_any_number_of_steps(entry: AccountEntry) -> None:
    """Whoever shares with one who shares with another belongs to both."""
    found = sharing(
        [
            _named(entry, "a", {"token": "env:ONE"}),
            _named(entry, "b", {"token": "env:TWO", "org": "env:ORG"}),
            _named(entry, "c", {"token": "env:ONE", "org": "env:ORG"}),
        ]
    )

    assert set(found.values()) == {frozenset("abc")}


@pytest.mark.parametrize(
    "changes",
    [
        pytest.param({"connector": "shop"}, id="other_connector"),
        pytest.param({"bases": {"base_url": "https://eu.example"}}, id="other_address"),
    ],
)
def test_same_secret_elsewhere_is_another_limit(
    entry: AccountEntry, changes: dict[str, object]
) -> None:
    """A reference that two processors read is one of each."""
    secrets = {"token": "env:ONE"}
    found = sharing(
        [_named(entry, "a", secrets), _named(entry, "b", secrets, **changes)]
    )

    assert found == {"a": {"a"}, "b": {"b"}}
