"""
A connector at work on a served fake, with everything it lets out collected.

`Bench` plays the shell: a free gate, secrets from a mapping, waits that are noted
instead of waited for.  It keeps the text of every error and the `repr` of every
answer, so that the contract can search them for personal data.
"""

from __future__ import annotations

import asyncio
import json
import traceback
from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from dataclasses import asdict, dataclass, field, fields, replace
from datetime import timedelta
from functools import partial
from typing import TypeVar

from connectors.base import Connector, Options
from connectors.fakes.frame import FakeProcessor
from connectors.testing.office import Office
from connectors.transport.http import ProcessorError, Target, WrongPerson, open_api
from schemas.connecting import (
    EMAIL,
    Action,
    Callback,
    ClientCredentials,
    Effect,
    Finding,
    HandedOver,
    Identifier,
    Item,
    JobAccepted,
    Located,
    Mode,
    Person,
    Present,
    Rate,
    ReadBack,
    Reply,
    Row,
    TaskId,
    Ticket,
    Work,
)

T = TypeVar("T")

TASK = TaskId("task-1")
# Enough for a loaded machine; a check that waits for a stalled answer takes SHORT.
PATIENCE = timedelta(seconds=10)
SHORT = timedelta(seconds=0.3)


@dataclass(frozen=True, slots=True)
class Somebody:
    """
    A person to put into a fake; each value is one nobody else has.

    `reference` is the record's id, where the fake lets one be chosen.
    """

    email: str
    phone: str
    customer_id: str
    name: str
    reference: str

    def values(self) -> Collection[str]:
        """Return everything that would identify this person."""
        return [getattr(self, it.name) for it in fields(self)]


# The plus sign is a space to a careless encoder.
CANARY = Somebody(
    email="canary+erasure@birds.example",
    phone="+15550104477",
    customer_id="CUST-CANARY-7731",
    name="Serinus Kanarienvogel",
    reference="880017731",
)
BYSTANDER = Somebody(
    email="bystander@birds.example",
    phone="+15550109911",
    customer_id="CUST-BYSTANDER-1",
    name="Passer Domesticus",
    reference="880010001",
)


class FreeGate:
    """Lets every send pass, counts them, and notes what the processor asked for."""

    def __init__(self) -> None:
        self.sends: list[Effect] = []
        self.holds: list[float] = []
        self.full_for = 0.0  # seconds that every window is full

    async def before_send(
        self,
        rates: Sequence[Rate],  # noqa: ARG002 (the protocol's)
        effect: Effect,
    ) -> None:
        """Count the send."""
        self.sends.append(effect)

    def wait_for(self, rates: Sequence[Rate]) -> float:  # noqa: ARG002 (the protocol's)
        """Return how long the windows are full, as a test says."""
        return self.full_for

    def hold_until_after(self, seconds: float) -> None:
        """Note how long nobody should send."""
        self.holds.append(seconds)


class MappingSecrets:
    """Secrets by name; counts how often a fresh one was asked for."""

    def __init__(self, values: Mapping[str, str]) -> None:
        self._values = values
        self.refreshed = 0

    def get(self, name: str, *, fresh: bool = False) -> str:
        """Return the secret; raises `KeyError`."""
        self.refreshed += fresh
        return self._values[name]


class CollectingSink:
    """Keeps rows bound to one of *subjects* and refuses every other."""

    def __init__(self, subjects: Collection[str], *, keep: bool = True) -> None:
        self._subjects = frozenset(subjects)
        self._keep = keep
        self.rows: list[Row] = []
        self.count = 0

    async def write(self, row: Row) -> None:
        """Keep *row*; raises `WrongPerson` if it is bound to somebody else."""
        if row.subject not in self._subjects:
            raise WrongPerson("row_of_another_subject")
        self.count += 1
        if self._keep:
            self.rows.append(row)


Attested = tuple[Reply, Sequence[Row]]
"""A person's word on work that was handed over, and the rows that they copied."""
ByHand = Callable[[FakeProcessor, Action, Work], Attested]


def nobody_does_it(
    fake: FakeProcessor,
    action: Action,
    work: Work,  # noqa: ARG001 (nothing is done)
) -> Attested:
    """Stand for the hands of a connector that hands nothing over."""
    raise AssertionError(
        f"{action} is handed over on {fake.name}, and the subclass has no `by_hand`"
    )


