"""docs/privacy.md names every place that holds personal data."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from orchestrator.adapters.logs import KEYS
from orchestrator.adapters.sql.lost_tables import metadata
from schemas.topics import TOPICS, Topic

TEXT = (Path(__file__).parents[2] / "docs" / "privacy.md").read_text(encoding="utf-8")
SEALED = sorted(t.name for t in metadata.tables.values() if "sealed" in t.columns)


def test_every_table_with_sealed_values_is_named() -> None:
    """A new home of personal data is a new row of the page."""
    named = re.findall(r"\| table `(\w+)` \|", TEXT)

    assert sorted({*named} - {"log_records"}) == SEALED


@pytest.mark.parametrize("topic", [pytest.param(it, id=it.name) for it in TOPICS])
def test_retention_of_every_topic_is_told(topic: Topic) -> None:
    """The page and the topics agree on how long records stay."""
    assert f"`{topic.name}`" in TEXT
    assert re.search(rf"\b{topic.retention.days} days\b", TEXT)


def test_keys_of_log_lines_are_the_allow_list() -> None:
    """Whoever adds a key to the log adds it to the page."""
    block = re.search(r"<!-- keys:.*?-->\n(.*?)<!-- end of keys -->", TEXT, re.DOTALL)
    assert block is not None

    assert re.findall(r"`(\w+)`", block[1]) == sorted(KEYS)
