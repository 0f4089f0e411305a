"""What the Klaviyo connector promises, above all when it deletes."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from datetime import date, timedelta
from typing import ClassVar

import pytest

from connectors.base import (
    Action,
    Done,
    Evidence,
    Identifier,
    NeedsHuman,
    Present,
    Ticket,
)
from connectors.errors import ContractChanged
from connectors.fakes import klaviyo
from connectors.fakes.frame import FakeProcessor
from connectors.fakes.klaviyo import FakeKlaviyo
from connectors.klaviyo import Klaviyo
from connectors.klaviyo.connector import KlaviyoOptions
from connectors.testing import (
    CANARY,
    TASK,
    Bench,
    CollectingSink,
    ConnectorContract,
    Somebody,
)
from schemas.connecting import CUSTOMER_ID, EMAIL, PHONE
from tests.connectors.klaviyo_account import (
    CHECK,
    EMAIL_OF_CANARY,
    SECRETS,
    SETTLE,
    KlaviyoAccount,
    a_profile,
    accepted,
    events,
    later,
    polled,
)
from tests.connectors.vendor_specs import recording, vendor_file


class TestKlaviyo(ConnectorContract):
    """Klaviyo keeps the promises every connector makes."""

    connector = Klaviyo
    fake_app = staticmethod(klaviyo.app)
    option_values: ClassVar = {"external_id_holds": "customer_id", "settle_for": "0s"}
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


class TestDeletion(KlaviyoAccount):
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
        fourth = polled(bench, later(third.ticket, SETTLE))

        waits = [first.check_after, second.check_after, third.check_after]
        assert waits == [CHECK, CHECK, SETTLE]
        assert fourth == Done("deleted", Evidence.E4)

    def test_asking_too_soon_proves_nothing(
        self, bench: Bench, fake: FakeKlaviyo
    ) -> None:
        """Klaviyo's own clock says how long it was gone, however often we ask."""
        fake.seed([a_profile(CANARY)])
        job = accepted(bench.erase_once(bench.find(EMAIL_OF_CANARY)))
        fake.command("settle", None)
        once = accepted(polled(bench, job.ticket))

        hour = accepted(polled(bench, later(once.ticket, timedelta(hours=1))))
        day = polled(bench, later(hour.ticket, timedelta(hours=23)))

        assert timedelta(hours=22, minutes=59) < hour.check_after <= 23 * CHECK
        assert day == Done("deleted", Evidence.E4)

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
        done = polled(bench, later(once.ticket, SETTLE))
        assert done == Done("deleted", Evidence.E4)

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


@pytest.mark.vendor_specs
class TestVendorFile(KlaviyoAccount):
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
