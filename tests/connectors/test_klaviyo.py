"""Klaviyo: what every connector promises, and what only Klaviyo asks for."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import date, timedelta
from typing import Any, ClassVar

import httpx
import pytest

from connectors.base import (
    Action,
    Ambiguous,
    Done,
    Evidence,
    Exported,
    Identifier,
    IdentifierType,
    JobAccepted,
    Located,
    NeedsHuman,
    NothingFound,
    Present,
    Provenance,
    Reply,
    Ticket,
)
from connectors.errors import ContractChanged, WrongPerson
from connectors.fakes import klaviyo
from connectors.fakes.frame import Call, FakeProcessor
from connectors.fakes.klaviyo import FakeKlaviyo
from connectors.fakes.serving import serve
from connectors.klaviyo import EXTERNAL_ID, PROFILE_ID, Klaviyo, KlaviyoOptions
from connectors.testing import (
    BYSTANDER,
    CANARY,
    TASK,
    Bench,
    CollectingSink,
    ConnectorContract,
    MappingSecrets,
    Somebody,
)
from schemas.connecting import CUSTOMER_ID, EMAIL, PHONE
from tests.connectors.vendor_specs import recording, vendor_file

SETTLE = timedelta(hours=24)
CHECK = timedelta(hours=1)
SECRETS = {"token": klaviyo.API_KEY}


def a_profile(somebody: Somebody, **changes: object) -> dict[str, Any]:
    """Return a record to seed, with what Klaviyo keeps of a customer."""
    return {
        "id": somebody.reference,
        "email": somebody.email,
        "phone_number": somebody.phone,
        "external_id": somebody.customer_id,
        "first_name": somebody.name,
        "created": "2024-03-01T09:30:00+00:00",
        **changes,
    }


def events(count: int) -> list[dict[str, Any]]:
    """Return so many purchases."""
    return [
        {"id": f"event-{n}", "metric": "Placed Order", "properties": {"total": n}}
        for n in range(count)
    ]


class TestKlaviyo(ConnectorContract):
    """Klaviyo keeps the promises every connector makes."""

    connector = Klaviyo
    fake_app = staticmethod(klaviyo.app)
    option_values: ClassVar = {"external_id_holds": "customer_id"}
    secret_values: ClassVar = SECRETS
    installation = klaviyo.ACCOUNT
    reading = "search_profiles"
    changing = "delete_profile"

    def seed(self, fake: FakeProcessor, somebody: Somebody) -> Sequence[Identifier]:
        """Seed a profile with two events."""
        profile = a_profile(somebody, events=events(2))
        for event in profile["events"]:
            event["id"] += f"-{somebody.customer_id}"
        fake.seed([profile])
        return (
            Identifier(EMAIL, somebody.email),
            Identifier(PHONE, somebody.phone),
            Identifier(CUSTOMER_ID, somebody.customer_id),
        )

    def seed_many(self, fake: FakeProcessor, rows: int) -> Sequence[Identifier]:
        """Seed a profile, which is one row, with that many events but one."""
        fake.seed([a_profile(CANARY, events=events(rows - 1))])
        return [Identifier(EMAIL, CANARY.email)]

    def unknown(self) -> Sequence[Identifier]:
        """Return an address nobody has."""
        return [Identifier(EMAIL, "nobody@birds.example")]

    def settle(self, fake: FakeProcessor) -> None:
        """End the deletions that are under way."""
        fake.command("settle", None)


class OfBench:
    """Fixtures for the facts that are Klaviyo's alone."""

    fake_class: ClassVar[type[FakeKlaviyo]] = FakeKlaviyo

    @pytest.fixture(scope="class")
    @classmethod
    def served(cls) -> Iterator[tuple[FakeKlaviyo, str]]:
        """Serve one account for the class."""
        fake = cls.fake_class()
        with serve(fake) as url:
            yield fake, url

    @pytest.fixture
    def fake(self, served: tuple[FakeKlaviyo, str]) -> FakeKlaviyo:
        """Lend a fresh account."""
        served[0].reset()
        return served[0]

    @pytest.fixture
    def bench(self, fake: FakeKlaviyo, served: tuple[FakeKlaviyo, str]) -> Bench:
        """Lend the connector at work; nothing settles by itself here."""
        options = KlaviyoOptions(external_id_holds=CUSTOMER_ID)
        return Bench(
            connector=Klaviyo,
            fake=fake,
            url=served[1],
            options=options,
            secrets=MappingSecrets(SECRETS),
            settle=lambda _: None,
        )


