"""The snippets of docs/add-a-connector.md are cut from files that tests run."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest

from connectors.testing import ConnectorContract
from examples.connector.acme_mail import AcmeMail
from orchestrator.adapters.register import ConnectorFacts, load_register

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "add-a-connector.md").read_text(encoding="utf-8")
SOURCES = "\n".join(
    (ROOT / name).read_text(encoding="utf-8")
    for name in (
        "examples/connector/acme_mail.py",
        "examples/connector/fake_acme_mail.py",
        "tests/examples/test_acme_mail.py",
    )
)


def blocks(language: str) -> list[str]:
    """Return the fenced blocks of the page in one language."""
    return re.findall(rf"```{language}\n(.*?)```", PAGE, re.DOTALL)


@pytest.mark.parametrize("number", range(len(blocks("python"))))
def test_snippet_stands_in_the_example(number: int) -> None:
    """Whoever copies a snippet copies code that passed the acceptance suite."""
    assert blocks("python")[number] in SOURCES


def test_page_shows_code() -> None:
    """The test above has something to compare."""
    assert len(blocks("python")) > 10


@pytest.mark.parametrize("number", range(len(blocks("toml"))))
def test_toml_can_be_read(number: int) -> None:
    """The configuration shown is TOML."""
    assert tomllib.loads(blocks("toml")[number])


def test_register_entry_is_accepted(tmp_path: Path) -> None:
    """The recipient and the account shown make a register with the example in it."""
    shown = next(block for block in blocks("toml") if "[accounts." in block)
    controllers = """
[controllers.maison]
legal_name = "Maison"
country = "FR"
time_zone = "Europe/Paris"
dpo_contact = "dpo@maison.example"
"""
    path = tmp_path / "register.toml"
    path.write_text(controllers + shown, encoding="utf-8")

    facts = ConnectorFacts(AcmeMail.spec, AcmeMail.options)
    register = load_register(path, {"acme-mail": facts})

    assert {entry.connector for entry in register.accounts.values()} == {"acme-mail"}


def test_number_of_checks_is_told_truly() -> None:
    """The page says how many checks one subclass runs."""
    marks = [
        getattr(getattr(ConnectorContract, name), "pytestmark", [])
        for name in dir(ConnectorContract)
        if name.startswith("test_")
    ]
    counts = [
        max(
            [len(list(mark.args[1])) for mark in found if mark.name == "parametrize"],
            default=1,
        )
        for found in marks
    ]

    assert f"runs {sum(counts)} checks" in PAGE
