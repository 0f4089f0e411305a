"""What the Zendesk connector promises, and whom it finds."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any, ClassVar

import pytest
from starlette.responses import JSONResponse, Response

from connectors.base import (
    Ambiguous,
    Identifier,
    IdentifierType,
    Located,
    NeedsHuman,
    NotApplicable,
    NothingFound,
)
from connectors.errors import ContractChanged, CredentialsRefused
from connectors.fakes import zendesk
from connectors.fakes.frame import Call, FakeProcessor
from connectors.fakes.serving import serve
from connectors.fakes.zendesk import FakeZendesk
from connectors.fakes.zendesk_records import FORGOTTEN_NAME
from connectors.testing import (
    BYSTANDER,
    CANARY,
    Bench,
    CollectingSink,
    ConnectorContract,
    Somebody,
)
from connectors.zendesk import Zendesk
from connectors.zendesk.people import EXTERNAL_ID, USER_ID
from schemas.connecting import CUSTOMER_ID, EMAIL, PHONE
from tests.connectors.vendor_specs import left_out, recording, vendor_file
from tests.connectors.zendesk_account import (
    OF_CANARY,
    OPTIONS,
    SECRETS,
    ZendeskAccount,
    a_user,
    begun,
    only_users,
    options,
    still_holds,
    tickets,
)


class TestZendesk(ConnectorContract):
    """Zendesk keeps the promises every connector makes."""

    connector = Zendesk
    fake_app = staticmethod(zendesk.app)
    option_values: ClassVar = OPTIONS
    secret_values: ClassVar = SECRETS
    installation = zendesk.ACCOUNT
    reading = "search_users"
    changing = "destroy_user"
    # Users are numbers; what an odd address does is tested below.
    awkward_reference = None

    def seed(self, fake: FakeProcessor, somebody: Somebody) -> Sequence[Identifier]:
        """Seed a customer without tickets."""
        fake.seed([a_user(somebody)])
        return [Identifier(EMAIL, somebody.email)]

    def seed_many(self, fake: FakeProcessor, rows: int) -> Sequence[Identifier]:
        """Seed a customer, two identities, a ticket, and its messages."""
        fake.seed([a_user(CANARY, tickets=tickets(7, messages=rows - 4))])
        return OF_CANARY

    def unknown(self) -> Sequence[Identifier]:
        """Return an address that nobody wrote from."""
        return [Identifier(EMAIL, "nobody@birds.example")]

    def settle(self, fake: FakeProcessor) -> None:
        """Let jobs and products come to their end."""
        fake.command("run", None)
        fake.command("complete", None)

    def holds(self, fake: FakeProcessor, somebody: Somebody) -> bool:
        """Say whether anything names the person; compliance lines keep a number."""
        return still_holds(fake, somebody)


class TestSearch(ZendeskAccount):
    """Whoever truly carries an identifier is found, and nobody else."""

    canary: ClassVar[dict[str, Any]] = {"tickets": tickets(42, 41)}

    @pytest.mark.parametrize(
        ("type_", "value"),
        [
            pytest.param(EMAIL, CANARY.email.upper(), id="e-mail, other case"),
            pytest.param(PHONE, CANARY.phone, id="phone"),
            pytest.param(CUSTOMER_ID, CANARY.customer_id.lower(), id="external id"),
            pytest.param(EXTERNAL_ID, CANARY.customer_id, id="its own type"),
            pytest.param(USER_ID, CANARY.reference, id="user id"),
        ],
    )
    def test_person_is_found_by_each_identifier(
        self, bench: Bench, type_: IdentifierType, value: str
    ) -> None:
        """Tickets come first and the user last, because open tickets forbid it."""
        work = bench.find([Identifier(type_, value)])

        assert [it.reference for it in work.items] == [
            f"41:{CANARY.reference}",
            f"42:{CANARY.reference}",
            CANARY.reference,
        ]
        assert [it.record_class for it in work.items][1:] == [
            "support_ticket",
            "support_user",
        ]

    def test_customer_id_is_searched_only_where_the_register_says(
        self, bench: Bench
    ) -> None:
        """Two id spaces that look alike are how a stranger gets erased."""
        bench.options = options(external_id_holds=None)

        finding = bench.locate([Identifier(CUSTOMER_ID, CANARY.customer_id)])

        assert finding == NotApplicable("no_identifier")

    def test_only_verified_addresses_are_taught(
        self, bench: Bench, fake: FakeZendesk
    ) -> None:
        """Anybody may write to support under any address; no phone is taught."""
        more = [
            ("email", "proven@birds.example", True),
            ("email", "claimed@birds.example", False),
        ]
        fake.seed([a_user(CANARY, more=more)])

        finding = bench.locate(OF_CANARY)

        assert isinstance(finding, Located)
        assert set(finding.learned) == {
            Identifier(USER_ID, CANARY.reference),
            Identifier(EMAIL, "proven@birds.example"),
            Identifier(CUSTOMER_ID, CANARY.customer_id),
        }

    def test_user_is_found_by_a_second_address(
        self, bench: Bench, fake: FakeZendesk
    ) -> None:
        """Merging users leaves several addresses at one of them."""
        second = [("email", "old@birds.example", True)]
        fake.seed([a_user(CANARY, more=second)])

        work = bench.find([Identifier(EMAIL, "old@birds.example")])

        assert work.items[-1].reference == CANARY.reference

    @pytest.mark.parametrize("role", ["agent", "admin"])
    def test_staff_is_left_to_a_person(
        self, bench: Bench, fake: FakeZendesk, role: str
    ) -> None:
        """Deleting an agent takes their tickets' history and their work with them."""
        fake.seed([a_user(CANARY, role=role)])

        assert bench.locate(OF_CANARY) == NeedsHuman("agent_or_admin")

    def test_suspended_user_is_found_like_any_other(
        self, bench: Bench, fake: FakeZendesk
    ) -> None:
        """Whoever may not write any more is still there."""
        fake.seed([a_user(CANARY, suspended=True)])

        assert bench.find(OF_CANARY).items[-1].reference == CANARY.reference

    def test_merged_user_is_found_by_number_until_forgotten(
        self, bench: Bench, fake: FakeZendesk
    ) -> None:
        """A user who was merged away lies in the trash with all their data."""
        fake.command("merge", [CANARY.reference, BYSTANDER.reference])
        by_number = [Identifier(USER_ID, CANARY.reference)]

        (item,) = bench.find(by_number).items
        fake.data["users"][CANARY.reference] |= {
            "name": FORGOTTEN_NAME,
            "email": None,
            "phone": None,
        }

        assert item.reference == CANARY.reference
        assert bench.locate(by_number) == NothingFound()

    def test_two_people_behind_one_number_are_left_to_a_person(
        self, bench: Bench, fake: FakeZendesk
    ) -> None:
        """A household shares a telephone."""
        fake.seed([a_user(BYSTANDER, phone=CANARY.phone, external_id=None)])
        asked = [*OF_CANARY, Identifier(PHONE, CANARY.phone)]

        finding = bench.locate(asked)

        assert isinstance(finding, Ambiguous)
        assert len(finding.candidates) == 2

    def test_two_external_ids_are_two_people(
        self, bench: Bench, fake: FakeZendesk
    ) -> None:
        """Whoever has another customer's id is another customer."""
        fake.seed([a_user(BYSTANDER, more=[("email", CANARY.email, True)])])

        assert isinstance(bench.locate(OF_CANARY), Ambiguous)

    @pytest.mark.parametrize(
        "identifier",
        [
            pytest.param(Identifier(EMAIL, 'a" email:"b@c.example'), id="quote"),
            pytest.param(Identifier(EMAIL, "*@birds.example"), id="anything"),
            pytest.param(Identifier(USER_ID, "../users/1"), id="no number"),
        ],
    )
    def test_identifier_that_would_ask_for_others_is_not_asked(
        self, bench: Bench, fake: FakeZendesk, identifier: Identifier
    ) -> None:
        """A search term must not become search syntax."""
        finding = bench.locate([identifier])

        assert finding == NeedsHuman("identifier_not_searchable")
        assert fake.log == []

    def test_more_matches_than_a_page_are_left_to_a_person(
        self, bench: Bench, fake: FakeZendesk
    ) -> None:
        """A number that a hundred users share names nobody."""
        fake.seed([{"id": n, "phone": CANARY.phone} for n in range(1, 102)])

        finding = bench.locate([Identifier(PHONE, CANARY.phone)])

        assert finding == NeedsHuman("too_many_matches")

    def test_match_that_carries_nothing_of_the_person_does_not_count(
        self, bench: Bench, fake: FakeZendesk
    ) -> None:
        """A search finds more than was asked for; each match is compared again."""
        fake.seed([a_user(BYSTANDER, phone="+49" + CANARY.phone[1:])])

        work = bench.find([Identifier(PHONE, CANARY.phone)])

        assert [it.reference for it in work.items if it.kind == "user"] == [
            CANARY.reference
        ]


