"""The connector of the loopback stub in batches: fifty people a call."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date
from types import MappingProxyType
from typing import ClassVar

from pydantic import BaseModel, RootModel

from benchmarks.connector import Bench
from benchmarks.places import BATCH
from schemas.connecting import (
    Absent,
    Action,
    ConnectorSpec,
    Done,
    Effect,
    Evidence,
    Finding,
    Item,
    ItemId,
    Located,
    NothingFound,
    Operation,
    Person,
    Present,
    ReadBack,
    Reply,
    TaskId,
    Work,
)


class _Record(BaseModel):
    id: str


class _Found(BaseModel):
    records: list[_Record]


class _Listed(RootModel[list[_Found]]):
    pass


class _Erased(BaseModel):
    erased: bool


class _AllErased(RootModel[list[_Erased]]):
    pass


class BenchBatches(Bench):
    """Locate, erase and read back one record of each person, a request for many."""

    spec: ClassVar[ConnectorSpec] = replace(
        Bench.spec,
        name="bench-batches",
        operations=MappingProxyType(
            {
                "account": Operation("GET", "/account", Effect.READ),
                "search": Operation("POST", "/search_many", Effect.READ),
                "read": Operation("POST", "/read_many", Effect.READ),
                "erase": Operation("POST", "/erase_many", Effect.WRITE),
            }
        ),
        people_per_call=MappingProxyType({Action.LOCATE: BATCH, Action.ERASE: BATCH}),
    )

    async def locate(self, people: Sequence[Person]) -> Mapping[TaskId, Finding]:
        """Search by the e-mail addresses."""
        emails = [one.identifiers[0].value for one in people]
        answer = await self._api.call("search", json={"emails": emails})
        found = answer.parse(_Listed).root
        return {
            one.task: _finding(listed)
            for one, listed in zip(people, found, strict=True)
        }

    async def erase(self, work: Sequence[Work]) -> Mapping[TaskId, Reply]:
        """Erase each record."""
        ids = [item.reference for one in work for item in one.items]
        answer = await self._api.call("erase", json={"ids": ids})
        assert all(one.erased for one in answer.parse(_AllErased).root)
        return {one.task: Done("deleted", Evidence.E2) for one in work}

    async def read_back(self, work: Sequence[Work]) -> Mapping[TaskId, ReadBack]:
        """Look whether each record is gone."""
        ids = [item.reference for one in work for item in one.items]
        answer = await self._api.call("read", json={"ids": ids})
        found = answer.parse(_Listed).root
        still = {one.id for listed in found for one in listed.records}
        return {one.task: _look(one, still) for one in work}


def _finding(listed: _Found) -> Finding:
    if not listed.records:
        return NothingFound()
    return Located(
        tuple(
            Item(ItemId(one.id), one.id, "record", "bench_record", date(2026, 1, 1))
            for one in listed.records
        )
    )


def _look(work: Work, still: set[str]) -> ReadBack:
    left = tuple(item.id for item in work.items if item.reference in still)
    return Present(left) if left else Absent()
