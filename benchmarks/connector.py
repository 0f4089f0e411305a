"""
The connector of the loopback stub: one search, one erasure, one look a person.

It is brought the way a third party's connector is: by an entry point (`places`).
"""

from __future__ import annotations

from datetime import date, timedelta
from types import MappingProxyType
from typing import ClassVar

from pydantic import BaseModel

from connectors.base import OneAtATime
from schemas.connecting import (
    EMAIL,
    Absent,
    Action,
    ConnectorSpec,
    Done,
    Effect,
    Evidence,
    Finding,
    HeaderAuth,
    Installation,
    Item,
    ItemId,
    Located,
    NothingFound,
    Operation,
    Person,
    Present,
    Proof,
    Rate,
    ReadBack,
    Replay,
    Reply,
    Work,
)


class _Account(BaseModel):
    name: str


class _Record(BaseModel):
    id: str


class _Found(BaseModel):
    records: list[_Record]


class _Erased(BaseModel):
    erased: bool


class Bench(OneAtATime):
    """Locate, erase and read back one record, one request each."""

    spec: ClassVar[ConnectorSpec] = ConnectorSpec(
        name="bench",
        version="1",
        vendor="Bench",
        source="benchmarks/stub.py, 2026-11",
        actions=frozenset({Action.LOCATE, Action.ERASE}),
        accepts=frozenset({EMAIL}),
        yields=frozenset(),
        operations=MappingProxyType(
            {
                "account": Operation("GET", "/account", Effect.READ),
                "search": Operation("POST", "/search", Effect.READ),
                "read": Operation("POST", "/read", Effect.READ),
                "erase": Operation("POST", "/erase", Effect.WRITE),
            }
        ),
        auth=HeaderAuth(),
        # Real windows do their work, and let everything through.
        rates=(Rate(1_000, timedelta(seconds=1)),),
        proof=Proof.LOOKUP,
        replay=MappingProxyType({Action.ERASE: Replay.LOOK}),
        horizon=timedelta(days=1),
        record_classes=frozenset({"bench_record"}),
    )

    async def ping(self) -> Installation:
        """Ask the stub for its name."""
        answer = await self._api.call("account")
        return Installation(answer.parse(_Account).name)

    async def locate_one(self, person: Person) -> Finding:
        """Search by the e-mail address."""
        (email,) = person.identifiers
        answer = await self._api.call("search", json={"email": email.value})
        records = answer.parse(_Found).records
        if not records:
            return NothingFound()
        return Located(
            tuple(
                Item(ItemId(one.id), one.id, "record", "bench_record", date(2026, 1, 1))
                for one in records
            )
        )

    async def erase_one(self, work: Work) -> Reply:
        """Erase each record."""
        for item in work.items:
            answer = await self._api.call("erase", json={"id": item.reference})
            assert answer.parse(_Erased).erased
        return Done("deleted", Evidence.E2)

    async def read_back_one(self, work: Work) -> ReadBack:
        """Look whether each record is gone."""
        still = []
        for item in work.items:
            answer = await self._api.call("read", json={"id": item.reference})
            if answer.parse(_Found).records:
                still.append(item.id)
        return Present(tuple(still)) if still else Absent()
