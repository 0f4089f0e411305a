"""What the HubSpot connector does at a portal that behaves, and at one that traps."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

import httpx
import pytest

from connectors.fakes import hubspot as fake_hubspot
from connectors.fakes.faults import Fault, FaultKind
from connectors.fakes.frame import FakeProcessor
from connectors.fakes.serving import serve
from connectors.hubspot import HubSpot
from connectors.hubspot.contacts import CONTACT_ID, HubSpotOptions
from connectors.testing import (
    BYSTANDER,
    CANARY,
    TASK,
    Bench,
    CollectingSink,
    ConnectorContract,
    Somebody,
)
from connectors.transport.http import Refused
from schemas.connecting import (
    CUSTOMER_ID,
    EMAIL,
    PHONE,
    Absent,
    Ambiguous,
    Done,
    Evidence,
    Identifier,
    IdentifierType,
    Item,
    ItemId,
    Located,
    NotApplicable,
    NothingFound,
    Present,
    Progress,
    Provenance,
    Work,
)
from tests.connectors.vendor_specs import left_out, recording, vendor_file

MIXPANEL_ID = IdentifierType("mixpanel.distinct_id")
BY_EMAIL = [Identifier(EMAIL, CANARY.email)]


def a_contact(somebody: Somebody = CANARY, **changes: str) -> dict[str, object]:
    """Return a contact to seed; *changes* are properties, `id` the contact's id."""
    number = changes.pop("id", somebody.reference)
    properties = {
        "email": somebody.email,
        "phone": somebody.phone,
        "firstname": somebody.name,
        "customer_number": somebody.customer_id,
    }
    held = {k: v for k, v in (properties | changes).items() if v}
    return {"id": number, "properties": held}


