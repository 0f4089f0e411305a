"""What the Mixpanel connector promises, and whom it finds."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

import pytest

from connectors.base import (
    Identifier,
    NotApplicable,
    Person,
    TaskId,
)
from connectors.fakes import mixpanel
from connectors.fakes.frame import FakeProcessor
from connectors.fakes.mixpanel import FakeMixpanel
from connectors.mixpanel import Mixpanel
from connectors.mixpanel.connector import DISTINCT_ID
from connectors.testing import (
    CANARY,
    Bench,
    CollectingSink,
    ConnectorContract,
    Somebody,
)
from schemas.connecting import CUSTOMER_ID, EMAIL
from tests.connectors.mixpanel_project import (
    OF_CANARY,
    OPTIONS,
    SECRETS,
    MixpanelProject,
    a_person,
    accepted,
    options,
)
from tests.connectors.vendor_specs import recording, vendor_file


class TestMixpanel(ConnectorContract):
    """Mixpanel keeps the promises every connector makes."""

    connector = Mixpanel
    fake_app = staticmethod(mixpanel.app)
    option_values: ClassVar = OPTIONS
    secret_values: ClassVar = SECRETS
    installation = str(mixpanel.PROJECT_ID)
    reading = "read_deletion"
    changing = "create_deletion"

    def seed(self, fake: FakeProcessor, somebody: Somebody) -> Sequence[Identifier]:
        """Seed a profile with two events."""
        fake.seed([a_person(somebody)])
        return [Identifier(DISTINCT_ID, somebody.reference)]

    def seed_many(self, fake: FakeProcessor, rows: int) -> Sequence[Identifier]:
        """Seed a profile, which is one row, with that many events but one."""
        fake.seed([a_person(CANARY, rows - 1)])
        return OF_CANARY

    def unknown(self) -> Sequence[Identifier]:
        """Return an id that the project never saw."""
        return [Identifier(DISTINCT_ID, "nobody-1")]

    def settle(self, fake: FakeProcessor) -> None:
        """Let the open jobs end as they end by themselves."""
        fake.command("end", None)

    def holds(self, fake: FakeProcessor, somebody: Somebody) -> bool:
        """Say whether the project has the person; jobs keep their ids for the law."""
        return somebody.reference in fake.data["people"]

    def use_reading(self, bench: Bench, identifiers: Sequence[Identifier]) -> object:
        """Ask about a job: there is no search to send."""
        assert identifiers
        return bench.run(lambda it: it.ping())


class TestSearch(MixpanelProject):
    """Nobody can be searched: the ids are handed back, unproven."""

    def test_ids_are_unproven_and_nothing_is_sent(
        self, bench: Bench, fake: FakeMixpanel
    ) -> None:
        """An id may be wrong, so it is no record until Mixpanel says so."""
        work = bench.find([*OF_CANARY, *OF_CANARY])

        (item,) = work.items
        assert (item.reference, item.proven) == (CANARY.reference, False)
        assert fake.log == []

    @pytest.mark.parametrize(
        ("holds", "references"),
        [
            pytest.param((), None, id="no other type"),
            pytest.param(("email",), {CANARY.email}, id="e-mail"),
            pytest.param(("customer_id",), {CANARY.customer_id}, id="customer"),
        ],
    )
    def test_other_types_count_only_where_the_register_says(
        self, bench: Bench, holds: tuple[str, ...], references: set[str] | None
    ) -> None:
        """Which field of which account yields the ids is the register's business."""
        bench.options = options(distinct_id_holds=holds)
        identifiers = [
            Identifier(EMAIL, CANARY.email),
            Identifier(CUSTOMER_ID, CANARY.customer_id),
        ]

        finding = bench.locate(identifiers)

        if references is None:
            assert finding == NotApplicable("no_identifier")
        else:
            assert {it.reference for it in bench.find(identifiers).items} == references

    def test_type_that_is_never_received_is_refused(self) -> None:
        """A misspelt type would find nobody for ever."""
        with pytest.raises(ValueError, match="use some of"):
            options(distinct_id_holds=("klaviyo.profile_id",))

    def test_item_name_does_not_betray_an_address(self, bench: Bench) -> None:
        """Items are named in records that outlive the vault."""
        bench.options = options(distinct_id_holds=("email",))
        identifiers = [Identifier(EMAIL, CANARY.email)]
        somebody = Person(TaskId("task-2"), tuple(identifiers))
        other = bench.run(lambda it: it.locate([somebody]))

        (mine,) = bench.find(identifiers).items

        assert mine.id not in repr(other)


@pytest.mark.vendor_specs
class TestVendorFile(MixpanelProject):
    """What we send and what the fake answers fit Mixpanel's own file."""

    def test_whole_life_of_a_person_fits_the_file(
        self, bench: Bench, fake: FakeMixpanel
    ) -> None:
        """Retrieval, deletion and their questions are as documented."""
        work = bench.find(OF_CANARY)

        with recording(fake) as exchanges:
            bench.run(lambda it: it.ping())
            bench.export(work, CollectingSink({CANARY.reference}))
            job = accepted(bench.erase_once(work))
            bench.run(lambda it: it.cancel(job.ticket))
            bench.erase(work)

        assert {it.operation for it in exchanges} == set(Mixpanel.spec.operations)
        assert vendor_file("mixpanel").disagreements(exchanges, Mixpanel.spec) == []
