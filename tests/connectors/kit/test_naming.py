"""Which names the kit takes for a new connector."""

from __future__ import annotations

import pytest

from connectors.kit.errors import KitError
from connectors.kit.naming import LONGEST, a_new_name


@pytest.mark.parametrize(
    ("text", "module", "cls", "vendor"),
    [
        ("acme", "acme", "Acme", "Acme"),
        ("acme-mail", "acme_mail", "AcmeMail", "Acme Mail"),
        ("acme2-crm-v3", "acme2_crm_v3", "Acme2CrmV3", "Acme2 Crm V3"),
        ("a" * LONGEST, "a" * LONGEST, "A" + "a" * 29, "A" + "a" * 29),
    ],
)
def test_name_gives_its_spellings(
    text: str, module: str, cls: str, vendor: str
) -> None:
    """One name is spelt as a module, as a class and for people."""
    name = a_new_name(text)

    assert (name.module, name.cls, name.vendor) == (module, cls, vendor)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "Acme",
        "acme_mail",
        "-acme",
        "acme-",
        "acme--mail",
        "3com",
        "acme mail",
        "../acme",
        "acme/mail",
        "acmé",
        "acme\n",
        "a" * (LONGEST + 1),
    ],
)
def test_malformed_name_is_refused(text: str) -> None:
    """A name becomes a folder, a module and a topic, so little is allowed in it."""
    with pytest.raises(KitError, match="is no name for a connector"):
        a_new_name(text)


@pytest.mark.parametrize(
    ("text", "why"),
    [
        pytest.param("hubspot", "there is a connector", id="connector"),
        pytest.param("class", "a word of Python", id="keyword"),
        pytest.param("email", "which the new one would hide", id="standard-library"),
        pytest.param("pydantic", "which the new one would hide", id="installed"),
        pytest.param("connectors", "which the new one would hide", id="ours"),
        pytest.param("tests", "another file called tests", id="folder"),
        pytest.param("fake", "another file called fake", id="file"),
        pytest.param("work", "uses a class Work", id="class"),
        pytest.param("processor", "uses a class Processor", id="fake-class"),
    ],
)
def test_taken_name_is_refused_with_its_reason(text: str, why: str) -> None:
    """A name that something else has would break the package it names."""
    with pytest.raises(KitError, match=why):
        a_new_name(text)
