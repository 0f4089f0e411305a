"""
The words that the checks need of a test runner.

Under pytest they are pytest's own.  An installation without pytest runs the same checks
with the runner of `connectors.testing.running`, which reads only `each`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from importlib.util import find_spec
from typing import TYPE_CHECKING, Generic, TypeVar

_HAS_PYTEST = find_spec("pytest") is not None

if TYPE_CHECKING or _HAS_PYTEST:
    import pytest

    fixture = pytest.fixture
else:

    def fixture(*made: object, **_how: object) -> object:
        """Mark nothing: our own runner lends what a check needs."""
        return made[0] if made else lambda one: one


CheckT = TypeVar("CheckT", bound=Callable[..., None])
ErrorT = TypeVar("ErrorT", bound=Exception)

_EACH = "each_of"


class Raised(Generic[ErrorT]):
    """What was raised, once the block is over."""

    value: ErrorT


def each(name: str, values: Sequence[object]) -> Callable[[CheckT], CheckT]:
    """Run a check once with each of *values* as its argument *name*."""

    def marked(check: CheckT) -> CheckT:
        setattr(check, _EACH, (name, tuple(values)))
        if _HAS_PYTEST:
            # It leaves its mark on the function itself.
            pytest.mark.parametrize(name, values)(check)
        return check

    return marked


def values_of(check: Callable[..., None]) -> tuple[str, Sequence[object]]:
    """Return the argument that `each` gave a check and its values; "" without one."""
    found: tuple[str, Sequence[object]] = getattr(check, _EACH, ("", (None,)))
    return found


@contextmanager
def raising(kind: type[ErrorT], match: str = "") -> Iterator[Raised[ErrorT]]:
    """Expect an error whose message has *match* in it; raises `AssertionError`."""
    caught = Raised[ErrorT]()
    try:
        yield caught
    except kind as error:
        if not re.search(match, str(error)):
            raise AssertionError(
                f"{kind.__name__} should say {match!r}, and says otherwise"
            ) from error
        caught.value = error
    else:
        raise AssertionError(f"{kind.__name__} should be raised, and is not")
