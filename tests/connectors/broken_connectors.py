"""
Connectors with one defect each, and the check that must find it.

Most defects stood in a peer's deletion handlers (read 2026-11).  This file is run by
`test_contract.py`, which expects every check named here to fail.
"""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator, Sequence
from dataclasses import replace

from connectors.base import Sink
from connectors.hubspot import HubSpot
from connectors.hubspot.contacts import Contact
from connectors.hubspot.export import rows_of
from schemas.connecting import (
    EMAIL,
    Absent,
    Action,
    Done,
    Evidence,
    Exported,
    Finding,
    Located,
    NothingFound,
    Person,
    ReadBack,
    Reply,
    Work,
)
from tests.connectors.test_hubspot import TestHubSpot as _Sound


class _AnyStatus(HubSpot):
    async def _delete(self, reference: str) -> None:
        await self._api.call("gdpr_delete", json={"objectId": reference}, accept=(404,))


class TestAnyStatus(_Sound):
    """An unknown 2xx is counted as done."""

    connector = _AnyStatus
    caught_by = "test_lost_answer_is_never_repeated_by_itself[garbage]"


class _ByEmail(HubSpot):
    async def erase_one(self, work: Work) -> Reply:
        for it in work.identifiers:
            body = {"objectId": it.value, "idProperty": "email"}
            await self._api.call("gdpr_delete", json=body)
        return Done("deleted", Evidence.E2)


class TestByEmail(_Sound):
    """An erasure by e-mail creates an entry in the blocklist the second time."""

    connector = _ByEmail
    caught_by = "test_erasing_twice_has_one_effect"


class _Search404(HubSpot):
    async def locate_one(self, person: Person) -> Finding:
        finding = await super().locate_one(person)
        return Located(()) if finding == NothingFound() else finding


class TestEmptyLocated(_Sound):
    """Nothing found is told as found, without items."""

    connector = _Search404
    caught_by = "test_unknown_person_is_nothing_found"


class _InUrl(HubSpot):
    async def locate_one(self, person: Person) -> Finding:
        query = {"q": person.identifiers[0].value}
        await self._api.call("properties", query=query)
        return await super().locate_one(person)


class TestInUrl(_Sound):
    """An identifier stands in a URL that the spec does not declare."""

    connector = _InUrl
    caught_by = "test_search_finds_the_person_and_only_reads"


class _Logging(HubSpot):
    async def locate_one(self, person: Person) -> Finding:
        logging.getLogger(__name__).info("search %s", person.identifiers[0].value)
        return await super().locate_one(person)


class TestLogging(_Sound):
    """A log line names the person."""

    connector = _Logging
    caught_by = "test_search_finds_the_person_and_only_reads"


class _Quoting(HubSpot):
    async def erase_one(self, work: Work) -> Reply:
        try:
            return await super().erase_one(work)
        except Exception as error:
            error.add_note(work.items[0].reference)
            raise


class TestQuoting(_Sound):
    """An error names the person."""

    connector = _Quoting
    caught_by = "test_dry_run_reads_and_refuses_to_write"


class _Blind(HubSpot):
    async def read_back_one(self, work: Work) -> ReadBack:
        return Absent() if work.items else await super().read_back_one(work)


class TestBlind(_Sound):
    """A look that sees nothing calls everything gone."""

    connector = _Blind
    caught_by = "test_look_sees_what_is_there_and_what_is_gone"


class _Boasting(HubSpot):
    async def erase_one(self, work: Work) -> Reply:
        await super().erase_one(work)
        return Done("deleted", Evidence.E4)


class TestBoasting(_Sound):
    """The processor's word is told as a proof."""

    connector = _Boasting
    caught_by = "test_lying_processor_is_found_out"


class _Generous(HubSpot):
    async def export(self, work: Work, sink: Sink) -> Reply:
        rows = 0
        async for contact in self._pages([_EVERYBODY]):
            for row in rows_of(contact):
                await sink.write(replace(row, subject=work.items[0].reference))
                rows += 1
        return Exported(rows)


_EVERYBODY = {
    "filters": [
        {"propertyName": "email", "operator": "CONTAINS_TOKEN", "value": it}
        for it in ("bystander@birds.example",)
    ]
}


class TestGenerous(_Sound):
    """An export hands over a stranger's record under the person's name."""

    connector = _Generous
    caught_by = "test_export_holds_the_person_and_nobody_else"


class _Miscounting(HubSpot):
    async def export(self, work: Work, sink: Sink) -> Reply:
        await super().export(work, sink)
        return Exported(len(work.items) + 1)


class TestMiscounting(_Sound):
    """The count does not tell a truncated copy."""

    connector = _Miscounting
    caught_by = "test_export_holds_the_person_and_nobody_else"


class _FirstPage(HubSpot):
    async def _pages(self, groups: Sequence[object]) -> AsyncIterator[Contact]:
        left = 200
        async for contact in super()._pages(groups):
            if left:
                left -= 1
                yield contact


class TestFirstPage(_Sound):
    """Only the first page of a search is read."""

    connector = _FirstPage
    caught_by = "test_export_of_much_data_is_complete_and_bounded"


class _Undeclared(HubSpot):
    spec = replace(HubSpot.spec, actions=HubSpot.spec.actions - {Action.EXPORT})


class TestUndeclared(_Sound):
    """A method that no action declares would never be called."""

    connector = _Undeclared
    caught_by = "test_declared_actions_are_the_implemented_ones"


class _Shy(HubSpot):
    spec = replace(HubSpot.spec, writes=frozenset({Action.ERASE, Action.EXPORT}))


class TestShy(_Sound):
    """A copy that only reads is declared to write: a dry run would not show it."""

    connector = _Shy
    caught_by = "test_dry_run_copies_unless_the_spec_says_that_it_writes"


class _Secretive(HubSpot):
    async def locate_one(self, person: Person) -> Finding:
        some = tuple(it for it in person.identifiers if it.type != EMAIL)
        return await super().locate_one(replace(person, identifiers=some))


class TestSecretive(_Sound):
    """An identifier that the spec accepts is not searched by."""

    connector = _Secretive
    caught_by = "test_erasure_takes_the_person_and_nobody_else"
