"""What a copy out of Zendesk holds."""

from __future__ import annotations

from typing import Any, ClassVar

import pytest

from connectors.base import Exported, NothingFound, Provenance
from connectors.errors import WrongPerson
from connectors.fakes.zendesk import FakeZendesk
from connectors.testing import BYSTANDER, CANARY, Bench, CollectingSink
from tests.connectors.zendesk_account import (
    OF_CANARY,
    ZendeskAccount,
    a_user,
    only_users,
    tickets,
)


class TestExport(ZendeskAccount):
    """User, addresses, tickets and messages, page by page."""

    canary: ClassVar[dict[str, Any]] = {"tickets": tickets(41, messages=250)}

    def test_copy_holds_every_kind_of_record(self, bench: Bench) -> None:
        """The pages of messages are followed to the last."""
        work = bench.find(OF_CANARY)
        sink = CollectingSink({it.reference for it in work.items})

        reply = bench.export(work, sink)

        counted = [row.category for row in sink.rows]
        assert reply == Exported(254)
        assert {name: counted.count(name) for name in counted} == {
            "tickets": 1,
            "messages": 250,
            "user": 1,
            "identities": 2,
        }

    def test_what_others_wrote_is_marked(self, bench: Bench, fake: FakeZendesk) -> None:
        """An agent's answer stands in the person's ticket and is the agent's too."""
        theirs = tickets(41, author=BYSTANDER.reference)
        fake.seed([a_user(CANARY, tickets=theirs)])
        work = bench.find(OF_CANARY)
        sink = CollectingSink({it.reference for it in work.items})

        bench.export(work, sink)

        (row,) = [row for row in sink.rows if row.category == "messages"]
        assert (row.third_party, row.provenance) == (True, Provenance.OBSERVED)

    def test_ticket_that_moved_to_somebody_else_stops_the_copy(
        self, bench: Bench, fake: FakeZendesk
    ) -> None:
        """A row is bound to the ticket and to whoever asked for it."""
        work = bench.find(OF_CANARY)
        fake.data["tickets"]["41"]["requester_id"] = int(BYSTANDER.reference)

        with pytest.raises(WrongPerson):
            bench.export(work, CollectingSink({it.reference for it in work.items}))

    def test_forgotten_person_has_nothing_to_copy(
        self, bench: Bench, fake: FakeZendesk
    ) -> None:
        """A record without a person in it is no row."""
        work = bench.find(OF_CANARY)
        bench.erase_once(work)
        fake.command("run", None)
        bench.erase_once(only_users(work))
        fake.command("complete", None)

        assert bench.export(work, CollectingSink(())) == NothingFound()