class TestHubSpot(ConnectorContract):
    """HubSpot keeps the promises every connector makes."""

    connector = HubSpot
    fake_app = staticmethod(fake_hubspot.app)
    option_values: ClassVar = {
        "yields": {"customer_number": CUSTOMER_ID, "mixpanel_id": MIXPANEL_ID}
    }
    secret_values: ClassVar = {"token": fake_hubspot.TOKEN}
    installation = str(fake_hubspot.PORTAL_ID)
    reading = "search"
    changing = "gdpr_delete"
    # Beyond two pages of a search and four batch reads.
    rows_of_many = 450

    def seed(self, fake: FakeProcessor, somebody: Somebody) -> Sequence[Identifier]:
        """Put in one contact, found by its e-mail."""
        fake.seed([a_contact(somebody)])
        return [Identifier(EMAIL, somebody.email)]

    def seed_many(self, fake: FakeProcessor, rows: int) -> Sequence[Identifier]:
        """Put in one person's many contacts, found by their customer id."""
        fake.seed(
            [a_contact(id=str(n), email="") for n in range(10_000, 10_000 + rows)]
        )
        return [Identifier(CUSTOMER_ID, CANARY.customer_id)]

    def unknown(self) -> Sequence[Identifier]:
        """Name a person without a contact."""
        return [
            Identifier(EMAIL, "nobody@birds.example"),
            Identifier(PHONE, "+15550100000"),
        ]

    # --- the trap -----------------------------------------------------------------

    def test_unknown_email_never_reaches_the_blocklist(
        self, bench: Bench, fake: FakeProcessor
    ) -> None:
        """A person without a contact is searched and nothing is sent to delete."""
        finding = bench.locate(self.unknown())

        assert finding == NothingFound()
        assert fake.data["blocklist"] == []
        assert fake.requests("gdpr_delete") == 0

    def test_fake_blocks_an_unknown_email(self) -> None:
        """The fake sets the trap that the vendor documents."""
        fake = fake_hubspot.app()
        with serve(fake) as url:
            answer = httpx.post(
                f"{url}/crm/v3/objects/contacts/gdpr-delete",
                json={"objectId": "new@birds.example", "idProperty": "email"},
                headers={"Authorization": f"Bearer {fake_hubspot.TOKEN}"},
            )

        assert answer.status_code == 204
        assert fake.data["blocklist"] == ["new@birds.example"]

    # --- searching ----------------------------------------------------------------

    @pytest.mark.parametrize(
        ("type_", "value"),
        [
            pytest.param(EMAIL, CANARY.email.upper(), id="email"),
            pytest.param(EMAIL, "second@birds.example", id="additional email"),
            pytest.param(PHONE, CANARY.phone, id="phone"),
            pytest.param(PHONE, "+15550107788", id="mobile phone"),
            pytest.param(CONTACT_ID, CANARY.reference, id="contact id"),
            pytest.param(CUSTOMER_ID, CANARY.customer_id, id="customer id"),
        ],
    )
    def test_contact_is_found_by_each_identifier(
        self, type_: IdentifierType, value: str, bench: Bench, fake: FakeProcessor
    ) -> None:
        """Whichever identifier was verified, the contact is found by it."""
        fake.seed(
            [
                a_contact(
                    mobilephone="+15550107788",
                    hs_additional_emails="third@birds.example;second@birds.example",
                ),
                a_contact(BYSTANDER),
            ]
        )

        finding = bench.locate([Identifier(type_, value)])

        assert isinstance(finding, Located)
        assert [it.reference for it in finding.items] == [CANARY.reference]

    def test_search_learns_what_the_register_says_a_property_holds(
        self, bench: Bench, fake: FakeProcessor
    ) -> None:
        """Identifiers for other accounts come out of the mapped properties."""
        fake.seed([a_contact(mixpanel_id="mx-1")])

        finding = bench.locate(BY_EMAIL)

        assert isinstance(finding, Located)
        assert set(finding.learned) == {
            Identifier(CONTACT_ID, CANARY.reference),
            Identifier(CUSTOMER_ID, CANARY.customer_id),
            Identifier(MIXPANEL_ID, "mx-1"),
        }

    def test_identifier_that_no_property_holds_is_not_a_search(
        self, bench: Bench, fake: FakeProcessor
    ) -> None:
        """Where nothing was asked, nothing was found either: it does not apply."""
        bench.options = HubSpotOptions()
        fake.seed([a_contact()])

        finding = bench.locate([Identifier(CUSTOMER_ID, CANARY.customer_id)])

        assert finding == NotApplicable("no_identifier")
        assert fake.log == []

    def test_contact_that_holds_no_identifier_is_left_alone(
        self, bench: Bench, fake: FakeProcessor
    ) -> None:
        """What a search returns beyond the question is nobody's match."""
        fake.seed([a_contact(BYSTANDER, id="77", hs_object_id=CANARY.reference)])

        finding = bench.locate([Identifier(CONTACT_ID, CANARY.reference)])

        assert finding == NothingFound()

    # --- who is who ---------------------------------------------------------------

    def test_several_contacts_of_one_person_are_one_person(
        self, bench: Bench, fake: FakeProcessor
    ) -> None:
        """Records without a contradiction are all the verified person's."""
        fake.seed([a_contact(id="1"), a_contact(id="2", email="")])

        finding = bench.locate([*BY_EMAIL, Identifier(CUSTOMER_ID, CANARY.customer_id)])

        assert isinstance(finding, Located)
        assert [it.reference for it in finding.items] == ["1", "2"]

    @pytest.mark.parametrize(
        ("contacts", "identifiers"),
        [
            pytest.param(
                [a_contact(id="1", customer_number="C-1")],
                [*BY_EMAIL, Identifier(CUSTOMER_ID, "C-2")],
                id="the e-mail's contact has another customer id",
            ),
            pytest.param(
                [
                    a_contact(id="1", customer_number="C-1"),
                    a_contact(BYSTANDER, id="2", customer_number="C-2"),
                ],
                [*BY_EMAIL, Identifier(CONTACT_ID, "2")],
                id="two contacts with two customer ids",
            ),
            pytest.param(
                [
                    a_contact(id="1", customer_number=""),
                    a_contact(
                        BYSTANDER, id="2", phone=CANARY.phone, customer_number=""
                    ),
                ],
                [*BY_EMAIL, Identifier(PHONE, CANARY.phone)],
                id="a phone shared with another e-mail",
            ),
            pytest.param(
                [
                    a_contact(id="1", customer_number=""),
                    a_contact(
                        BYSTANDER, id="2", phone=CANARY.phone, customer_number=""
                    ),
                ],
                [Identifier(PHONE, CANARY.phone)],
                id="a phone of two e-mails",
            ),
        ],
    )
    def test_conflicting_contacts_wait_for_a_person(
        self,
        contacts: list[dict[str, object]],
        identifiers: list[Identifier],
        bench: Bench,
        fake: FakeProcessor,
    ) -> None:
        """Matches that may be two people are candidates, one for each contact."""
        fake.seed(contacts)

        finding = bench.locate(identifiers)

        assert isinstance(finding, Ambiguous)
        found = [it.items[0].reference for it in finding.candidates]
        assert found == [it["id"] for it in contacts]

    # --- erasing ------------------------------------------------------------------

    def test_bare_404_is_not_taken_for_absence(
        self, bench: Bench, fake: FakeProcessor
    ) -> None:
        """A wrong base URL is a 404 too: only HubSpot's own code means gone."""
        fake.seed([a_contact()])
        work = bench.find(BY_EMAIL)
        bench.url += "/wrong"

        with pytest.raises(Refused):
            bench.erase(work)

    def test_erasure_throttled_midway_reports_its_progress(
        self, bench: Bench, fake: FakeProcessor
    ) -> None:
        """What was deleted before a long wait is told, and the rest is left."""
        fake.seed([a_contact(id="1"), a_contact(id="2", email="")])
        work = bench.find([Identifier(CUSTOMER_ID, CANARY.customer_id)])
        fake.faults.add(
            Fault(
                kind=FaultKind.THROTTLE,
                operation="gdpr_delete",
                skip=1,
                retry_after="60",
            )
        )

        reply = bench.erase_once(work)

        assert reply == Progress((work.items[0].id,), Evidence.E2)

    def test_contact_in_the_recycle_bin_is_still_present(
        self, bench: Bench, fake: FakeProcessor
    ) -> None:
        """An archived contact can be restored, so it is not gone."""
        fake.seed([{**a_contact(), "archived": True}])
        work = a_work(CANARY.reference)

        assert isinstance(bench.read_back(work), Present)
        assert bench.erase(work) == [Done("deleted", Evidence.E2)]
        assert bench.read_back(work) == Absent()

    # --- exporting ----------------------------------------------------------------

    def test_export_says_where_each_property_came_from(
        self, bench: Bench, fake: FakeProcessor
    ) -> None:
        """Watched and computed properties are told from what was provided."""
        fake.seed([a_contact(hs_analytics_num_visits="7", hubspotscore="40")])
        work = bench.find(BY_EMAIL)
        sink = CollectingSink({CANARY.reference})

        bench.export(work, sink)

        assert {(it.category, it.provenance) for it in sink.rows} == {
            ("contact", Provenance.PROVIDED),
            ("contact_activity", Provenance.OBSERVED),
            ("contact_scores", Provenance.INFERRED),
        }

    # --- the vendor's file --------------------------------------------------------

    @pytest.mark.vendor_specs
    def test_requests_and_fake_agree_with_the_vendors_file(
        self, bench: Bench, fake: FakeProcessor
    ) -> None:
        """What we send and what our fake answers fit HubSpot's own API file."""
        fake.seed([a_contact(), a_contact(BYSTANDER)])
        with recording(fake) as exchanges:
            bench.run(lambda it: it.ping())
            work = bench.find(BY_EMAIL)
            bench.export(work, CollectingSink({CANARY.reference}))
            bench.read_back(work)
            bench.erase(work)
            bench.erase(work)
            bench.read_back(work)

        assert vendor_file("hubspot").disagreements(exchanges, HubSpot.spec) == []
        assert {it.operation for it in exchanges} == set(HubSpot.spec.operations)
        assert left_out(HubSpot.spec) == {"account", "properties"}


def a_work(reference: str) -> Work:
    """Return frozen work on one contact."""
    item = Item(ItemId("item-1"), reference, "contact", "crm_contact")
    return Work(TASK, (item,), (), idempotency_key="call-1")