EMAIL_OF_CANARY = [Identifier(EMAIL, CANARY.email)]


def polled(bench: Bench, ticket: Ticket) -> Reply:
    """Ask once how an accepted deletion is going."""
    (reply,) = bench.run(lambda it: it.poll(ticket, None)).values()
    return reply


def accepted(reply: Reply) -> JobAccepted:
    """Return *reply* as an accepted job."""
    assert isinstance(reply, JobAccepted)
    return reply


class TestDeletion(OfBench):
    """A 202 without an id is proven by looking, and only by that."""

    def test_deletion_names_the_profile_id_and_nothing_else(
        self, bench: Bench, fake: FakeKlaviyo
    ) -> None:
        """By e-mail or phone every matching profile would go."""
        fake.seed([a_profile(CANARY)])
        work = bench.find(EMAIL_OF_CANARY)

        with recording(fake) as exchanges:
            bench.erase_once(work)

        (sent,) = [it for it in exchanges if it.operation == "delete_profile"]
        assert json.loads(sent.body)["data"]["attributes"]["profile"]["data"] == {
            "type": "profile",
            "id": CANARY.reference,
            "attributes": {},
        }

    def test_gone_is_believed_when_seen_twice_a_settle_time_apart(
        self, bench: Bench, fake: FakeKlaviyo
    ) -> None:
        """Still there, gone, gone: only the second empty look is the proof."""
        fake.seed([a_profile(CANARY)])
        first = accepted(bench.erase_once(bench.find(EMAIL_OF_CANARY)))

        second = accepted(polled(bench, first.ticket))
        third = accepted(polled(bench, second.ticket))
        fourth = polled(bench, third.ticket)

        waits = [first.check_after, second.check_after, third.check_after]
        assert waits == [CHECK, CHECK, SETTLE]
        assert fourth == Done("deleted", Evidence.E4)

    def test_reappearing_profile_starts_the_count_again(
        self, bench: Bench, fake: FakeKlaviyo
    ) -> None:
        """Gone, back, gone is one empty look, not two."""
        fake.seed([a_profile(CANARY)])
        job = accepted(bench.erase_once(bench.find(EMAIL_OF_CANARY)))
        fake.command("settle", None)
        once = accepted(polled(bench, job.ticket))

        fake.seed([a_profile(CANARY, id="recreated")])
        back = accepted(polled(bench, once.ticket))
        fake.reset()
        again = accepted(polled(bench, back.ticket))

        assert (once.check_after, back.check_after) == (SETTLE, CHECK)
        assert again.check_after == SETTLE

    def test_second_record_of_one_address_is_no_reappearance(
        self, bench: Bench, fake: FakeKlaviyo
    ) -> None:
        """One item a call: the other item's record does not hold this one up."""
        other = a_profile(CANARY, id="second", phone_number=None)
        fake.seed([a_profile(CANARY), other])
        work = bench.find(EMAIL_OF_CANARY)
        (mine,) = [it for it in work.items if it.reference == CANARY.reference]
        job = accepted(bench.erase_once(replace(work, items=(mine,))))
        fake.command("settle", None)

        once = accepted(polled(bench, job.ticket))

        assert set(fake.data["profiles"]) == {"second"}
        assert polled(bench, once.ticket) == Done("deleted", Evidence.E4)

    def test_every_item_is_a_call_of_its_own(
        self, bench: Bench, fake: FakeKlaviyo
    ) -> None:
        """Two items in one call would hide which of them was refused."""
        fake.seed([a_profile(CANARY), a_profile(CANARY, id="second")])
        work = bench.find(EMAIL_OF_CANARY)

        reply = bench.erase_once(work)

        assert Klaviyo.spec.items_per_call[Action.ERASE] == 1
        assert reply == NeedsHuman("one_item_a_call")
        assert fake.requests("delete_profile") == 0

    def test_waits_are_the_accounts_own(self, bench: Bench, fake: FakeKlaviyo) -> None:
        """The register sets how long to settle, in its own spelling."""
        bench.options = KlaviyoOptions.model_validate(
            {"settle_for": "50ms", "check_after": "2s"}
        )
        fake.seed([a_profile(CANARY)])
        first = accepted(bench.erase_once(bench.find(EMAIL_OF_CANARY)))
        fake.command("settle", None)

        second = accepted(polled(bench, first.ticket))

        assert first.check_after == timedelta(seconds=2)
        assert second.check_after == timedelta(milliseconds=50)

    @pytest.mark.parametrize(
        ("ticket", "reason"),
        [
            pytest.param(
                Ticket('{"profile":"a"}', Action.EXPORT),
                "unexpected_ticket",
                id="another action's",
            ),
            pytest.param(Ticket("{}"), "unreadable_ticket", id="not ours"),
        ],
    )
    def test_strange_ticket_is_a_persons_business(
        self, bench: Bench, ticket: Ticket, reason: str
    ) -> None:
        """A ticket is polled only for the action that it was given for."""
        reply = polled(bench, replace(ticket, members=(TASK,)))

        assert reply == NeedsHuman(reason)

    def test_look_finds_who_was_created_again(
        self, bench: Bench, fake: FakeKlaviyo
    ) -> None:
        """A look by id alone would miss the profile that a late event made."""
        fake.seed([a_profile(CANARY)])
        work = bench.find(EMAIL_OF_CANARY)
        fake.reset()
        fake.seed([a_profile(CANARY, id="new", created="2026-11-20T10:00:00+00:00")])

        look = bench.read_back(work)

        assert look == Present((work.items[0].id,), date(2026, 11, 20))

    def test_wrong_address_is_not_absence(
        self, bench: Bench, fake: FakeKlaviyo
    ) -> None:
        """A 404 that does not say `not_found` in Klaviyo's words proves nothing."""
        fake.seed([a_profile(CANARY)])
        work = bench.find(EMAIL_OF_CANARY)
        bench.url += "/elsewhere"

        with pytest.raises(ContractChanged):
            bench.read_back(work)

    def test_both_windows_of_the_deletion_are_declared(self) -> None:
        """3 a second and 60 a minute hold at once; look-ups have their own."""
        deletion = Klaviyo.spec.operations["delete_profile"].rates
        look_up = Klaviyo.spec.operations["search_profiles"].rates

        assert deletion is not None
        assert look_up is not None
        assert [(it.limit, it.per.total_seconds()) for it in deletion] == [
            (3, 1),
            (60, 60),
        ]
        assert [(it.limit, it.per.total_seconds()) for it in look_up] == [
            (75, 1),
            (750, 60),
        ]


