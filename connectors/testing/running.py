"""
Run the acceptance suite without pytest, and say what each check saw.

A check's docstring says what it proves and, behind "If not:", what to change.
"""

from __future__ import annotations

import ast
import inspect
import linecache
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from traceback import walk_tb
from types import FrameType, TracebackType

from connectors.fakes.frame import Exchange, FakeProcessor
from connectors.fakes.serving import serve
from connectors.testing.account import Account, LeakError
from connectors.testing.contract import ConnectorContract
from connectors.testing.marks import values_of

_SUITE = Path(__file__).parent
_MOST = 200  # characters of a value, and of an error's text
_LAST = 12  # requests that are named
_PARTS = frozenset(
    {"self", "bench", "fake", "person", "fault", "work", "kind", "loss", "caught"}
)


@dataclass(frozen=True, slots=True)
class Check:
    """One check of the suite with the value it runs for."""

    name: str
    run: Callable[..., None]
    value: object

    @property
    def title(self) -> str:
        """Its name as pytest writes it, so that it can be run alone."""
        return self.name if self.value is None else f"{self.name}[{self.value}]"


@dataclass(frozen=True, slots=True)
class Report:
    """What one check proves and what it saw; `seen` is empty where all was well."""

    check: str
    proves: str
    passed: bool
    seen: Sequence[str]
    requests: Sequence[str]
    change: str


def checks(contract: type[Account] = ConnectorContract) -> Sequence[Check]:
    """Return the checks of a contract's suite in the order they are read."""
    found = (
        (name, getattr(part, name))
        for part in contract.__mro__
        if part.__module__.startswith(f"{__package__}.")
        for name in vars(part)
        if name.startswith("test_")
    )
    return [
        Check(name, run, value) for name, run in found for value in values_of(run)[1]
    ]


def run_contract(contract: type[Account], only: str = "") -> Iterator[Report]:
    """Run the checks (those with *only* in their title) on a fresh account each."""
    fake = contract.fake_app()
    with serve(fake) as url:
        for check in checks(contract):
            if only in check.title:
                yield _run(contract(), fake, url, check)


def what_it_proves(check: Callable[..., None]) -> tuple[str, str]:
    """Return a check's two sentences: what it proves, and what to change if not."""
    text = " ".join((inspect.getdoc(check) or "").split())
    proves, _, change = text.partition(" If not: ")
    return proves, change


def _run(account: Account, fake: FakeProcessor, url: str, check: Check) -> Report:
    fake.reset()
    exchanges: list[Exchange] = []
    fake.recorder = exchanges.append
    error: Exception | None = None
    try:
        _check(account, fake, url, check)
    except Exception as caught:  # noqa: BLE001 (whatever it is, it is told)
        error = caught
    finally:
        fake.recorder = None
        fake.release()
    proves, change = what_it_proves(check.run)
    if isinstance(error, LeakError):
        change = error.change
    if check.value is not None:
        proves = f"{proves.rstrip('.')} ({check.value})."
    seen = () if error is None else tuple(_seen(error))
    return Report(check.title, proves, error is None, seen, _named(exchanges), change)


def _check(account: Account, fake: FakeProcessor, url: str, check: Check) -> None:
    """Lend the check what its parameters name, and run it."""
    wanted = inspect.signature(check.run).parameters
    name, _ = values_of(check.run)
    lent: dict[str, object] = {name: check.value} if name else {}
    with ExitStack() as stack:
        if "fake" in wanted:
            lent["fake"] = fake
        if "bench" in wanted:
            lent["bench"] = stack.enter_context(account.at_work(fake, url))
        if "person" in wanted:
            lent["person"] = account.two_people(fake)
        check.run(account, **lent)


def _named(exchanges: Sequence[Exchange]) -> Sequence[str]:
    """Name the last requests by operation and answer: neither identifies anybody."""
    told = [f"{one.operation} {one.status}" for one in exchanges[-_LAST:]]
    more = len(exchanges) - len(told)
    return (f"{more} more", *told) if more else tuple(told)


def _seen(error: Exception) -> Iterator[str]:
    """Say what was seen instead, and where."""
    frames = [(frame, line) for frame, line in walk_tb(error.__traceback__)]
    ours = [(f, n) for f, n in frames if _is_of_the_suite(f)]
    if isinstance(error, AssertionError):
        yield str(error) or "it does not hold that"
        if isinstance(error, LeakError):
            return
        for frame, line in ours[-1:]:
            yield from _expectation(frame, line, error)
            yield from _values(frame)
        return
    yield f"{type(error).__name__}: {_short(str(error))}"
    root = _SUITE.parent
    for frame, line in reversed(frames):
        file = Path(frame.f_code.co_filename)
        if root not in file.parents and "site-packages" not in file.parts:
            yield f"raised below {frame.f_code.co_name}, {file.name}:{line}"
            return


def _is_of_the_suite(frame: FrameType) -> bool:
    """Tell a check, or what it calls, from what watches it."""
    file = Path(frame.f_code.co_filename)
    return file.parent == _SUITE and file.name not in {"marks.py", "running.py"}


def _expectation(frame: FrameType, line: int, error: AssertionError) -> Iterator[str]:
    """Quote what a bare assertion expected."""
    if str(error):
        return
    source = "".join(linecache.getlines(frame.f_code.co_filename))
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Assert) and node.lineno <= line <= _end(node):
            yield f"    {' '.join(ast.unparse(node.test).split())}"


def _end(node: ast.Assert) -> int:
    return node.end_lineno or node.lineno


def _values(frame: FrameType) -> Iterator[str]:
    """Show what the check held in its hands."""
    for name, value in frame.f_locals.items():
        is_said = not callable(value) and not isinstance(value, TracebackType)
        if is_said and name not in _PARTS:
            yield f"    {name} = {_short(repr(value))}"


def _short(text: str) -> str:
    return text if len(text) <= _MOST else f"{text[:_MOST]}…"
