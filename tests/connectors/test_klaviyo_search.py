"""Whom the Klaviyo connector finds, and what it copies."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

import pytest

from connectors.base import (
    Ambiguous,
    Exported,
    Identifier,
    IdentifierType,
    Located,
    NotApplicable,
    NothingFound,
    Provenance,
)
from connectors.fakes.klaviyo import FakeKlaviyo
from connectors.klaviyo import Klaviyo
from connectors.klaviyo.connector import EXTERNAL_ID, PROFILE_ID, KlaviyoOptions
from connectors.testing import (
    BYSTANDER,
    CANARY,
    Bench,
    CollectingSink,
)
from schemas.connecting import CUSTOMER_ID, EMAIL, PHONE
from tests.connectors.klaviyo_account import (
    EMAIL_OF_CANARY,
    KlaviyoAccount,
    a_profile,
    events,
)


class TestSearch(KlaviyoAccount):
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

        assert finding == NotApplicable("no_identifier")
        assert fake.log == []

    def test_shared_phone_stops_for_a_person(
        self, bench: Bench, fake: FakeKlaviyo
    ) -> None:
        """A household's phone finds two people with addresses of their own."""
        partner = a_profile(BYSTANDER, phone_number=CANARY.phone, external_id=None)
        fake.seed([a_profile(CANARY), partner])

        finding = bench.locate([*EMAIL_OF_CANARY, Identifier(PHONE, CANARY.phone)])

        assert isinstance(finding, Ambiguous)
        found = {it.items[0].reference for it in finding.candidates}
        assert found == {CANARY.reference, BYSTANDER.reference}

    def test_phone_number_that_nobody_verified_is_not_taught(
        self, bench: Bench, fake: FakeKlaviyo
    ) -> None:
        """A household's number must not lead to somebody else's record elsewhere."""
        fake.seed([a_profile(CANARY)])

        finding = bench.locate(EMAIL_OF_CANARY)

        assert isinstance(finding, Located)
        assert finding.learned
        assert PHONE not in {known.type for known in finding.learned}
        assert PHONE not in Klaviyo.spec.yields

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

    def test_verified_id_outweighs_a_changed_address(
        self, bench: Bench, fake: FakeKlaviyo
    ) -> None:
        """Whoever owns the customer id may have moved to another address."""
        fake.seed([a_profile(CANARY, email="old@birds.example")])

        work = bench.find(
            [*EMAIL_OF_CANARY, Identifier(CUSTOMER_ID, CANARY.customer_id)]
        )

        assert [it.reference for it in work.items] == [CANARY.reference]

    @pytest.mark.parametrize(
        "identifiers",
        [
            pytest.param(EMAIL_OF_CANARY, id="neither known"),
            pytest.param(
                [*EMAIL_OF_CANARY, Identifier(CUSTOMER_ID, CANARY.customer_id)],
                id="one known",
            ),
        ],
    )
    def test_two_customer_ids_stop_for_a_person(
        self, bench: Bench, fake: FakeKlaviyo, identifiers: Sequence[Identifier]
    ) -> None:
        """One address that two customers use may be a family's."""
        other = a_profile(CANARY, id="second", external_id="C-2")
        fake.seed([a_profile(CANARY), other])

        assert isinstance(bench.locate(identifiers), Ambiguous)

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


class TestExport(KlaviyoAccount):
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
