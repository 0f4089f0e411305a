"""Each connector has a page that agrees with its module."""

from __future__ import annotations

import re

import pytest

from connectors.kit.page import BEGIN, rewritten
from connectors.mixpanel.jobs import State
from connectors.registry import connectors
from tests.support import connectors_doc

FOLDER = connectors_doc.PAGE.parent


def test_table_is_what_connectors_declare() -> None:
    """The table of declarations is written from the specs."""
    text = connectors_doc.PAGE.read_text(encoding="utf-8")

    assert connectors_doc.rewritten(text) == text


@pytest.mark.parametrize("name", connectors())
def test_facts_of_a_page_are_what_its_connector_declares(name: str) -> None:
    """Run `python -m tests.support.connectors_doc` after changing a spec."""
    text = (FOLDER / f"{name}.md").read_text(encoding="utf-8")

    assert BEGIN in text
    assert rewritten(text, connectors()[name]) == text


def test_every_connector_has_its_page() -> None:
    """No connector ships without a page, and no page without a connector."""
    pages = {path.stem for path in FOLDER.glob("*.md")} - {"README"}

    assert pages == set(connectors())


@pytest.mark.parametrize("name", connectors())
def test_page_names_every_source_and_identifier(name: str) -> None:
    """A page says when the vendor's words were read, and what is searched by."""
    text = (FOLDER / f"{name}.md").read_text(encoding="utf-8")
    spec = connectors()[name].spec

    assert re.search(r"read\s+2026-11", text)
    assert "2026-11" in spec.source
    assert [one for one in spec.accepts if f"`{one}`" not in text] == []


def test_every_state_of_a_mixpanel_job_is_explained() -> None:
    """Whoever sees a state in the vendor's console finds it in the page."""
    text = (FOLDER / "mixpanel.md").read_text(encoding="utf-8")

    assert [state for state in State if f"`{state.value}`" not in text] == []
