"""
Find a connector by its name: in the folder at hand, or among the installed ones.

A package need not be installed while it is written: its folder is enough.  A folder is
one whose pyproject.toml names the connector; a checkout of the orchestrator is the
folder of those in the tree.
"""

from __future__ import annotations

import re
import sys
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from importlib import import_module
from importlib.util import module_from_spec, spec_from_file_location
from inspect import isabstract, isclass
from pathlib import Path
from types import ModuleType

from connectors.base import Connector
from connectors.kit.errors import KitError
from connectors.registry import (
    GROUP,
    ConnectorSetupError,
    check_connector,
    connector,
    names,
)
from connectors.testing.account import Account

# What a connector needs no network for, or only tells, has a suite of its own.
_IMPORTS_A_SUITE = re.compile(r"\b(ConnectorContract|TellingContract|Working)\b")


@dataclass(frozen=True, slots=True)
class Found:
    """A connector, and the folder in which it is written."""

    name: str
    connector: type[Connector]
    folder: Path

    @property
    def page(self) -> Path:
        """Where its page of documentation is."""
        own = self.folder / "docs" / "connectors"
        return (own if own.is_dir() else self.folder / "docs") / f"{self.name}.md"


def find(name: str, folder: Path) -> Found:
    """Return the connector *name* of *folder*, or the installed one; `KitError`."""
    for place in (folder, folder / name):
        declared = _declared(place).get(name)
        if declared is not None:
            root = place.resolve()
            return Found(name, _loaded(name, declared, root), root)
    try:
        return Found(name, connector(name), folder.resolve())
    except ConnectorSetupError as error:
        known = ", ".join(names())
        raise KitError(
            f"There is no connector {name} in {folder.resolve()}: no pyproject.toml"
            f" there names it in the entry point group {GROUP}. Installed are {known}."
        ) from error


def contract_of(found: Found) -> type[Account]:
    """Return the acceptance suite's subclass for a connector; raises `KitError`."""
    by_pytest_alone: Path | None = None
    for file in sorted((found.folder / "tests").rglob("test_*.py")):
        text = file.read_text(encoding="utf-8")
        if _IMPORTS_A_SUITE.search(text) and found.connector.__name__ in text:
            for one in _contracts(_module(file, found.folder)):
                if one.connector.spec.name != found.name:
                    continue
                if hasattr(one, "fake_app"):
                    return one
                by_pytest_alone = file
    if by_pytest_alone is not None:
        raise KitError(
            f"The acceptance suite of {found.name} brings what it works on itself: run"
            f" python -m pytest {by_pytest_alone}."
        )
    raise KitError(
        f"There is no acceptance suite for {found.name}: no tests/test_*.py below"
        f" {found.folder} has a subclass of connectors.testing.ConnectorContract with"
        f" connector = {found.connector.__name__}."
    )


def _declared(folder: Path) -> dict[str, str]:
    """Return the connectors that a package declares, by name."""
    try:
        text = (folder / "pyproject.toml").read_text(encoding="utf-8")
        project = tomllib.loads(text).get("project", {})
    except OSError:
        return {}
    except tomllib.TOMLDecodeError as error:
        raise KitError(f"{folder / 'pyproject.toml'} is not TOML: {error}.") from error
    found: dict[str, str] = project.get("entry-points", {}).get(GROUP, {})
    return found


def _loaded(name: str, place: str, root: Path) -> type[Connector]:
    """Import what an entry point names out of its folder."""
    if str(root) not in sys.path:
        sys.path.insert(0, str(root))
    module, _, attribute = place.partition(":")
    try:
        loaded = getattr(import_module(module), attribute)
        return check_connector(name, loaded)
    except ConnectorSetupError as error:
        raise KitError(str(error)) from error
    except Exception as error:
        raise KitError(_cannot_import(module, error)) from error


def _module(file: Path, root: Path) -> ModuleType:
    """Import a test file by its path."""
    if str(root) not in sys.path:
        sys.path.insert(0, str(root))
    spec = spec_from_file_location(f"_tests_of_a_connector_{file.stem}", file)
    if spec is None or spec.loader is None:
        raise KitError(f"{file} is no Python file.")
    module = module_from_spec(spec)
    try:
        spec.loader.exec_module(module)
    except Exception as error:
        raise KitError(_cannot_import(str(file), error)) from error
    return module


def _contracts(module: ModuleType) -> Iterator[type[Account]]:
    for one in vars(module).values():
        is_one = isclass(one) and issubclass(one, Account)
        if is_one and hasattr(one, "connector") and not isabstract(one):
            yield one


def _cannot_import(what: str, error: Exception) -> str:
    return f"{what} cannot be imported: {type(error).__name__}: {error}."