class _Careless(FakeZendesk):
    """A Zendesk that ignores what it is asked for."""

    def _tickets(self, call: Call) -> Response:
        assert call.query
        rows = list(self.data["tickets"].values())
        return JSONResponse({"results": rows, "meta": {"has_more": False}})

    def _me(self, call: Call) -> Response:
        assert call.path == {}
        return JSONResponse({"user": {"id": None, "name": "Anonymous user"}})


class TestTraps(ZendeskAccount):
    """Answers that look like answers."""

    @pytest.fixture(scope="class")
    @classmethod
    def served(cls) -> Iterator[tuple[FakeZendesk, str]]:
        """Serve the careless account."""
        fake = _Careless()
        with serve(fake) as url:
            yield fake, url

    def test_ticket_of_somebody_else_stops_the_search(self, bench: Bench) -> None:
        """A filter that was ignored would erase a stranger's tickets."""
        with pytest.raises(ContractChanged, match="search_ignored_its_filter"):
            bench.locate(OF_CANARY)

    def test_anonymous_answer_is_no_account(self, bench: Bench) -> None:
        """Zendesk answers 200 to nobody; that is a refusal."""
        with pytest.raises(CredentialsRefused, match="anonymous"):
            bench.run(lambda it: it.ping())


@pytest.mark.vendor_specs
class TestVendorFile(ZendeskAccount):
    """What we send and what the fake answers fit Zendesk's own file."""

    canary: ClassVar[dict[str, Any]] = {"tickets": tickets(41, 42)}

    def test_whole_life_of_a_person_fits_the_file(
        self, bench: Bench, fake: FakeZendesk
    ) -> None:
        """Search, copy, both deletions, questions and looks are as documented."""
        bench.settle = TestZendesk().settle

        with recording(fake) as exchanges:
            bench.run(lambda it: it.ping())
            work = bench.find([*OF_CANARY, Identifier(CUSTOMER_ID, CANARY.customer_id)])
            bench.export(work, CollectingSink({it.reference for it in work.items}))
            parts = [replace(work, items=work.items[n : n + 1]) for n in range(2)]
            jobs = [begun(bench, part).ticket for part in parts]
            bench.run(lambda it: it.poll_many(jobs))
            bench.erase(work)
            bench.erase(only_users(work))
            bench.read_back(work)

        assert {it.operation for it in exchanges} == set(Zendesk.spec.operations)
        out = {"me", "comments", "deleted_tickets", "read_jobs"}
        assert left_out(Zendesk.spec) == out
        answered = [it for it in exchanges if it.status < 300]
        assert vendor_file("zendesk").disagreements(answered, Zendesk.spec) == []
