"""A Klaviyo that answers against its own rules costs nobody's data."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace

import pytest
from starlette.responses import JSONResponse, Response

from connectors.base import JobAccepted
from connectors.errors import ContractChanged, WrongPerson
from connectors.fakes.frame import Call
from connectors.fakes.klaviyo import FakeKlaviyo, Refusal
from connectors.fakes.klaviyo_records import Record
from connectors.testing import BYSTANDER, CANARY, Bench, CollectingSink
from tests.connectors.klaviyo_account import (
    CHECK,
    EMAIL_OF_CANARY,
    KlaviyoAccount,
    a_profile,
    accepted,
    events,
    polled,
)


class _IgnoresFilters(FakeKlaviyo):
    """Answers every filter with everything it has."""

    def _search(self, call: Call) -> Response:
        query = call.query
        wider = type(query)({**query, "filter": self._every("email")})
        return super()._search(replace(call, query=wider))

    def _events(self, call: Call) -> Response:
        query = call.query
        every = ",".join(f'"{it}"' for it in self.data["profiles"])
        wider = type(query)({**query, "filter": f"any(profile_id,[{every}])"})
        return super()._events(replace(call, query=wider))

    def _every(self, name: str) -> str:
        values = [it[name] for it in self.data["profiles"].values()]
        return f"any({name},{json.dumps(values, separators=(',', ':'))})"


class TestIgnoredFilter(KlaviyoAccount):
    """A processor that forgets the filter must not cost a stranger's data."""

    fake_class = _IgnoresFilters

    def test_profiles_that_were_not_asked_for_stop_the_search(
        self, bench: Bench, fake: FakeKlaviyo
    ) -> None:
        """Every customer of the shop is not this one."""
        fake.seed([a_profile(CANARY), a_profile(BYSTANDER)])

        with pytest.raises(ContractChanged, match="search_ignored_its_filter"):
            bench.locate(EMAIL_OF_CANARY)

    def test_events_of_somebody_else_stop_the_export(
        self, bench: Bench, fake: FakeKlaviyo
    ) -> None:
        """Each event is bound to the profile it names, not to the one asked for."""
        fake.seed([a_profile(CANARY)])
        work = bench.find(EMAIL_OF_CANARY)
        fake.seed([a_profile(BYSTANDER, events=events(1))])

        with pytest.raises(WrongPerson):
            bench.export(work, CollectingSink({CANARY.reference}))


class _SearchLags(FakeKlaviyo):
    """Forgets a profile by id at once, and goes on listing it."""

    def _read(self, call: Call) -> Response:
        if call.path["id"] in self.data["doomed"]:
            raise Refusal(404, "not_found", "A profile with this id does not exist.")
        return super()._read(call)


class TestSearchThatLags(KlaviyoAccount):
    """Gone by id and still listed is not gone."""

    fake_class = _SearchLags

    def test_listed_profile_is_not_gone(self, bench: Bench, fake: FakeKlaviyo) -> None:
        """The e-mail is looked up as well, and sees what the id hides."""
        fake.command("lag", 100)
        fake.seed([a_profile(CANARY)])
        job = accepted(bench.erase_once(bench.find(EMAIL_OF_CANARY)))

        again = polled(bench, job.ticket)

        assert isinstance(again, JobAccepted)
        assert again.check_after == CHECK


class _GoesInCircles(FakeKlaviyo):
    """Names the same next page on every page."""

    def _page(
        self, call: Call, found: Sequence[Record], *, default: int, most: int
    ) -> tuple[Sequence[Record], dict[str, str]]:
        page, links = super()._page(call, found, default=default, most=most)
        return page, {**links, "next": f"{call.url}/api/events?page[cursor]=MA=="}


class TestCircle(KlaviyoAccount):
    """Paging ends whatever the processor answers."""

    fake_class = _GoesInCircles

    def test_cursor_that_comes_again_ends_the_search(
        self, bench: Bench, fake: FakeKlaviyo
    ) -> None:
        """An endless search would hold the account up for ever."""
        fake.seed([a_profile(CANARY)])

        with pytest.raises(ContractChanged, match="cursor_comes_again"):
            bench.locate(EMAIL_OF_CANARY)


class _Nameless(FakeKlaviyo):
    """Leaves out whose an event is."""

    def _events(self, call: Call) -> Response:
        body = json.loads(bytes(super()._events(call).body))
        for event in body["data"]:
            del event["relationships"]["profile"]
        return JSONResponse(body)


class TestNamelessEvents(KlaviyoAccount):
    """Nothing is copied that is bound to nobody."""

    fake_class = _Nameless

    def test_event_without_a_profile_stops_the_export(
        self, bench: Bench, fake: FakeKlaviyo
    ) -> None:
        """A filter alone does not say whose an event is."""
        fake.seed([a_profile(CANARY, events=events(1))])
        work = bench.find(EMAIL_OF_CANARY)

        with pytest.raises(ContractChanged, match="event_names_no_profile"):
            bench.export(work, CollectingSink({CANARY.reference}))
