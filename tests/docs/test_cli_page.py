"""docs/cli.md is written from the command."""

from __future__ import annotations

from orchestrator.entrypoints.masking import masked_email, masked_phone, masked_word
from tests.support import cli_doc

TEXT = cli_doc.PAGE.read_text(encoding="utf-8")


def test_tables_are_the_commands() -> None:
    """Each command stands in the page with its options and its own sentence."""
    assert cli_doc.rewritten(TEXT) == TEXT
    assert "`erasure task choose " in TEXT


def test_shapes_of_masked_values_are_told() -> None:
    """Who reads a masked value finds its shape in the page."""
    for shape in (
        masked_email("anna@example.com"),
        masked_phone("+33199000101"),
        masked_word("C-1001"),
    ):
        assert f"`{shape}`" in TEXT
