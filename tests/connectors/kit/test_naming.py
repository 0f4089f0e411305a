"""Which names the kit takes for a new connector."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from itertools import product

import pytest

from connectors.kit.errors import KitError
from connectors.kit.naming import LONGEST, Name, a_new_name
from connectors.kit.scaffold import files_of
from connectors.kit.shapes import Auth, Shape

_KEBAB = re.compile(r"(?<=.)(?=[A-Z])")
_CLASS = re.compile(r"([A-Z][a-z]+)+")


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
        pytest.param("none", "None is a word of Python", id="keyword-class"),
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


def _names_of_every_package() -> Iterator[str]:
    """Give each imported name that a connector's class could have, too."""
    own = {"acme_mail", "acme_mail.connector"}
    for auth, shape in product(Auth, Shape):
        for path, text in files_of(Name("acme-mail"), auth, shape).items():
            tree = ast.parse(text if path.endswith(".py") else "")
            for node in ast.walk(tree):
                if isinstance(node, ast.ImportFrom) and node.module not in own:
                    names = (it.name for it in node.names)
                    yield from filter(_CLASS.fullmatch, names)


@pytest.mark.parametrize("used", sorted(set(_names_of_every_package())))
def test_class_that_a_package_imports_is_refused(used: str) -> None:
    """A class that hides one of its imports would break the package from the start."""
    with pytest.raises(KitError, match="cannot be called"):
        a_new_name(_KEBAB.sub("-", used).lower())
