"""docs/receipts.md names the fields that a receipt has."""

from __future__ import annotations

import re
from pathlib import Path
from typing import get_args

import pytest
from pydantic import BaseModel

from schemas.receipts import Receipt
from schemas.recipients import NO_ACCOUNT, Heard, NotToldReason

PAGE = Path(__file__).parents[2] / "docs" / "receipts.md"
TEXT = PAGE.read_text(encoding="utf-8")
_BETWEEN = re.compile(r"<!-- items:.*?-->\n(.*?)<!-- end of items -->", re.DOTALL)


def _named() -> list[str]:
    """Return every field of the page's table of items."""
    block = _BETWEEN.search(TEXT)
    assert block is not None
    cells = [line.split("|")[2] for line in block[1].splitlines()[2:]]
    return [name for cell in cells for name in re.findall(r"`([a-z0-9_.]+)`", cell)]


def _models(kind: object) -> list[type[BaseModel]]:
    """Return the models that an annotation holds."""
    if isinstance(kind, type) and issubclass(kind, BaseModel):
        return [kind]
    return [model for part in get_args(kind) for model in _models(part)]


def _is_field(path: str) -> bool:
    """Tell whether a receipt can have a value there."""
    models: list[type[BaseModel]] = [Receipt]
    for name in path.split("."):
        fields = [it.model_fields[name] for it in models if name in it.model_fields]
        if not fields:
            return False
        models = [model for one in fields for model in _models(one.annotation)]
    return True


def test_table_is_not_empty() -> None:
    """The fact below has something to be about."""
    assert len(_named()) > 40


@pytest.mark.parametrize("path", sorted({*_named()} - {"keyid"}))
def test_named_field_is_there(path: str) -> None:
    """Whoever renames a field changes the page."""
    assert _is_field(path)


@pytest.mark.parametrize(
    "word", [*(it.value for it in (*Heard, *NotToldReason)), NO_ACCOUNT]
)
def test_every_word_about_recipients_is_explained(word: str) -> None:
    """The lists of the page are whole."""
    assert f"`{word}`" in TEXT
