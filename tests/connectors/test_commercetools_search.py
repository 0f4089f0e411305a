"""What of a person's is found at commercetools, and what is not."""

from __future__ import annotations

from collections import Counter

import pytest

from connectors.commercetools import CommercetoolsOptions
from connectors.commercetools.kinds import BY_ID
from connectors.commercetools.people import OWN_ID
from connectors.fakes.commercetools_records import (
    Record,
    a_guest,
    a_record,
    a_shopper,
    an_id,
)
from connectors.fakes.frame import FakeProcessor
from connectors.testing import Bench
from connectors.transport.http import ContractChanged
from schemas.connecting import (
    CUSTOMER_ID,
    EMAIL,
    Ambiguous,
    Candidate,
    Identifier,
    IdentifierType,
    Item,
    Located,
    NotApplicable,
    NothingFound,
)
from tests.connectors.commercetools_shop import Shop

ANNA = Identifier(EMAIL, "anna@birds.example")
BOB = Identifier(EMAIL, "bob@birds.example")
ANNAS_ID = an_id("customers", ANNA.value)
BOBS_ID = an_id("customers", BOB.value)
BOB_HIMSELF = {"typeId": "customer", "id": BOBS_ID}


def kinds(items: tuple[Item, ...]) -> Counter[str]:
    """Count items by kind."""
    return Counter(item.kind for item in items)


def located(bench: Bench, *identifiers: Identifier) -> Located:
    """Search for somebody who is there."""
    finding = bench.locate(identifiers)
    assert isinstance(finding, Located)
    return finding


def candidates(bench: Bench, *identifiers: Identifier) -> tuple[Candidate, ...]:
    """Search for somebody whom several records may mean."""
    finding = bench.locate(identifiers)
    assert isinstance(finding, Ambiguous)
    return finding.candidates


def an_order(email: str, **fields: object) -> Record:
    """Return an order of nobody's account."""
    return a_record("orders", number=f"{email}/{fields}", customerEmail=email, **fields)