class TestSearch(OfBench):
    """Typed identifiers find records; conflicting ones stop for a person."""

    @pytest.mark.parametrize(
        "identifier",
        [
            pytest.param(Identifier(EMAIL, CANARY.email.upper()), id="e-mail"),
            pytest.param(Identifier(PHONE, CANARY.phone), id="phone"),
            pytest.param(Identifier(PROFILE_ID, CANARY.reference), id="profile id"),
            pytest.param(Identifier(EXTERNAL_ID, CANARY.customer_id), id="external"),
            pytest.param(Identifier(CUSTOMER_ID, CANARY.customer_id), id="customer"),
        ],
    )
    def test_each_declared_identifier_finds_the_profile(
        self, bench: Bench, fake: FakeKlaviyo, identifier: Identifier
    ) -> None:
        """Every accepted type is searched in its own field."""
        fake.seed([a_profile(CANARY), a_profile(BYSTANDER)])

        (item,) = bench.find([identifier]).items

        assert item.reference == CANARY.reference
        assert item.started_on == date(2024, 3, 1)

    def test_customer_id_is_searched_only_where_the_register_says(
        self, bench: Bench, fake: FakeKlaviyo
    ) -> None:
        """An external id is no customer id until the account says that it is."""
        bench.options = KlaviyoOptions()
        fake.seed([a_profile(CANARY)])

        finding = bench.locate([Identifier(CUSTOMER_ID, CANARY.customer_id)])

        assert finding == NothingFound()
        assert fake.log == []

    def test_shared_phone_stops_for_a_person(
        self, bench: Bench, fake: FakeKlaviyo
    ) -> None:
        """A household's phone finds two people with addresses of their own."""
        partner = a_profile(BYSTANDER, phone_number=CANARY.phone)
        fake.seed([a_profile(CANARY), partner])

        finding = bench.locate([*EMAIL_OF_CANARY, Identifier(PHONE, CANARY.phone)])

        assert isinstance(finding, Ambiguous)
        found = {it.items[0].reference for it in finding.candidates}
        assert found == {CANARY.reference, BYSTANDER.reference}

    def test_two_verified_addresses_are_one_person(
        self, bench: Bench, fake: FakeKlaviyo
    ) -> None:
        """Records of identifiers that are all verified do not conflict."""
        second = a_profile(
            CANARY, id="second", email="old@birds.example", external_id=None
        )
        fake.seed([a_profile(CANARY), second])

        work = bench.find([*EMAIL_OF_CANARY, Identifier(EMAIL, "old@birds.example")])

        assert {it.reference for it in work.items} == {CANARY.reference, "second"}

    def test_fields_named_in_the_register_are_learned(
        self, bench: Bench, fake: FakeKlaviyo
    ) -> None:
        """A custom property can hold the key of another account."""
        type_ = IdentifierType("mixpanel.distinct_id")
        bench.options = KlaviyoOptions(yields={"mixpanel_id": type_})
        fake.seed([a_profile(CANARY, properties={"mixpanel_id": "mp-1"})])

        finding = bench.locate(EMAIL_OF_CANARY)

        assert isinstance(finding, Located)
        assert Identifier(type_, "mp-1") in finding.learned
        assert Identifier(PROFILE_ID, CANARY.reference) in finding.learned

    def test_quotes_in_an_identifier_stay_inside_the_filter(
        self, bench: Bench, fake: FakeKlaviyo
    ) -> None:
        """An address is a value, whatever it looks like."""
        odd = '"x\\"),any(email,["@birds.example'
        fake.seed([a_profile(CANARY, email=odd), a_profile(BYSTANDER)])

        (item,) = bench.find([Identifier(EMAIL, odd)]).items

        assert item.reference == CANARY.reference


