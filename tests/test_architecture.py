"""Hold the shape of the code: sizes, names, documentation, and who imports whom."""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PRODUCT = ("orchestrator", "connectors", "schemas")
FOLDERS = (*PRODUCT, "tests", "benchmarks")

LONGEST_FILE = 400
LONGEST_FUNCTION = 40
LONG_FUNCTION = 25
LONG_SHARE = 0.1  # so many functions may be longer than LONG_FUNCTION

# Names that say nothing of what is inside (docs: the style of the code).
EMPTY_WORDS = {"manager", "helper", "helpers", "utils", "common", "misc", "handler"}
EMPTY_WORDS |= {"handlers", "service", "services", "util"}

STATES = ("orchestrator/core/tasks.py", "orchestrator/core/cases.py")
# The parts of the shell that live beside the connectors, because they speak HTTP.
SHELL = {
    "connectors/transport/http.py",
    "connectors/transport/resolving.py",
    "connectors/transport/wire.py",
}
# They verify and seal, and know nothing of a processor.
CRYPTOGRAPHY = {
    f"connectors/{it}.py"
    for it in (
        "opendsr/signatures",
        "signed/dsse",
        "signed/public_keys",
        "signed/sealing",
    )
}

Function = ast.FunctionDef | ast.AsyncFunctionDef


def _modules(*folders: str) -> list[str]:
    """Return the modules of *folders* as paths below the root."""
    found = [path for folder in folders for path in (ROOT / folder).rglob("*.py")]
    assert found, "an empty folder would make every fact true"
    return sorted(path.relative_to(ROOT).as_posix() for path in found)


@cache
def _tree(module: str) -> ast.Module:
    """Parse a module, once."""
    return ast.parse((ROOT / module).read_text(encoding="utf-8"))


def _functions(module: str) -> Iterator[Function]:
    """Yield every function and method of a module."""
    for node in ast.walk(_tree(module)):
        if isinstance(node, Function):
            yield node


def _lines(function: Function) -> int:
    """Count a function's lines, its docstring included, its decorators not."""
    return (function.end_lineno or function.lineno) - function.lineno + 1


