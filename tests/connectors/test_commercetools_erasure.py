"""How commercetools' objects are erased, read back and exported, one by one."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace

import pytest
from starlette.responses import Response

from connectors.base import Connector
from connectors.commercetools import Commercetools, CommercetoolsOptions
from connectors.commercetools.kinds import BY_ID
from connectors.fakes.commercetools import FakeCommercetools
from connectors.fakes.commercetools_records import a_guest, a_record, a_shopper, an_id
from connectors.fakes.faults import Fault, FaultKind
from connectors.http import AnswerLost, CredentialsRefused, WrongPerson
from connectors.testing import TASK, Bench, CollectingSink, work_of
from schemas.connecting import (
    EMAIL,
    Absent,
    Done,
    Evidence,
    Identifier,
    Item,
    NeedsHuman,
    Present,
    Progress,
    Provenance,
    Reply,
    Retry,
    Work,
)
from tests.connectors.commercetools_shop import Shop
from tests.connectors.vendor_specs import left_out, recording, vendor_file

ANNA = Identifier(EMAIL, "anna@birds.example")
BOB = Identifier(EMAIL, "bob@birds.example")
ANNAS_ID = an_id("customers", ANNA.value)
BOBS_ID = an_id("customers", BOB.value)
SCOPES = (
    *("customers", "orders", "payments", "products", "shopping_lists"),
    *("quotes", "staged_quotes", "quote_requests", "discount_codes"),
    *("business_units", "key_value_documents"),
)
DELETED = Done("deleted", Evidence.E2)
SEEN_GONE = Done("deleted", Evidence.E4)


def one_by_one(
    items: Sequence[Item],
) -> Callable[[Connector], Awaitable[list[Reply]]]:
    """Return the step that erases items as the shell does: a call an item."""

    async def step(connector: Connector) -> list[Reply]:
        works = [work_of([item], [ANNA]) for item in items]
        return [(await connector.erase([work]))[TASK] for work in works]

    return step


def erased(fake: FakeCommercetools) -> list[str]:
    """Return the ids of what was deleted, in order."""
    return [entry["id"] for entry in fake.data["erased"]]


class TestErasure(Shop):
    """Each object by itself, at its version, with `dataErasure`."""

    def test_all_eleven_kinds_are_erased_with_their_traces(
        self, bench: Bench, fake: FakeCommercetools
    ) -> None:
        """Nothing of Anna's is left, the messages neither; Bob keeps all of his."""
        fake.seed([*a_shopper(ANNA.value), *a_shopper(BOB.value)])
        work = bench.find([ANNA])

        replies = bench.run(one_by_one(work.items))

        assert replies == [DELETED] * 11
        assert [entry["kind"] for entry in fake.data["erased"]][-1] == "customers"
        assert all(entry["data_erasure"] for entry in fake.data["erased"])
        assert [len(fake.objects(kind)) for kind in BY_ID] == [1] * 11
        assert len(fake.objects("messages")) == 2
        assert ANNA.value not in str(fake.data["objects"])

    def test_custom_objects_are_erased_by_container_and_key(
        self, bench: Bench, fake: FakeCommercetools
    ) -> None:
        """The twelfth kind has no DELETE by id."""
        fake.seed(
            [
                a_record("customers", email=ANNA.value, externalId="7"),
                a_record("custom-objects", key="points-7"),
                a_record("custom-objects", number=2, key="points-77"),
            ]
        )
        work = bench.find([ANNA])

        replies = bench.erase(work)

        assert replies == [DELETED, DELETED]
        assert [o["key"] for o in fake.objects("custom-objects").values()] == [
            "points-77"
        ]
        assert bench.read_back(work) == Absent()

    def test_stale_version_is_read_again(
        self, bench: Bench, fake: FakeCommercetools
    ) -> None:
        """What changed since it was found is deleted at its new version."""
        fake.seed(a_shopper(ANNA.value))
        work = bench.find([ANNA])
        fake.command("touch", {"kind": "customers", "id": ANNAS_ID})

        replies = bench.erase(work)

        assert replies[-1] == DELETED
        assert fake.requests("erase_customers") == 2
        assert fake.requests("get_customers") == 1

    def test_busy_object_is_left_for_later(
        self, bench: Bench, fake: FakeCommercetools
    ) -> None:
        """What changes before each deletion is tried three times, not for ever."""
        fake.seed(self.just_a_customer())
        work = bench.find([ANNA])
        fake.command("restless", {"id": ANNAS_ID, "times": 99})

        reply = bench.erase_once(work)

        assert reply == Retry("version_conflict")
        assert fake.requests("erase_customers") == 3

    def test_object_handed_to_somebody_else_is_not_erased(
        self, bench: Bench, fake: FakeCommercetools
    ) -> None:
        """An order that became Bob's since it was found is looked at by a person."""
        fake.seed(a_guest(ANNA.value))
        work = bench.find([ANNA])
        order = next(iter(fake.objects("orders").values()))
        order.update(version=2, customerId=BOBS_ID)

        reply = bench.erase_once(work)

        assert reply == NeedsHuman("owner_changed")
        assert erased(fake) == []

    @pytest.mark.parametrize("times", [0, 1], ids=["at once", "after a conflict"])
    def test_absence_after_a_find_is_done(
        self, times: int, bench: Bench, fake: FakeCommercetools
    ) -> None:
        """What was there and is gone was deleted: proven, and never nothing found."""
        fake.seed(self.just_a_customer())
        work = bench.find([ANNA])
        fake.command("restless", {"id": ANNAS_ID, "times": times})
        if times:
            fake.faults.add(Fault(kind=FaultKind.BUSY, operation="get_customers"))
        fake.objects("customers").clear()

        assert bench.erase_once(work) == SEEN_GONE

    def test_bare_404_proves_nothing(
        self,
        bench: Bench,
        fake: FakeCommercetools,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        """A proxy or a wrong address answers 404 too: only the vendor's code counts."""
        fake.seed(self.just_a_customer())
        work = bench.find([ANNA])
        fake.objects("customers").clear()
        monkeypatch.setattr(fake, "refusal", lambda status: Response("no", status))

        with pytest.raises(AnswerLost):
            bench.erase_once(work)

    def test_company_of_several_people_is_not_erased(
        self, bench: Bench, fake: FakeCommercetools
    ) -> None:
        """A business unit that others act for waits for a person."""
        fake.seed(a_shopper(ANNA.value))
        unit = next(iter(fake.objects("business-units").values()))
        unit["associates"].append({**unit["associates"][0], "customer": {"id": "x"}})
        work = bench.find([ANNA])

        replies = bench.erase(work)

        assert [r for r in replies if r != DELETED] == [
            NeedsHuman("shared_business_unit")
        ]
        assert len(fake.objects("business-units")) == 1

    def test_several_items_in_one_call_report_their_progress(
        self, bench: Bench, fake: FakeCommercetools
    ) -> None:
        """Where one of several cannot be erased, the others are named as done."""
        fake.seed(a_guest(ANNA.value))
        work = bench.find([ANNA])
        fake.command("restless", {"id": work_ids(fake, "payments")[0], "times": 99})

        reply = bench.erase_once(work)

        assert reply == Progress((work.items[0].id,), Evidence.E2)

    def test_crash_at_item_170_of_300_resumes_there(
        self, bench: Bench, fake: FakeCommercetools
    ) -> None:
        """After a crash only the rest is sent; what is gone is not deleted again."""
        fake.seed(a_shopper(ANNA.value, orders=290))
        work = bench.find([ANNA])
        bench.run(one_by_one(work.items[:169]))
        fake.faults.add(Fault(kind=FaultKind.LOSE_ANSWER, operation="erase_orders"))
        with pytest.raises(AnswerLost):
            bench.run(one_by_one([work.items[169]]))

        look = bench.read_back(replace(work, items=work.items[169:]))
        assert isinstance(look, Present)
        left = [item for item in work.items if item.id in look.items]
        replies = bench.run(one_by_one(left))

        assert len(work.items) == 300
        assert replies == [DELETED] * 130
        assert len(erased(fake)) == len(set(erased(fake))) == 300
        assert sum(fake.requests(f"erase_{kind}") for kind in BY_ID) == 300

    def just_a_customer(self) -> list[dict[str, object]]:
        """Return Anna's account without anything else."""
        return a_shopper(ANNA.value)[:1]


def work_ids(fake: FakeCommercetools, kind: str) -> list[str]:
    """Return the ids of the objects of a kind."""
    return list(fake.objects(kind))


class TestTokens(Shop):
    """One token for all requests, renewed when it ends."""

    def test_ended_token_is_renewed_once_for_all(
        self, bench: Bench, fake: FakeCommercetools
    ) -> None:
        """Ten requests that are refused together share one new token."""

        async def step(connector: Connector) -> object:
            await connector.ping()
            fake.command("expire_tokens", None)
            return await asyncio.gather(*(connector.ping() for _ in range(10)))

        bench.run(step)

        assert fake.requests("token") == 2

    def test_search_outlives_short_tokens(
        self, bench: Bench, fake: FakeCommercetools
    ) -> None:
        """Tokens that end in the middle of a search cost requests, not results."""
        fake.seed(a_shopper(ANNA.value))
        fake.command("token_uses", 3)

        work = bench.find([ANNA])

        assert len(work.items) == 11
        assert fake.requests("token") > 3

    def test_missing_scope_is_the_accounts_trouble(
        self, bench: Bench, fake: FakeCommercetools
    ) -> None:
        """A client that may only view erases nothing, and no case fails for it."""
        fake.data["scope"] = " ".join(f"view_{it}:a-shop" for it in SCOPES)
        fake.seed(a_shopper(ANNA.value))
        work = bench.find([ANNA])

        with pytest.raises(CredentialsRefused):
            bench.erase(work)

        assert erased(fake) == []

    def test_token_is_asked_for_with_the_registers_scope(
        self, bench: Bench, fake: FakeCommercetools
    ) -> None:
        """An account can ask for less than its client may."""
        bench.options = CommercetoolsOptions.model_validate(
            {**self.option_values, "scope": "view_orders:a-shop"}
        )

        with pytest.raises(CredentialsRefused):
            bench.locate([ANNA])

        (token,) = fake.data["tokens"].values()
        assert token["scope"] == "view_orders:a-shop"


class TestExport(Shop):
    """All that was found, as it is now, bound to the person."""

    def test_every_object_is_exported_with_its_category(
        self, bench: Bench, fake: FakeCommercetools
    ) -> None:
        """Each kind is a category; what the person typed is told from what was seen."""
        fake.seed([*a_shopper(ANNA.value), *a_shopper(BOB.value)])
        work = bench.find([ANNA])
        sink = sink_for(work)

        bench.export(work, sink)

        rows = {row.category: row for row in sink.rows}
        assert set(rows) == {*BY_ID, "messages"}
        assert rows["reviews"].provenance is Provenance.PROVIDED
        assert rows["payments"].provenance is Provenance.OBSERVED
        assert rows["orders"].data["totalPrice"] == {
            "type": "centPrecision",
            "currencyCode": "EUR",
            "centAmount": 1999,
            "fractionDigits": 2,
        }
        assert BOB.value not in str([row.data for row in sink.rows])

    def test_password_hash_is_not_exported(
        self, bench: Bench, fake: FakeCommercetools
    ) -> None:
        """A credential is no answer to an access request."""
        fake.seed(a_shopper(ANNA.value))
        work = bench.find([ANNA])
        sink = sink_for(work)

        bench.export(work, sink)

        (account,) = [row for row in sink.rows if row.category == "customers"]
        assert account.data["email"] == ANNA.value
        assert "password" not in account.data

    def test_object_handed_to_somebody_else_is_not_exported(
        self, bench: Bench, fake: FakeCommercetools
    ) -> None:
        """An order that became Bob's since it was found stops the export."""
        fake.seed(a_guest(ANNA.value))
        work = bench.find([ANNA])
        next(iter(fake.objects("orders").values())).update(customerId=BOBS_ID)

        with pytest.raises(WrongPerson):
            bench.export(work, sink_for(work))


def sink_for(work: Work) -> CollectingSink:
    """Return a sink that takes rows of the work's own person only."""
    return CollectingSink(
        {item.reference for item in work.items}
        | {identifier.value for identifier in work.identifiers}
    )


class TestVendorFile(Shop):
    """The vendor's own API description knows all that we send."""

    @pytest.mark.vendor_specs
    def test_requests_and_answers_fit_the_vendors_file(
        self, bench: Bench, fake: FakeCommercetools
    ) -> None:
        """Every declared operation is sent, and neither side breaks the file."""
        fake.seed(
            [
                *a_shopper(ANNA.value),
                a_record("customers", email=ANNA.value, externalId="7"),
                a_record("custom-objects", key="points-7"),
                *a_guest(ANNA.value, session="s-1"),
            ]
        )
        with recording(fake) as exchanges:
            work = bench.find([ANNA])
            bench.export(work, sink_for(work))
            bench.read_back(work)
            for kind, objects in fake.data["objects"].items():
                for id_ in objects:
                    fake.command("touch", {"kind": kind, "id": id_})
            bench.erase(work)
            bench.erase(work)
            bench.read_back(work)

        sent = {exchange.operation for exchange in exchanges}
        spec = Commercetools.spec
        assert sent - {"token"} == set(spec.operations) - left_out(spec)
        assert vendor_file("commercetools").disagreements(exchanges, spec) == []