class _IgnoresFilters(FakeKlaviyo):
    """Answers every filter with everything it has."""

    def _search(self, call: Call) -> Any:  # noqa: ANN401 (Starlette's response)
        query = call.query
        wider = type(query)({**query, "filter": self._every("email")})
        return super()._search(replace(call, query=wider))

    def _events(self, call: Call) -> Any:  # noqa: ANN401
        query = call.query
        every = ",".join(f'"{it}"' for it in self.data["profiles"])
        wider = type(query)({**query, "filter": f"any(profile_id,[{every}])"})
        return super()._events(replace(call, query=wider))

    def _every(self, name: str) -> str:
        values = [it[name] for it in self.data["profiles"].values()]
        return f"any({name},{json.dumps(values, separators=(',', ':'))})"


class TestIgnoredFilter(OfBench):
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


class TestExport(OfBench):
    """The copy is whole, and says where each part came from."""

    def test_each_part_says_where_it_came_from(
        self, bench: Bench, fake: FakeKlaviyo
    ) -> None:
        """What Klaviyo computed is inferred, what it watched is observed."""
        profile = a_profile(
            CANARY,
            events=events(1),
            lists=["Y6nRLr"],
            segments=["S1"],
            predictive_analytics={"churn_probability": 0.89},
        )
        fake.seed([profile])
        work = bench.find(EMAIL_OF_CANARY)
        sink = CollectingSink({CANARY.reference})

        reply = bench.export(work, sink)

        assert reply == Exported(5)
        assert {row.category: row.provenance for row in sink.rows} == {
            "profile": Provenance.PROVIDED,
            "list_memberships": Provenance.PROVIDED,
            "predictive_analytics": Provenance.INFERRED,
            "segment_memberships": Provenance.INFERRED,
            "events": Provenance.OBSERVED,
        }
        assert sink.rows[-1].data["metric"] == "Placed Order"

    def test_pages_are_fetched_from_our_own_address(
        self, bench: Bench, fake: FakeKlaviyo
    ) -> None:
        """An answer gives us a cursor, never the host to send our key to."""
        fake.command("links_to", "https://elsewhere.example")
        fake.seed([a_profile(CANARY, events=events(450))])
        work = bench.find(EMAIL_OF_CANARY)

        reply = bench.export(work, CollectingSink({CANARY.reference}))

        assert reply == Exported(451)
        assert fake.requests("events") == 3

    def test_profile_gone_before_the_export_is_nothing_found(
        self, bench: Bench, fake: FakeKlaviyo
    ) -> None:
        """A proven id that Klaviyo no longer knows leaves nothing to copy."""
        fake.seed([a_profile(CANARY)])
        work = bench.find(EMAIL_OF_CANARY)
        fake.reset()

        reply = bench.export(work, CollectingSink({CANARY.reference}))

        assert reply == NothingFound()


HEADERS = {
    "authorization": f"Klaviyo-API-Key {klaviyo.API_KEY}",
    "revision": "2026-07-15",
}


