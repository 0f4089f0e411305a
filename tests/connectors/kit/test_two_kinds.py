"""The acceptance suite on a connector whose people have records of two kinds."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from types import MappingProxyType
from typing import Any, ClassVar

import pytest
from starlette.responses import JSONResponse, Response

from connectors.base import Absent, ReadBack, Reply, Sink, Work
from connectors.fakes.frame import Call, Route
from connectors.testing.running import run_contract
from examples.connector.acme_mail import AcmeMail
from examples.connector.fake_acme_mail import FakeAcmeMail
from schemas.connecting import (
    ConnectorSpec,
    Done,
    Effect,
    Evidence,
    Finding,
    Item,
    ItemId,
    Located,
    Operation,
    Person,
    Present,
)
from tests.examples.test_acme_mail import TestAcmeMail as Sound

_NOTE = "/v3/notes/{id}"
_OWN = frozenset({"id"})
_UNKNOWN = 404


class _FakeWithNotes(FakeAcmeMail):
    """Acme Mail with a note on each contact, which the contact's end outlives."""

    def routes(self) -> Sequence[Route]:
        return (
            *super().routes(),
            Route("read_note", "GET", _NOTE, self._read_note),
            Route("delete_note", "DELETE", _NOTE, self._delete_note),
        )

    def empty(self) -> dict[str, Any]:
        return {**super().empty(), "notes": {}}

    def seed(self, records: Sequence[Mapping[str, Any]]) -> None:
        super().seed(records)
        # Contacts and notes are numbered apart, so a number may stand for both.
        self.data["notes"].update({it["id"]: it["name"] for it in records})

    def _read_note(self, call: Call) -> Response:
        return JSONResponse({}, 200 if call.path["id"] in self.data["notes"] else 404)

    def _delete_note(self, call: Call) -> Response:
        is_known = self.data["notes"].pop(call.path["id"], None) is not None
        return JSONResponse({}, 200 if is_known else 404)


class _WithNotes(AcmeMail):
    spec: ClassVar[ConnectorSpec] = replace(
        AcmeMail.spec,
        operations=MappingProxyType(
            {
                **AcmeMail.spec.operations,
                "read_note": Operation("GET", _NOTE, Effect.READ, _OWN),
                "delete_note": Operation("DELETE", _NOTE, Effect.WRITE, _OWN),
            }
        ),
    )

    async def locate_one(self, person: Person) -> Finding:
        finding = await super().locate_one(person)
        if not isinstance(finding, Located):
            return finding
        items = [one for it in finding.items for one in (self._note_of(it), it)]
        return replace(finding, items=tuple(items))

    async def erase_one(self, work: Work) -> Reply:
        (item,) = work.items
        if item.kind != "note":
            return await super().erase_one(work)
        answer = await self._api.call(
            "delete_note", path={"id": item.reference}, accept=(_UNKNOWN,)
        )
        if not answer.says("{}"):
            raise answer.unexpected()
        return Done("deleted", Evidence.E2)

    async def read_back_one(self, work: Work) -> ReadBack:
        there = [it.id for it in work.items if await self._is_there(it)]
        return Present(tuple(there)) if there else Absent()

    async def export(self, work: Work, sink: Sink) -> Reply:
        contacts = tuple(it for it in work.items if it.kind != "note")
        return await super().export(replace(work, items=contacts), sink)

    async def _is_there(self, item: Item) -> bool:
        if item.kind != "note":
            return bool(await self._by_id(item.reference))
        answer = await self._api.call(
            "read_note", path={"id": item.reference}, accept=(_UNKNOWN,)
        )
        if not answer.says("{}"):
            raise answer.unexpected()
        return answer.status != _UNKNOWN

    def _note_of(self, contact: Item) -> Item:
        return replace(contact, id=ItemId(f"note-{contact.id}"), kind="note")


class _NamedAlike(_WithNotes):
    """Gives a contact and its note one name."""

    def _note_of(self, contact: Item) -> Item:
        return replace(contact, kind="note")


class _SeesOneKind(_WithNotes):
    """Proves an erasure without a look at the notes."""

    async def _is_there(self, item: Item) -> bool:
        return item.kind != "note" and await super()._is_there(item)


class _OfNotes(Sound):
    connector = _WithNotes
    fake_app = staticmethod(_FakeWithNotes)


@pytest.mark.parametrize("changing", ["delete", "delete_note"])
def test_sound_connector_of_two_kinds_passes_every_check(changing: str) -> None:
    """Faults meet one kind of record, and what is expected of both still holds."""
    contract = type("_Aimed", (_OfNotes,), {"changing": changing})

    reports = list(run_contract(contract))

    assert [one.check for one in reports if not one.passed] == []


@pytest.mark.parametrize(
    ("broken", "caught_by"),
    [
        (_NamedAlike, "test_search_names_the_same_items_each_time"),
        (_SeesOneKind, "test_lying_processor_is_found_out"),
    ],
)
def test_kind_that_is_forgotten_is_found_out(
    broken: type[_WithNotes], caught_by: str
) -> None:
    """One kind's name or absence does not stand for the other's."""
    contract = type("_Broken", (_OfNotes,), {"connector": broken})

    (report,) = run_contract(contract, caught_by)

    assert not report.passed
