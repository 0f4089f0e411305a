"""
What a connector's author says of it, and the account that every check works on.

Each check gets a fresh account at a fake served over loopback, and after each the
canary is searched in all that was let out: logs, errors, answers, access log.
"""

from __future__ import annotations

import json
import logging
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import ClassVar
from urllib.parse import parse_qsl, unquote

from connectors.base import Connector
from connectors.fakes.frame import FakeProcessor, Seen
from connectors.fakes.serving import serve
from connectors.testing.bench import (
    BYSTANDER,
    CANARY,
    Attested,
    Bench,
    MappingSecrets,
    Somebody,
    nobody_does_it,
)
from connectors.testing.marks import fixture
from schemas.connecting import Action, Identifier, Operation, Work


class LeakError(AssertionError):
    """What identifies somebody got out; its `change` helps whatever the check was."""

    def __init__(self, seen: str, change: str) -> None:
        super().__init__(seen)
        self.change = change


class Account(ABC):
    """What a subclass says of its connector; the fixtures follow from it."""

    connector: ClassVar[type[Connector]]
    fake_app: ClassVar[Callable[[], FakeProcessor]]
    option_values: ClassVar[Mapping[str, object]] = {}
    secret_values: ClassVar[Mapping[str, str]]
    installation: ClassVar[str]  # what `ping` must answer
    # Operations to aim faults at, by their names in the spec: one that `use_reading`
    # sends first, and the one that erases.
    reading: ClassVar[str]
    changing: ClassVar[str]
    # An id that a careless connector would take for a path, a query or a space.
    awkward_reference: ClassVar[str | None] = "a/b+c?d&e=1%2F#f"
    rows_of_many: ClassVar[int] = 10_000

    # --- hooks ---------------------------------------------------------------------

    @abstractmethod
    def seed(self, fake: FakeProcessor, somebody: Somebody) -> Sequence[Identifier]:
        """Put *somebody* in and return the identifiers that find them."""

    @abstractmethod
    def seed_many(self, fake: FakeProcessor, rows: int) -> Sequence[Identifier]:
        """Put `CANARY` in with data that exports as *rows* rows."""

    @abstractmethod
    def unknown(self) -> Sequence[Identifier]:
        """Return the identifiers of a person whom the processor never met."""

    def settle(self, fake: FakeProcessor) -> None:  # noqa: B027 (a hook)
        """Let the fake's open jobs come to their end; nothing where it has none."""

    def by_hand(self, fake: FakeProcessor, action: Action, work: Work) -> Attested:
        """Do on the fake what was handed over, as the person would who gets it."""
        return nobody_does_it(fake, action, work)

    def holds(self, fake: FakeProcessor, somebody: Somebody) -> bool:
        """Say whether the fake still holds anything of *somebody*."""
        data = json.dumps(fake.data, ensure_ascii=False)
        return any(value in data for value in somebody.values())

    def use_reading(self, bench: Bench, identifiers: Sequence[Identifier]) -> object:
        """Do something that sends the operation `reading`; a search by default."""
        return bench.locate(identifiers)

    # --- fixtures ------------------------------------------------------------------

    @fixture(scope="class")
    @classmethod
    def served(cls) -> Iterator[tuple[FakeProcessor, str]]:
        """Serve one fake for all the checks of the class."""
        fake = cls.fake_app()
        with serve(fake) as url:
            yield fake, url

    @fixture
    def fake(self, served: tuple[FakeProcessor, str]) -> Iterator[FakeProcessor]:
        """Lend the fake as a fresh account."""
        fake, _ = served
        fake.reset()
        yield fake
        fake.release()

    @fixture
    def bench(
        self, fake: FakeProcessor, served: tuple[FakeProcessor, str]
    ) -> Iterator[Bench]:
        """Lend the connector at work, and search what it let out afterwards."""
        with self.at_work(fake, served[1]) as bench:
            yield bench

    @contextmanager
    def at_work(self, fake: FakeProcessor, url: str) -> Iterator[Bench]:
        """Set the connector to work on a fake; leaving searches what it let out."""
        bench = Bench(
            connector=self.connector,
            fake=fake,
            url=url,
            options=self.connector.options.model_validate(dict(self.option_values)),
            secrets=MappingSecrets(self.secret_values),
            settle=self.settle,
            by_hand=self.by_hand,
        )
        with _logged() as logged:
            yield bench
        self._nothing_got_out([*logged, *bench.let_out])
        self._access_log_is_clean(fake, bench)

    @fixture
    def person(self, fake: FakeProcessor) -> Sequence[Identifier]:
        """Seed the person to work on beside somebody who must not be touched."""
        return self.two_people(fake)

    def two_people(self, fake: FakeProcessor) -> Sequence[Identifier]:
        """Seed both and return the identifiers of the one to work on."""
        self.seed(fake, BYSTANDER)
        return self.seed(fake, CANARY)

    # --- what no check may leave behind ----------------------------------------------

    def _nothing_got_out(self, texts: Sequence[str]) -> None:
        told = "\n".join(texts)
        for value in (*CANARY.values(), *self.secret_values.values()):
            if value in told:
                raise LeakError(
                    "personal data or a secret got out",
                    "keep them out of log lines, errors and what `repr` shows.",
                )

    def _access_log_is_clean(self, fake: FakeProcessor, bench: Bench) -> None:
        """Allow personal data in the URL parameters that the spec declares only."""
        secret = {*CANARY.values(), *BYSTANDER.values(), *bench.references}
        for seen in fake.log:
            operations = self._operations_at(seen)
            for name, value in _values(seen, operations):
                declared = any(name in op.identifies for op in operations)
                if not declared and any(it in value for it in secret):
                    raise LeakError(
                        f"{seen.operation} does not declare that {name} identifies",
                        f"write `identifies=frozenset({{{name!r}}})` in the operation"
                        f" {seen.operation} of the spec, or send it in the body.",
                    )

    def _operations_at(self, seen: Seen) -> list[Operation]:
        """Return the declared operations that fit a line of the access log."""
        return [
            op
            for op in self.connector.spec.operations.values()
            if op.method == seen.method and _bound(op.path, seen.path) is not None
        ]

    def _sends(self) -> bool:
        """Say whether requests leave, and so may meet the faults of a network."""
        return bool(self.connector.spec.operations)

    def _erases(self) -> bool:
        return Action.ERASE in self.connector.spec.actions


