"""
A connector at work on its fake, step by step, for the one who is writing it.

Two invented people are put in: one to work on, and one who must stay.
"""

from __future__ import annotations

import traceback
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

from pydantic import SecretStr

from connectors.errors import AnswerLost, ProcessorError
from connectors.fakes.faults import Fault, FaultKind
from connectors.fakes.frame import Exchange, FakeProcessor
from connectors.fakes.serving import serve
from connectors.kit.errors import KitError
from connectors.kit.exchanges import MASK, Shower
from connectors.kit.facts import AFTER_LOST
from connectors.kit.results import meaning_of, told
from connectors.testing import (
    BYSTANDER,
    CANARY,
    Bench,
    CollectingSink,
    work_of,
)
from connectors.testing.account import Account
from connectors.testing.work import Working
from schemas.connecting import Action, Finding, Identifier, Located, Work

Say = Callable[[str], None]

# So long a stalled answer is waited for here; the spec's time-out is longer.
_PATIENCE = timedelta(seconds=2)

HELP = """\
  ping, locate, export, erase, look   do it
  all                                 do all of them, one after the other
  fault KIND [OPERATION] [TIMES]      let the fake misbehave, once or so often
  calm                                end every fault
  reset                               begin again with a fresh account
  help, quit"""


class Session:
    """One connector at one fake; every word is an order and gives lines."""

    def __init__(
        self, contract: Account, bench: Bench, fake: FakeProcessor, say: Say
    ) -> None:
        """Begin with a fresh account; *say* takes a line."""
        self._contract = contract
        self._bench = bench
        self._fake = fake
        self._out = say
        self._spec = contract.connector.spec
        self._private = {*CANARY.values(), *BYSTANDER.values()}
        self._shower = Shower(self._spec.operations, self._private, _secrets(contract))
        self._known: Sequence[Identifier] = ()
        self._work: Work | None = None
        self.failures = 0
        fake.recorder = self._show
        self.reset()

    def obey(self, order: str) -> bool:
        """Carry out one line; say whether there may be another."""
        word, *rest = order.split() or [""]
        steps: Mapping[str, Callable[[], None]] = {
            "": lambda: None,
            "ping": self.ping,
            "locate": self.locate,
            "export": self.export,
            "erase": self.erase,
            "look": self.look,
            "all": self.all,
            "calm": self._fake.faults.clear,
            "reset": self.reset,
            "help": lambda: self._say(HELP),
        }
        if word in ("quit", "exit"):
            return False
        try:
            if word == "fault":
                self.misbehave(rest)
            elif word in steps:
                steps[word]()
            else:
                self._say(f"{word!r} is no order; these are:\n{HELP}")
        except KitError as error:
            self._say(f"  {error}")
        return True

    def misbehave(self, words: Sequence[str]) -> None:
        """Let the fake misbehave: `KIND [OPERATION] [TIMES]`; raises `KitError`."""
        self._fake.faults.add(a_fault(words, self._spec.operations))

    def reset(self) -> None:
        """Begin again: a fresh account with both people in it."""
        self._fake.reset()
        self._known = self._contract.two_people(self._fake)
        self._work = None

    def all(self) -> None:
        """Do what a case does, in its order; stop where something fails."""
        actions = self._spec.actions
        steps = [self.ping, self.locate]
        steps += [self.export] if Action.EXPORT in actions else []
        steps += [self.erase, self.look] if Action.ERASE in actions else []
        before = self.failures
        for step in steps:
            if self.failures == before:
                step()

    def ping(self) -> None:
        """Ask for the account's own name."""
        self._do("ping", lambda: self._bench.run(lambda it: it.ping()))

    def locate(self) -> None:
        """Search for the person and keep what was found."""
        found: list[Finding] = []

        def search() -> object:
            found.append(self._bench.locate(self._known))
            return found[0]

        self._do("locate", search)
        self._private |= self._bench.references
        if found and isinstance(found[0], Located):
            self._work = work_of(found[0].items, self._known)

    def export(self) -> None:
        """Copy what the processor holds on the person."""
        with self._located() as work:
            subjects = {it.reference for it in work.items}
            sink = CollectingSink(subjects | {it.value for it in work.identifiers})
            self._do("export", lambda: self._bench.export(work, sink))
            rows: dict[str, int] = {}
            for row in sink.rows:
                rows[row.category] = rows.get(row.category, 0) + 1
            for category, count in rows.items():
                self._say(f"  {count} rows of {category}")

    def erase(self) -> None:
        """Erase what was found, jobs to their end, and say who is left."""
        with self._located() as work:
            self._do("erase", lambda: self._bench.erase(work))
            for somebody, who in ((CANARY, "the person"), (BYSTANDER, "the other one")):
                there = self._contract.holds(self._fake, somebody)
                self._say(f"  the fake {'still holds' if there else 'forgot'} {who}")

    def look(self) -> None:
        """Look whether the records are gone."""
        with self._located() as work:
            self._do("look", lambda: self._bench.read_back(work))

    @contextmanager
    def _located(self) -> Iterator[Work]:
        """Lend what was found, after a search where there was none."""
        if self._work is None:
            self.locate()
        if self._work is None:
            raise KitError("Nothing was found, so there is nothing to do this with.")
        yield self._work

    def _do(self, word: str, step: Callable[[], object]) -> None:
        """Do one step, say what came of it, and what the shell would have waited."""
        self._say(word)
        waited, asked = len(self._bench.waited), len(self._fake.log)
        try:
            answer = step()
        except ProcessorError as error:
            self.failures += 1
            meaning = meaning_of(error)
            self._say(f"  = {type(error).__name__}({error}): {meaning}")
            self._follow(word, error)
        except Exception as error:  # noqa: BLE001 (the author's mistake, not ours)
            self.failures += 1
            self._say(f"  = a mistake in the connector: {_mistake(error)}")
        else:
            for line in told(answer):
                self._say(f"  = {line}")
        for seen in self._fake.log[asked:]:
            if not seen.operation:
                self._say(f"  {self._shower.missing(seen)}")
        waits = self._bench.waited[waited:]
        if waits:
            seconds = ", ".join(f"{one:g} s" for one in waits)
            self._say(f"  (the shell would have waited {seconds} between the tries)")

    def _follow(self, word: str, error: ProcessorError) -> None:
        """Say what the workflow does after a lost answer, as the spec declares."""
        replay = self._spec.replay.get(Action(word)) if word in set(Action) else None
        if isinstance(error, AnswerLost) and replay is not None:
            self._say(f"  the workflow goes on so: {AFTER_LOST[replay]}")

    def _say(self, line: str) -> None:
        """Say a line; an error of the author's own may quote an invented person."""
        for value in (*CANARY.values(), *BYSTANDER.values()):
            line = line.replace(value, MASK)
        self._out(line)

    def _show(self, exchange: Exchange) -> None:
        self._say(f"  {self._shower.shown(exchange)}")