class TestSearch(Shop):
    """Everything that belongs to the person, and nothing else."""

    @pytest.mark.parametrize(
        "identifier", [ANNA, Identifier(OWN_ID, ANNAS_ID)], ids=["email", "own_id"]
    )
    def test_each_of_the_eleven_kinds_is_found(
        self, identifier: Identifier, bench: Bench, fake: FakeProcessor
    ) -> None:
        """One record of each kind is found, and nobody else's."""
        fake.seed([*a_shopper(ANNA.value), *a_shopper(BOB.value)])

        found = located(bench, identifier)

        assert len(BY_ID) == 11
        assert kinds(found.items) == dict.fromkeys(BY_ID, 1)

    def test_account_comes_last(self, bench: Bench, fake: FakeProcessor) -> None:
        """The account is erased after all that is found through it."""
        fake.seed(a_shopper(ANNA.value, orders=3))

        found = located(bench, ANNA)

        assert found.items[-1].kind == "customers"
        assert kinds(found.items)["customers"] == 1

    def test_retention_rules_can_name_what_was_found(
        self, bench: Bench, fake: FakeProcessor
    ) -> None:
        """An order has a class of its own, and a date to count from."""
        fake.seed([an_order(ANNA.value, createdAt="2024-02-29T10:00:00.000Z")])

        (order,) = located(bench, ANNA).items

        assert order.record_class == "order"
        assert str(order.started_on) == "2024-02-29"

    def test_search_reads_page_after_page(
        self, bench: Bench, fake: FakeProcessor
    ) -> None:
        """More records than two pages hold are all found."""
        fake.seed(a_shopper(ANNA.value, orders=1203))
        bench.run(lambda it: it.ping())
        asked = fake.requests("query_orders")

        found = located(bench, ANNA)

        assert kinds(found.items)["orders"] == 1203
        # Three pages by account and three by e-mail address.
        assert fake.requests("query_orders") == asked + 6

    def test_guests_are_found_by_e_mail_with_their_payments(
        self, bench: Bench, fake: FakeProcessor
    ) -> None:
        """An order without an account is found, and the payment that names nobody."""
        fake.seed([*a_guest(ANNA.value), *a_guest(BOB.value)])

        found = located(bench, ANNA)

        assert kinds(found.items) == {"orders": 1, "payments": 1}
        assert found.learned == ()

    def test_nameless_leftovers_of_a_session_are_found(
        self, bench: Bench, fake: FakeProcessor
    ) -> None:
        """What a session of the person left is theirs, unless it names somebody."""
        shared = {"anonymousId": "s-1"}
        fake.seed(
            [
                *a_shopper(BOB.value),
                *a_guest(ANNA.value, session="s-1"),
                a_record("carts", **shared),
                a_record("shopping-lists", **shared),
                a_record("carts", number=2, customerEmail=BOB.value, **shared),
                a_record("carts", number=3, anonymousId="s-2"),
                a_record("payments", customer=BOB_HIMSELF, **shared),
                a_record("shopping-lists", number=2, customer=BOB_HIMSELF, **shared),
            ]
        )

        found = located(bench, ANNA)

        assert kinds(found.items) == {
            "carts": 1,
            "orders": 1,
            "payments": 1,
            "shopping-lists": 1,
        }

    def test_e_mail_is_found_as_the_customer_spelled_it(
        self, bench: Bench, fake: FakeProcessor
    ) -> None:
        """Guests' addresses are compared letter by letter there."""
        fake.seed([*a_shopper("Anna@Birds.example"), an_order("Anna@Birds.example")])

        found = located(bench, ANNA)

        assert kinds(found.items)["orders"] == 2

    def test_custom_objects_are_found_as_the_register_says(
        self, bench: Bench, fake: FakeProcessor
    ) -> None:
        """The object under the customer's key is found, another customer's is not."""
        bench.options = CommercetoolsOptions.model_validate(
            {
                **self.option_values,
                "custom_objects": [
                    {
                        "container": "bills",
                        "key": "c-{externalId}",
                        "record_class": "invoice",
                    }
                ],
            }
        )
        fake.seed(
            [
                a_record("customers", email=ANNA.value, externalId="7"),
                a_record("custom-objects", container="bills", key="c-7"),
                a_record("custom-objects", number=2, container="bills", key="c-77"),
                a_record("custom-objects", number=3, container="loyalty", key="c-7"),
            ]
        )

        found = located(bench, ANNA)

        assert [item.record_class for item in found.items] == [
            "invoice",
            "customer_account",
        ]

    def test_accounts_of_one_address_are_one_person(
        self, bench: Bench, fake: FakeProcessor
    ) -> None:
        """A shop's stores can each have an account under the same address."""
        fake.seed(a_shopper(ANNA.value))
        fake.seed(a_shopper(ANNA.value, "second-account"))

        found = located(bench, ANNA)

        assert kinds(found.items)["customers"] == 2

    def test_identifiers_are_learned_from_the_account(
        self, bench: Bench, fake: FakeProcessor
    ) -> None:
        """The account gives its own id, the portal's, the address, and own fields."""
        mixpanel = IdentifierType("mixpanel.distinct_id")
        bench.options = CommercetoolsOptions.model_validate(
            {**self.option_values, "yields": {"custom.trackingId": mixpanel}}
        )
        custom = {
            "type": {"typeId": "type", "id": "t"},
            "fields": {"trackingId": "mp-1"},
        }
        account = a_record(
            "customers", id="c-1", email=ANNA.value, externalId="7", custom=custom
        )
        fake.seed([account])

        found = located(bench, ANNA)

        assert {(it.type, it.value) for it in found.learned} == {
            (OWN_ID, "c-1"),
            (CUSTOMER_ID, "7"),
            (EMAIL, ANNA.value),
            (mixpanel, "mp-1"),
        }

    def test_former_customers_orders_are_found(
        self, bench: Bench, fake: FakeProcessor
    ) -> None:
        """Orders outlive an account; its id leads on to those without an address."""
        fake.seed(
            [
                an_order(ANNA.value, customerId="gone"),
                a_record("orders", number=2, customerId="gone"),
                a_record("reviews", customer={"typeId": "customer", "id": "gone"}),
            ]
        )

        found = located(bench, ANNA)

        assert kinds(found.items) == {"orders": 2, "reviews": 1}

    def test_nobody_is_searched_by_nothing(self, bench: Bench) -> None:
        """Without an identifier nothing is asked: an empty filter matches everybody."""
        assert bench.locate([]) == NotApplicable("no_identifier")
        assert bench.gate.sends == []