@dataclass
class Bench:
    """One account of a connector at a fake that is served at *url*."""

    connector: type[Connector]
    fake: FakeProcessor
    url: str
    options: Options
    secrets: MappingSecrets
    settle: Callable[[FakeProcessor], None]
    by_hand: ByHand = nobody_does_it
    handed_over: int = 0  # how often the connector left the work to a person
    mode: Mode = Mode.LIVE
    allow_http: bool = True
    allow_hosts: Collection[str] = ("127.0.0.1",)
    patience: timedelta = PATIENCE
    gate: FreeGate = field(default_factory=FreeGate)
    office: Office = field(default_factory=Office)
    waited: list[float] = field(default_factory=list)
    let_out: list[str] = field(default_factory=list)
    references: set[str] = field(default_factory=set)

    def __post_init__(self) -> None:
        """Let what is published reach the fake."""
        self.office.deliver_to(self.fake.take)

    def run(self, step: Callable[[Connector], Awaitable[T]]) -> T:
        """Run *step* on a fresh connector, as after a restart."""
        try:
            answer = asyncio.run(self._run(step))
        except ProcessorError as error:
            self.let_out.append("".join(traceback.format_exception(error)))
            raise
        self.let_out.append(repr(answer))
        self.let_out += self.office.told()
        return answer

    def locate(self, identifiers: Sequence[Identifier]) -> Finding:
        """Search for one person."""
        found = self.run(lambda it: it.locate([Person(TASK, tuple(identifiers))]))
        finding = found[TASK]
        if isinstance(finding, Located):
            self.references |= {item.reference for item in finding.items}
        return finding

    def find(self, identifiers: Sequence[Identifier]) -> Work:
        """Search for one person who is there, and freeze what was found."""
        finding = self.locate(identifiers)
        if not isinstance(finding, Located):
            raise TypeError(f"not located: {finding!r}")
        return work_of(finding.items, identifiers)

    def erase(self, work: Work) -> list[Reply]:
        """Erase all items, call by call, jobs to their end."""
        return [
            self._finish(self.erase_once(call), call) for call in self.calls_of(work)
        ]

    def calls_of(self, work: Work) -> list[Work]:
        """Part an erasure into calls of as many items as the spec allows."""
        size = self.connector.spec.items_per_call.get(Action.ERASE, len(work.items))
        return [
            replace(work, items=work.items[start : start + size])
            for start in range(0, len(work.items), max(size, 1))
        ]

    def erase_once(self, work: Work) -> Reply:
        """Send one erasure and return the connector's first answer."""
        return self.run(lambda it: it.erase([work]))[TASK]

    def notify(self, work: Work) -> Reply:
        """Tell the recipient of one person."""
        return self.run(lambda it: it.notify([work]))[TASK]

    def export(self, work: Work, sink: CollectingSink) -> Reply:
        """Export to the end."""
        return self._finish(self.run(lambda it: it.export(work, sink)), work, sink)

    def read_back(self, work: Work) -> ReadBack:
        """Look whether the items are gone."""
        return self.run(lambda it: it.read_back([work]))[TASK]

    def replay(self, work: Work) -> list[Reply]:
        """Look first, and erase only what is still there."""
        self.settle(self.fake)
        look = self.read_back(work)
        if not isinstance(look, Present):
            return []
        left = tuple(item for item in work.items if item.id in look.items)
        return self.erase(replace(work, items=left))

    async def _run(self, step: Callable[[Connector], Awaitable[T]]) -> T:
        async with open_api(
            self._target(),
            self.secrets,
            self.gate,
            sleep=self._wait,
        ) as api:
            return await step(self.connector(api, self.options))

    async def _wait(self, seconds: float) -> None:
        self.waited.append(seconds)

    def _target(self) -> Target:
        spec = self.connector.spec
        auth = spec.auth
        scope = auth.scope_option if isinstance(auth, ClientCredentials) else None
        value = getattr(self.options, scope, None) if scope else None
        return Target(
            spec=replace(spec, timeout=self.patience),
            bases=dict.fromkeys(
                {"base_url", *(op.base for op in spec.operations.values())}, self.url
            ),
            mode=self.mode,
            allow_http=self.allow_http,
            allow_hosts=self.allow_hosts,
            settings={scope: value} if scope and value else {},
            own=self.office,
        )

    def _finish(
        self, reply: Reply, work: Work, sink: CollectingSink | None = None
    ) -> Reply:
        """
        Poll an accepted job to its end; its ticket passes through JSON each time.

        What is handed over a person does, and says so.
        """
        if isinstance(reply, HandedOver):
            return self._by_hand(work, sink)
        for _ in range(10):
            if not isinstance(reply, JobAccepted):
                return reply
            self.settle(self.fake)
            ticket = through_json(reply.ticket)
            said = self._heard()
            if said is not None and not isinstance(said, JobAccepted):
                return said
            if said is not None and said.ticket.value:
                ticket = replace(said.ticket, members=(TASK,))
            reply = self._poll(ticket, sink)
        return reply

    def _by_hand(self, work: Work, sink: CollectingSink | None) -> Reply:
        self.handed_over += 1
        action = Action.ERASE if sink is None else Action.EXPORT
        word, rows = self.by_hand(self.fake, action, work)
        if sink is not None:
            asyncio.run(_copied(rows, sink))
        return word

    def _heard(self) -> Reply | None:
        """Let the connector read what its processor says by itself; the last counts."""
        said = None
        for headers, body in self.fake.letters():
            callback = self.run(partial(_hear, headers=headers, body=body))
            said = callback.by_task.get(TASK, callback.reply)
        return said

    def _poll(self, ticket: Ticket, sink: CollectingSink | None) -> Reply:
        return self.run(lambda it: it.poll(ticket, sink))[TASK]


async def _copied(rows: Sequence[Row], sink: CollectingSink) -> None:
    for row in rows:
        await sink.write(row)


async def _hear(
    connector: Connector, headers: Mapping[str, str], body: bytes
) -> Callback:
    return await connector.on_callback(headers, body)


def work_of(items: Sequence[Item], identifiers: Sequence[Identifier]) -> Work:
    """Return the work of one task on frozen items."""
    return Work(TASK, tuple(items), tuple(identifiers), idempotency_key="call-1")


def through_json(ticket: Ticket) -> Ticket:
    """Return the ticket as it comes back from the vault."""
    stored = json.loads(json.dumps(asdict(ticket)))
    return Ticket(stored["value"], Action(stored["action"]), tuple(stored["members"]))


def email_of(somebody: Somebody) -> Identifier:
    """Return a person's e-mail as an identifier."""
    return Identifier(EMAIL, somebody.email)