class _Logged(logging.Handler):
    """Keeps all of each log record, its arguments and extras too."""

    def __init__(self) -> None:
        super().__init__(logging.DEBUG)
        self.texts: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        """Keep one record."""
        self.texts += [self.format(record), repr(vars(record))]


@contextmanager
def _logged() -> Iterator[list[str]]:
    """Collect whatever is logged, however little of it would be shown."""
    root, handler = logging.getLogger(), _Logged()
    level = root.level
    root.addHandler(handler)
    root.setLevel(logging.DEBUG)
    try:
        yield handler.texts
    finally:
        root.removeHandler(handler)
        root.setLevel(level)


def _values(seen: Seen, operations: Sequence[Operation]) -> list[tuple[str, str]]:
    found = parse_qsl(seen.query, keep_blank_values=True)
    for operation in operations:
        found += (_bound(operation.path, seen.path) or {}).items()
    return found or [("", unquote(seen.path))]


def _bound(template: str, path: str) -> dict[str, str] | None:
    """Return the decoded values of a path, or nothing where it does not fit."""
    wanted, got = template.strip("/").split("/"), path.strip("/").split("/")
    if len(wanted) != len(got):
        return None
    values: dict[str, str] = {}
    for part, value in zip(wanted, got, strict=True):
        if part.startswith("{"):
            values[part.strip("{}")] = unquote(value)
        elif part != value:
            return None
    return values