class TestMixUps(Shop):
    """Records of two people are never taken for one person's."""

    def test_e_mail_and_id_of_two_customers_are_ambiguous(
        self, bench: Bench, fake: FakeProcessor
    ) -> None:
        """A person chooses between what each of the two owns."""
        fake.seed([*a_shopper(ANNA.value), *a_shopper(BOB.value, orders=2)])

        anna, bob = candidates(bench, ANNA, Identifier(OWN_ID, BOBS_ID))

        assert kinds(anna.items)["orders"] == 1
        assert kinds(bob.items)["orders"] == 2
        assert Identifier(OWN_ID, ANNAS_ID) in anna.learned
        assert Identifier(OWN_ID, BOBS_ID) in bob.learned
        assert not {i.id for i in anna.items} & {i.id for i in bob.items}

    def test_id_under_an_unverified_address_is_looked_at_first(
        self, bench: Bench, fake: FakeProcessor
    ) -> None:
        """A mistyped id must not erase a stranger."""
        fake.seed(a_shopper(BOB.value))

        (bob,) = candidates(bench, ANNA, Identifier(OWN_ID, BOBS_ID))

        assert Identifier(OWN_ID, BOBS_ID) in bob.learned

    def test_two_ids_under_two_addresses_are_ambiguous(
        self, bench: Bench, fake: FakeProcessor
    ) -> None:
        """Without an address, each address is a person."""
        fake.seed([*a_shopper(ANNA.value), *a_shopper(BOB.value)])

        ids = (Identifier(OWN_ID, ANNAS_ID), Identifier(OWN_ID, BOBS_ID))

        assert len(candidates(bench, *ids)) == 2

    def test_someone_elses_order_with_the_address_is_ambiguous(
        self, bench: Bench, fake: FakeProcessor
    ) -> None:
        """An order of Bob's account that names Anna's address is not simply hers."""
        fake.seed([*a_shopper(ANNA.value), *a_shopper(BOB.value)])
        fake.seed([an_order(ANNA.value, customerId=BOBS_ID)])

        anna, bob = candidates(bench, ANNA)

        assert kinds(anna.items)["orders"] == 1
        assert kinds(bob.items)["orders"] == 2

    @pytest.mark.parametrize(
        "local_part",
        [
            '"',
            '" or lowercaseEmail > "',
            '\\") or (lowercaseEmail > "a',
            "x' or 1=1 --",
            "a&where=version%3E0&var.emails=bob",
            ":customers",
        ],
    )
    def test_no_address_changes_what_is_asked(
        self, local_part: str, bench: Bench, fake: FakeProcessor
    ) -> None:
        """An address written like a predicate finds its own records only."""
        odd = Identifier(EMAIL, f"{local_part}@birds.example")
        fake.seed([*a_shopper(BOB.value), *a_guest(BOB.value)])

        before = bench.locate([odd])
        fake.seed(a_guest(odd.value))
        after = located(bench, odd)

        assert before == NothingFound()
        assert kinds(after.items) == {"orders": 1, "payments": 1}

    def test_answer_to_another_question_is_refused(
        self, bench: Bench, fake: FakeProcessor
    ) -> None:
        """A query that ignores its predicate would hand us every customer."""
        fake.seed([*a_shopper(ANNA.value), *a_shopper(BOB.value)])
        fake.command("deaf", body=True)

        with pytest.raises(ContractChanged):
            bench.locate([ANNA])


@pytest.mark.parametrize(
    "options",
    [
        pytest.param({"project_key": "a shop"}, id="project"),
        pytest.param(
            {"custom_objects": [{"container": "c", "key": "all"}]}, id="same key"
        ),
        pytest.param(
            {"custom_objects": [{"container": "c", "key": "{password}"}]}, id="field"
        ),
        pytest.param({"discount_codes": {"x` in": "email"}}, id="predicate"),
    ],
)
def test_dangerous_options_are_refused(options: dict[str, object]) -> None:
    """A register entry that would reach beyond one person is wrong at start."""
    with pytest.raises(ValueError, match="validation error"):
        CommercetoolsOptions.model_validate({"project_key": "a-shop", **options})
