"""Which names a new connector may have, and what follows from one."""

from __future__ import annotations

import keyword
import re
import sys
from dataclasses import dataclass
from importlib.util import find_spec

from connectors import base, registry
from connectors.kit.errors import KitError

# Longer names would make lines that the formatter breaks otherwise.
LONGEST = 30

_NAME = re.compile(r"[a-z][a-z0-9]*(-[a-z0-9]+)*")
# Folders of the package, and the module that stands for nothing.
_TAKEN = frozenset({"tests", "docs", "test", "fake", "connector"})
# What the files of a package import or define beside the names of `connectors.base`.
_USED = frozenset(
    {
        *base.__all__,
        "Answer",
        "Any",
        "AsyncIterator",
        "Attested",
        "BaseModel",
        "Bench",
        "Call",
        "ClassVar",
        "ClientCredentials",
        "ConnectorContract",
        "FakeDesk",
        "FakeProcessor",
        "Field",
        "HeaderAuth",
        "Instructions",
        "JsonValue",
        "Language",
        "ManualOptions",
        "Mapping",
        "MappingProxyType",
        "Response",
        "Route",
        "Sequence",
        "Somebody",
    }
)


@dataclass(frozen=True, slots=True)
class Name:
    """A connector's name in its spellings."""

    name: str

    @property
    def module(self) -> str:
        """The module: `acme_mail`."""
        return self.name.replace("-", "_")

    @property
    def cls(self) -> str:
        """The class: `AcmeMail`."""
        return "".join(part.capitalize() for part in self.name.split("-"))

    @property
    def vendor(self) -> str:
        """What people call it, until somebody corrects it: `Acme Mail`."""
        return " ".join(part.capitalize() for part in self.name.split("-"))


def a_new_name(text: str) -> Name:
    """Return *text* as a name nobody has; raises `KitError` with what to write."""
    if not _NAME.fullmatch(text) or len(text) > LONGEST:
        raise KitError(
            f"{text!r} is no name for a connector: write small letters, digits and"
            f" single hyphens, a letter first, at most {LONGEST}, such as acme-mail."
        )
    name = Name(text)
    problem = _problem(name)
    if problem is not None:
        raise KitError(
            f"A connector cannot be called {text}: {problem}. Write another name, such"
            f" as {text[: LONGEST - 5]}-mail."
        )
    return name


def _problem(name: Name) -> str | None:
    """Say what stands in the way of a well-formed name."""
    if name.name in registry.names():
        return "there is a connector of that name already"
    for word in (name.module, name.cls):
        if keyword.iskeyword(word):
            return f"{word} is a word of Python's own"
    if name.module in _TAKEN:
        return f"its package has another file called {name.module}"
    if name.module in sys.stdlib_module_names or find_spec(name.module) is not None:
        return f"Python has a module {name.module}, which the new one would hide"
    if {name.cls, f"Fake{name.cls}"} & _USED:
        return f"its module uses a class {name.cls} for something else"
    return None