def _imports(module: str) -> Iterator[str]:
    """Yield the full names of what a module imports, wherever it does."""
    for node in ast.walk(_tree(module)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{module}: imports are absolute here"
            yield node.module or ""


def _packages(module: str) -> set[str]:
    """Return the top-level packages that a module imports."""
    return {name.partition(".")[0] for name in _imports(module)}


def _third_parties(module: str) -> set[str]:
    """Return the packages of others that a module imports."""
    return _packages(module) - sys.stdlib_module_names - {*FOLDERS}


# --- sizes ----------------------------------------------------------------------------


def test_modules_fit_in_their_ceiling() -> None:
    """A module is about one thing, and that fits into 400 lines."""
    sizes = {
        module: (ROOT / module).read_text(encoding="utf-8").count("\n")
        for module in _modules(*FOLDERS)
    }

    assert {module: n for module, n in sizes.items() if n > LONGEST_FILE} == {}


def test_functions_fit_in_their_ceiling() -> None:
    """No function is longer than 40 lines."""
    sizes = {
        f"{module}: {one.name}": _lines(one)
        for module in _modules(*FOLDERS)
        for one in _functions(module)
    }

    assert {name: n for name, n in sizes.items() if n > LONGEST_FUNCTION} == {}


def test_most_functions_are_short() -> None:
    """In each folder of the product, nine functions of ten have at most 25 lines."""
    for folder in PRODUCT:
        sizes = [_lines(one) for m in _modules(folder) for one in _functions(m)]

        long = [size for size in sizes if size > LONG_FUNCTION]

        assert len(long) <= LONG_SHARE * len(sizes), folder


# --- names and documentation ----------------------------------------------------------


def test_modules_say_what_they_are() -> None:
    """Every module begins with a docstring."""
    silent = [m for m in _modules(*FOLDERS) if not ast.get_docstring(_tree(m))]

    assert silent == []


def test_modules_have_names_that_say_something() -> None:
    """No module is called by a word that fits anything."""
    empty = [
        module
        for module in _modules(*FOLDERS)
        if EMPTY_WORDS & {*Path(module).stem.split("_")}
        or Path(module).stem.startswith("base_")
    ]

    assert empty == []


def test_every_state_is_documented() -> None:
    """Each status, step, gate and item state says beside it what it means."""
    undocumented = [
        f"{node.name}.{name}"
        for module in STATES
        for node in ast.walk(_tree(module))
        if isinstance(node, ast.ClassDef) and _is_enum(node)
        for name in _bare_constants(node)
    ]

    assert undocumented == []


def _is_enum(node: ast.ClassDef) -> bool:
    """Tell whether a class lists constants."""
    return any(isinstance(one, ast.Name) and one.id == "StrEnum" for one in node.bases)


def _bare_constants(node: ast.ClassDef) -> Iterator[str]:
    """Yield the constants of an enum that no docstring follows."""
    for here, following in zip(node.body, [*node.body[1:], None], strict=True):
        if isinstance(here, ast.Assign) and isinstance(here.targets[0], ast.Name):
            text = following.value if isinstance(following, ast.Expr) else None
            if not (isinstance(text, ast.Constant) and isinstance(text.value, str)):
                yield here.targets[0].id


# --- who imports whom, beyond what import-linter holds --------------------------------


def test_core_needs_nothing_but_the_standard_library() -> None:
    """The core imports itself, the schemas and pure parts of the standard library."""
    allowed = {"__future__", "calendar", "collections", "dataclasses", "datetime"}
    allowed |= {
        "enum",
        "fractions",
        "functools",
        "hashlib",
        "itertools",
        "json",
        "operator",
        "types",
        "typing",
        "zoneinfo",
    }

    others = {
        f"{module}: {name}"
        for module in _modules("orchestrator/core")
        for name in _imports(module)
        if not name.startswith(("orchestrator.core", "schemas"))
        and name.partition(".")[0] not in allowed
    }

    assert others == set()


def test_schemas_import_nobody() -> None:
    """What crosses a border needs pydantic, tables of telephone numbers, and no one."""
    allowed = {"pydantic", "pydantic_core", "phonenumbers"}
    ours = {"orchestrator", "connectors", "tests", "benchmarks"}

    others = {m: (_packages(m) & ours) | _third_parties(m) for m in _modules("schemas")}

    assert {m: names - allowed for m, names in others.items() if names - allowed} == {}


def test_connectors_speak_http_and_nothing_else() -> None:
    """A connector has no log call, no clock and no chance of its own."""
    forbidden = {"logging", "structlog", "time", "random", "uuid"}
    besides = ("connectors/fakes", "connectors/kit", "connectors/testing")
    # A processor that is a database: its library's loggers are silenced, keys typed.
    of_sql = {"sqlalchemy", "logging", "uuid"}

    offences = {
        module: (_third_parties(module) - {"httpx", "pydantic"})
        | (_packages(module) & forbidden)
        for module in _modules("connectors")
        if module not in SHELL | CRYPTOGRAPHY and not module.startswith(besides)
    }
    for module in offences:
        if module.startswith("connectors/sql/"):
            offences[module] -= of_sql

    assert {module: names for module, names in offences.items() if names} == {}


def test_product_does_not_import_its_tests() -> None:
    """What is shipped needs no tests; the suite for connectors is a pytest one."""
    kept_out = {"tests", "benchmarks", "hypothesis", "pytest"}
    suite = "connectors/testing"

    found = {m: _packages(m) & kept_out for m in _modules(*PRODUCT)}
    found = {m: f - {"pytest"} if m.startswith(suite) else f for m, f in found.items()}

    assert {module: names for module, names in found.items() if names} == {}


def test_adapter_wraps_one_library() -> None:
    """An adapter file knows one library of others, beside pydantic at the border."""
    database = {"sqlalchemy", "alembic", "psycopg"}
    found = {
        module: _third_parties(module) - {"pydantic", "pydantic_core"}
        for module in _modules("orchestrator/adapters")
    }

    several = {m: f for m, f in found.items() if len(f) > 1 and not f <= database}

    assert several == {}


def test_settings_are_read_in_one_place() -> None:
    """Only the composition root, and the commands that show them, know the settings."""
    readers = {
        module
        for module in _modules(*PRODUCT)
        if any(name.startswith("orchestrator.settings") for name in _imports(module))
    }

    rooms = {Path(module).parts[1] for module in readers}

    assert rooms == {"bootstrap", "entrypoints", "settings"}


def test_environment_is_read_in_one_place() -> None:
    """Nothing but settings and secret references looks at the environment."""
    readers = {module for module in _modules(*PRODUCT) if _reads_environment(module)}

    assert readers <= {
        "orchestrator/settings/loading.py",
        "orchestrator/adapters/register/secrets.py",
    }


def _reads_environment(module: str) -> bool:
    """Tell whether a module names `os.environ` or `os.getenv`."""
    return any(
        isinstance(node, ast.Attribute) and node.attr in {"environ", "getenv"}
        for node in ast.walk(_tree(module))
    )
