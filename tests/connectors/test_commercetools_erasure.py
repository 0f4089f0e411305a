"""How commercetools' objects are erased and read back, one by one."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace

import pytest
from starlette.responses import Response

from connectors.base import Connector
from connectors.commercetools.kinds import BY_ID
from connectors.fakes.commercetools import FakeCommercetools
from connectors.fakes.commercetools_records import a_guest, a_record, a_shopper, an_id
from connectors.fakes.faults import Fault, FaultKind
from connectors.testing import TASK, Bench, work_of
from connectors.transport.http import AnswerLost
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
    Reply,
    Retry,
    StillOpen,
)
from tests.connectors.commercetools_shop import Shop

ANNA = Identifier(EMAIL, "anna@birds.example")
BOB = Identifier(EMAIL, "bob@birds.example")
ANNAS_ID = an_id("customers", ANNA.value)
BOBS_ID = an_id("customers", BOB.value)
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

    @pytest.mark.parametrize(
        ("state", "reason"),
        [
            pytest.param({"orderState": "Open"}, "order_open", id="order"),
            pytest.param({"orderState": "Confirmed"}, "order_open", id="confirmed"),
            pytest.param(
                {"returnInfo": [{"items": [{"shipmentState": "Advised"}]}]},
                "return_open",
                id="return",
            ),
            pytest.param(
                {"returnInfo": [{"items": [{"paymentState": "Initial"}]}]},
                "refund_open",
                id="refund",
            ),
        ],
    )
    def test_order_that_is_not_over_is_left_alone(
        self,
        bench: Bench,
        fake: FakeCommercetools,
        state: dict[str, object],
        reason: str,
    ) -> None:
        """It is looked at as it is at the call, and nothing is done to it."""
        fake.seed(a_guest(ANNA.value))
        work = bench.find([ANNA])
        next(iter(fake.objects("orders").values())).update(**state)
        orders = [item for item in work.items if item.kind == "orders"]

        (reply,) = bench.run(one_by_one(orders))

        assert isinstance(reply, StillOpen)
        assert (reply.items, reply.reason) == ((orders[0].id,), reason)
        assert erased(fake) == []

    def test_order_that_is_over_is_erased_whatever_it_was(
        self, bench: Bench, fake: FakeCommercetools
    ) -> None:
        """Returned and refunded, nothing keeps it any more."""
        fake.seed(a_guest(ANNA.value))
        work = bench.find([ANNA])
        over = {"shipmentState": "BackInStock", "paymentState": "Refunded"}
        order = next(iter(fake.objects("orders").values()))
        order.update(orderState="Cancelled", returnInfo=[{"items": [over]}])
        orders = [item for item in work.items if item.kind == "orders"]

        (reply,) = bench.run(one_by_one(orders))

        assert isinstance(reply, Done)

    def test_absence_after_a_find_is_done(
        self, bench: Bench, fake: FakeCommercetools
    ) -> None:
        """What was there and is gone was deleted: proven, and never nothing found."""
        fake.seed(self.just_a_customer())
        work = bench.find([ANNA])
        fake.objects("customers").clear()

        assert bench.erase_once(work) == SEEN_GONE

    def test_absence_after_a_conflict_is_done(
        self, bench: Bench, fake: FakeCommercetools
    ) -> None:
        """What somebody else deleted while we tried is gone as well."""
        fake.seed(self.just_a_customer())
        work = bench.find([ANNA])
        fake.command("touch", {"kind": "customers", "id": ANNAS_ID})
        fake.command("vanishing", [ANNAS_ID])

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

    def test_company_that_others_joined_since_is_not_erased(
        self, bench: Bench, fake: FakeCommercetools
    ) -> None:
        """Whoever joined after the search is not overlooked."""
        fake.seed(a_shopper(ANNA.value))
        work = bench.find([ANNA])
        unit = next(iter(fake.objects("business-units").values()))
        unit["associates"].append({**unit["associates"][0], "customer": {"id": "x"}})
        unit["version"] += 1

        replies = bench.erase(work)

        assert [r for r in replies if r != DELETED] == [NeedsHuman("owner_changed")]
        assert len(fake.objects("business-units")) == 1

    def test_several_items_in_one_call_report_their_progress(
        self, bench: Bench, fake: FakeCommercetools
    ) -> None:
        """Where one of several cannot be erased, the others are named as done."""
        fake.seed(a_guest(ANNA.value))
        work = bench.find([ANNA])
        fake.command(
            "restless", {"id": next(iter(fake.objects("payments"))), "times": 99}
        )

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
