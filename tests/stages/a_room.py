"""An owned account, its inbox, and the stage that reads it."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any, cast

from pydantic import SecretBytes

from connectors.base import Callback, OneAtATime, Options
from connectors.hubspot import HubSpot
from connectors.testing import MappingSecrets
from connectors.transport.http import Api
from orchestrator.adapters.inbox.inbox import SqlInbox
from orchestrator.adapters.keys.pseudonyms import Pseudonyms
from orchestrator.adapters.vault.cipher import Cipher
from orchestrator.core.cases import Task
from orchestrator.core.words import CallId, CaseId
from orchestrator.errors import CannotStore
from orchestrator.ports import Call, CallMember, Claimed, Heard, Inbox, Letter
from orchestrator.stages.gather import Gatherer, Habits
from orchestrator.stages.work.accounts import Account, AccountConfig, Lease
from orchestrator.stages.work.hearing import Hearing
from orchestrator.stages.work.windows import Windows
from schemas.connecting import (
    EMAIL,
    Action,
    Done,
    Evidence,
    Installation,
    Item,
    ItemId,
    Located,
    Mode,
    Proof,
    Reply,
)
from tests.core.builders import CASE, DAY, MAIL, a_plan, an_account, an_opening
from tests.stages.an_office import Office

SIGNED = Done("deleted", Evidence.E3)
FOUND = Item(ItemId("x"), "ref", "profile", "marketing_profile")
LATER = CaseId("case-2")


class Speaking(OneAtATime):
    """Takes a letter's body for the name of a call, unless a test lets it refuse."""

    spec = replace(HubSpot.spec, hears=True)

    def __init__(self) -> None:
        super().__init__(cast("Api", None), Options())
        self.heard = 0
        self.says: Reply | Exception = SIGNED
        self.about: Action | None = None
        self.meanwhile: Callable[[], object] = lambda: None

    async def ping(self) -> Installation:
        """Know itself."""
        return Installation("here")

    async def on_callback(self, headers: Mapping[str, str], body: bytes) -> Callback:
        """Speak of the call that the body names."""
        self.heard += 1
        self.meanwhile()
        if isinstance(self.says, Exception):
            raise self.says
        assert headers == {"x-from": "processor"}
        return Callback(json.loads(body), self.says, action=self.about)


@dataclass
class Room:
    """An owned account, its inbox, and the stage that reads it."""

    office: Office
    account: Account
    connector: Speaking
    inbox: SqlInbox
    gather: Gatherer

    def post(self, key: str = "key-k-erase", **changes: object) -> None:
        """Put a letter into the inbox, as the server does."""
        now = self.office.clock.now()
        body = json.dumps(key).encode()
        letter = Letter("b-1", MAIL, "callback", now, {"x-from": "processor"}, body)
        self.inbox.put(replace(letter, **changes))  # type: ignore[arg-type]

    def hear(self, inbox: Inbox | None = None) -> list[CannotStore]:
        """Read the inbox once, to the end."""
        hearing = Hearing(inbox or self.inbox, self.gather, self.office.clock)
        failures: list[CannotStore] = []

        async def in_database(job: Callable[[], Any]) -> object:
            return job()

        async def run() -> None:
            hearing.begin([self.account], in_database, failures.append)
            await asyncio.gather(*asyncio.all_tasks() - {asyncio.current_task()})

        asyncio.run(run())
        return failures

    @property
    def state(self) -> str:
        """How the letter stands."""
        return self.inbox.line("b-1").state

    def erasure(self, case: CaseId = CASE) -> Task:
        """Return a case's erasure as it stands."""
        (task,) = self.office.case(case).tasks_of(Action.ERASE)
        return task

    def claim(self, key: str | None = None) -> dict[CaseId, Claimed]:
        """Claim what is ready, as one call if it has a *key*."""
        now = self.office.clock.now()

        def calls(claims: Any) -> list[Call]:  # noqa: ANN401 (a sequence of claims)
            items = {c.case: tuple(i.id for i in c.task.items) for c in claims}
            members = (CallMember(c.task.id, c.case, items[c.case]) for c in claims)
            made = Call(
                CallId(f"k-{key}"),
                MAIL,
                Action.ERASE,
                1,
                tuple(members),
                f"key-k-{key}",
                "",
                now,
            )
            return [made] if key else []

        claimed = self.office.claims.claim(
            {MAIL: 8}, {MAIL: 1}, "worker", now, calls, {}
        )
        return {one.case: one for one in claimed}

    def report(self, claimed: Claimed, reply: object, call: str | None = None) -> None:
        """Let a call end with *reply*."""
        items = tuple(item.id for item in claimed.task.items)
        name = CallId(f"k-{call}") if call else None
        self.gather([Heard(claimed, reply, name, items)])


def a_room(office: Office, *cases: CaseId) -> Room:
    """Open *cases* whose erasure is ready, at an account that hears."""
    openings = [an_opening(case=case, request_id=case, subject=case) for case in cases]
    office.open(openings, a_plan(an_account(proof=Proof.STATUS)))
    now = office.clock.now()
    office.claims.register([MAIL])
    office.claims.acquire([MAIL], "worker", now, now + DAY)
    lease = Lease(office.clock.monotonic)
    lease.take(1, office.clock.monotonic(), 24 * 3600)
    windows, connector = Windows(office.clock.monotonic), Speaking()
    config = AccountConfig(
        id=MAIL,
        connector=HubSpot,
        spec=connector.spec,
        options=Options(),
        secrets=MappingSecrets({}),
        bases={},
        mode=Mode.LIVE,
        accepts=frozenset({EMAIL}),
    )
    account = Account(config, connector, cast("Api", None), windows, lease)
    names = Pseudonyms(SecretBytes(bytes(32)))
    gather = Gatherer(
        office.engine,
        office.vault,
        names,
        office.clock,
        {MAIL: Habits(frozenset())},
        lambda: None,
    )
    sealer = Cipher(SecretBytes(bytes(32))).derived("inbox")
    room = Room(
        office, account, connector, SqlInbox(office.database, sealer, 30 * DAY), gather
    )
    for claimed in room.claim().values():
        room.report(claimed, Located((FOUND,)))
    return room