def a_deletion(**profile: object) -> dict[str, Any]:
    """Return the body of a deletion."""
    data = {"type": "profile", "attributes": {}, **profile}
    attributes = {"profile": {"data": data}}
    job = {"type": "data-privacy-deletion-job", "attributes": attributes}
    return {"data": job}


class TestFake(OfBench):
    """The fake refuses what Klaviyo would refuse."""

    @pytest.fixture
    def client(
        self, fake: FakeKlaviyo, served: tuple[FakeKlaviyo, str]
    ) -> Iterator[httpx.Client]:
        """Lend a client that obeys the rules for every request."""
        fake.seed([a_profile(CANARY)])
        with httpx.Client(
            base_url=served[1], headers=HEADERS, trust_env=False
        ) as client:
            yield client

    @pytest.mark.parametrize(
        ("headers", "status"),
        [
            pytest.param({"authorization": "Bearer klaviyo-key"}, 401, id="bearer"),
            pytest.param({"authorization": ""}, 401, id="no key"),
            pytest.param({"revision": ""}, 400, id="no revision"),
            pytest.param({"revision": "2019-01-01"}, 400, id="old revision"),
        ],
    )
    def test_wrong_headers_are_refused(
        self, client: httpx.Client, headers: dict[str, str], status: int
    ) -> None:
        """The key's own scheme and a known revision are both needed."""
        answer = client.get("/api/accounts", headers=headers)

        assert answer.status_code == status

    @pytest.mark.parametrize(
        "query",
        [
            pytest.param({}, id="no filter"),
            pytest.param({"filter": 'equals(first_name,"x")'}, id="other field"),
            pytest.param({"filter": "equals(email,x)"}, id="no quotes"),
            pytest.param(
                {"filter": 'equals(email,"x")', "page[size]": "101"}, id="large page"
            ),
            pytest.param(
                {
                    "filter": f'equals(email,"{CANARY.email}")',
                    "fields[profile]": "shoe_size",
                },
                id="field",
            ),
        ],
    )
    def test_undocumented_search_is_refused(
        self, client: httpx.Client, query: dict[str, str]
    ) -> None:
        """A filter outside the documented ones is an error, not everything."""
        answer = client.get("/api/profiles", params=query)

        assert answer.status_code == 400

    @pytest.mark.parametrize(
        "body",
        [
            pytest.param(a_deletion(), id="nobody"),
            pytest.param(
                a_deletion(id="1", attributes={"email": "a@b.example"}), id="two"
            ),
            pytest.param(a_deletion(attributes={"shoe_size": 7}), id="other"),
            pytest.param({"data": {"type": "profile"}}, id="no job"),
        ],
    )
    def test_deletion_without_exactly_one_identifier_is_refused(
        self, client: httpx.Client, body: dict[str, Any]
    ) -> None:
        """Both id and e-mail is an error, as the vendor says."""
        answer = client.post("/api/data-privacy-deletion-jobs", json=body)

        assert answer.status_code == 400

    def test_deletion_by_email_takes_every_matching_profile(
        self, client: httpx.Client, fake: FakeKlaviyo
    ) -> None:
        """That is why the connector never sends one."""
        fake.seed([a_profile(CANARY, id="second")])
        body = a_deletion(attributes={"email": CANARY.email})

        answer = client.post("/api/data-privacy-deletion-jobs", json=body)
        fake.command("settle", None)

        assert (answer.status_code, answer.content) == (202, b"")
        assert fake.data["profiles"] == {}


@pytest.mark.vendor_specs
class TestVendorFile(OfBench):
    """What we send and what the fake answers fit Klaviyo's own file."""

    def test_whole_life_of_a_profile_fits_the_file(
        self, bench: Bench, fake: FakeKlaviyo
    ) -> None:
        """Search, export, deletion, look and refusal are as documented."""
        groups = {"lists": ["L"], "segments": ["S"], "push-tokens": ["P"]}
        more = {"conversations": ["C"], "predictive_analytics": {"total_clv": 121.11}}
        fake.seed([a_profile(CANARY, events=events(201), **groups, **more)])

        with recording(fake) as exchanges:
            work = bench.find(EMAIL_OF_CANARY)
            bench.export(work, CollectingSink({CANARY.reference}))
            bench.erase(work)
            bench.read_back(work)

        assert {it.operation for it in exchanges} == {
            "search_profiles",
            "read_profile",
            "events",
            "delete_profile",
        }
        assert vendor_file("klaviyo").disagreements(exchanges, Klaviyo.spec) == []
