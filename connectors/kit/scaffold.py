"""
Write the package of a new connector.

It passes its own checks and the acceptance suite before anybody edits it, because a
template that is not run rots: the tests make and run one of each shape.
"""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import MappingProxyType, ModuleType

from jinja2 import Environment, PackageLoader, StrictUndefined

from connectors.base import Connector
from connectors.kit.errors import KitError
from connectors.kit.naming import Name
from connectors.kit.page import write_page
from connectors.kit.shapes import Auth, Shape

# The connector's secrets, by the names that the spec gives them.
_SECRETS: Mapping[Auth, Sequence[str]] = MappingProxyType(
    {
        Auth.BEARER: ("token",),
        Auth.BASIC: ("login",),
        Auth.API_KEY: ("api_key",),
        Auth.OAUTH2: ("client_id", "client_secret"),
    }
)


def write_package(name: Name, auth: Auth, shape: Shape, into: Path) -> Path:
    """
    Write a package below *into* and return its folder.

    All of it or nothing appears.  Raises `KitError` where something is there already.
    """
    folder = into / name.name
    if folder.exists():
        raise KitError(
            f"{folder} is there already; remove it, or write elsewhere with --into."
        )
    try:
        into.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=f".{name.name}-", dir=into) as made:
            whole = Path(made) / name.name
            _write(files_of(name, auth, shape), whole)
            write_page(_connector(name, whole), whole / "docs" / f"{name.name}.md")
            whole.rename(folder)
    except OSError as error:
        raise KitError(
            f"Nothing was written: {into} cannot be written to ({error.strerror})."
        ) from error
    return folder


def files_of(name: Name, auth: Auth, shape: Shape) -> Mapping[str, str]:
    """Return the text of each file of a package, by its path."""
    templates = Environment(
        loader=PackageLoader("connectors.kit"),
        undefined=StrictUndefined,
        autoescape=False,  # noqa: S701 (Python and TOML, from names that were checked)
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    facts = {
        "name": name.name,
        "module": name.module,
        "cls": name.cls,
        "fake_cls": f"Fake{name.cls}",
        "vendor": name.vendor,
        "auth": auth.value,
        "shape": shape.value,
        "secrets": () if shape is Shape.MANUAL else _SECRETS[auth],
    }
    return {
        path: templates.get_template(f"{template}.jinja").render(facts)
        for path, template in _templates(name, shape).items()
    }


def _templates(name: Name, shape: Shape) -> Mapping[str, str]:
    by = "manual_" if shape is Shape.MANUAL else ""
    return {
        "pyproject.toml": "pyproject.toml",
        "Makefile": "Makefile",
        "README.md": "README.md",
        ".gitignore": "gitignore",
        "register.toml": "register.toml",
        f"{name.module}/__init__.py": "init.py",
        f"{name.module}/connector.py": f"{by}connector.py",
        f"{name.module}/fake.py": f"{by}fake.py",
        f"{name.module}/py.typed": "py.typed",
        f"tests/test_{name.module}.py": f"{by}test.py",
    }


def _connector(name: Name, folder: Path) -> type[Connector]:
    """Load the connector just written, under a name that nobody else imports."""
    file = folder / name.module / "connector.py"
    module: ModuleType = ModuleType(f"_new_{name.module}")
    sys.modules[module.__name__] = module
    try:
        exec(compile(file.read_bytes(), str(file), "exec"), vars(module))  # noqa: S102 (our own text)
    finally:
        del sys.modules[module.__name__]
    found: type[Connector] = vars(module)[name.cls]
    return found


def _write(files: Mapping[str, str], folder: Path) -> None:
    for path, text in files.items():
        file = folder / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")