@contextmanager
def open_session(contract: type[Account], say: Say) -> Iterator[Session]:
    """Serve the fake and lend a session; the end says what got out."""
    if not issubclass(contract, Working):
        name = contract.connector.spec.name
        raise KitError(
            f"{name} only tells, so there is no search or erasure to watch: run"
            f" erasure connector test {name}."
        )
    fake, account = contract.fake_app(), contract()
    session: Session | None = None
    with serve(fake) as url:
        say(
            f"{contract.connector.spec.name} at its fake, {url}, with two people in it."
        )
        try:
            with account.at_work(fake, url) as bench:
                bench.patience = _PATIENCE
                session = Session(account, bench, fake, say)
                yield session
        except AssertionError as error:
            if session is None:
                raise
            session.failures += 1
            say(f"NO: {error}.")


def a_fault(words: Sequence[str], operations: Mapping[str, object]) -> Fault:
    """Read `KIND [OPERATION] [TIMES]`; raises `KitError` with what there is."""
    kind, operation, times = (*words, "", "", "")[:3]
    if operation.isdecimal():
        operation, times = "", operation
    if kind not in {one.value for one in FaultKind}:
        kinds = ", ".join(FaultKind)
        raise KitError(f"There is no fault {kind!r}; there are {kinds}.")
    if operation and operation not in operations:
        known = ", ".join(operations)
        raise KitError(f"The spec has no operation {operation!r}; it has {known}.")
    return Fault(
        kind=FaultKind(kind), operation=operation or None, times=int(times or 1)
    )


def _secrets(contract: Account) -> set[str]:
    """Return the account's secrets, also those among its options."""
    options = contract.connector.options.model_validate(dict(contract.option_values))
    hidden = [one for _, one in options if isinstance(one, SecretStr)]
    return {*contract.secret_values.values(), *(it.get_secret_value() for it in hidden)}


def _mistake(error: Exception) -> str:
    """Say what an author did wrong, and where."""
    places = traceback.extract_tb(error.__traceback__)
    file = Path(places[-1].filename).name
    return f"{type(error).__name__}: {error} ({file}:{places[-1].lineno})"
