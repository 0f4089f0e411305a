"""What the Amplitude connector promises, and what it is asked by."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import ClassVar

import pytest

from connectors.amplitude import Amplitude
from connectors.amplitude.connector import AMPLITUDE_ID, MOST_IDS, USER_ID
from connectors.base import Action, Identifier, NeedsHuman, NotApplicable
from connectors.fakes import amplitude
from connectors.fakes.amplitude import BUDGET, FakeAmplitude
from connectors.fakes.frame import FakeProcessor
from connectors.testing import (
    CANARY,
    Bench,
    CollectingSink,
    ConnectorContract,
    Somebody,
)
from schemas.connecting import CUSTOMER_ID, EMAIL
from tests.connectors.amplitude_project import (
    NUMBER,
    OF_CANARY,
    OPTIONS,
    SECRETS,
    AmplitudeProject,
    a_user,
    accepted,
    options,
)
from tests.connectors.vendor_specs import recording, vendor_file


class TestAmplitude(ConnectorContract):
    """Amplitude keeps the promises every connector makes."""

    connector = Amplitude
    fake_app = staticmethod(amplitude.app)
    option_values: ClassVar = OPTIONS
    secret_values: ClassVar = SECRETS
    installation = "unnamed"
    reading = "list_jobs"
    changing = "create_job"

    def seed(self, fake: FakeProcessor, somebody: Somebody) -> Sequence[Identifier]:
        """Seed a user with two events."""
        fake.seed([a_user(somebody)])
        return [Identifier(USER_ID, somebody.reference)]

    def seed_many(self, fake: FakeProcessor, rows: int) -> Sequence[Identifier]:
        """Seed a user with that many events."""
        fake.seed([a_user(CANARY, rows)])
        return OF_CANARY

    def unknown(self) -> Sequence[Identifier]:
        """Return an id that the project never saw."""
        return [Identifier(USER_ID, "nobody-1")]

    def settle(self, fake: FakeProcessor) -> None:
        """Let the open jobs end as they end by themselves."""
        fake.command("end", None)

    def holds(self, fake: FakeProcessor, somebody: Somebody) -> bool:
        """Say whether a project has the user; jobs keep Amplitude's own numbers."""
        return somebody.reference in fake.data["people"]

    def use_reading(self, bench: Bench, identifiers: Sequence[Identifier]) -> object:
        """Ask for a day's jobs: there is no search to send."""
        assert identifiers
        return bench.run(lambda it: it.ping())


class TestSearch(AmplitudeProject):
    """Nobody can be searched: the ids are handed back, unproven."""

    def test_ids_are_unproven_and_nothing_is_sent(
        self, bench: Bench, fake: FakeAmplitude
    ) -> None:
        """An id may be wrong, so it is no record until Amplitude says so."""
        number = Identifier(AMPLITUDE_ID, str(NUMBER))

        work = bench.find([*OF_CANARY, *OF_CANARY, number])

        found = [(it.kind, it.reference, it.proven) for it in work.items]
        assert found == [
            ("user_id", CANARY.reference, False),
            ("amplitude_id", str(NUMBER), False),
        ]
        assert fake.log == []

    def test_other_types_count_only_where_the_register_says(self, bench: Bench) -> None:
        """What this retailer uses as `user_id` is the register's business."""
        identifiers = [
            Identifier(EMAIL, CANARY.email),
            Identifier(CUSTOMER_ID, CANARY.customer_id),
        ]

        without = bench.locate(identifiers)
        bench.options = options(user_id_holds=["customer_id"])

        assert without == NotApplicable("no_identifier")
        assert [it.reference for it in bench.find(identifiers).items] == [
            CANARY.customer_id
        ]

    def test_amplitude_id_is_a_number(self, bench: Bench) -> None:
        """Another id in its place would be a stranger's, or nobody's."""
        finding = bench.locate([Identifier(AMPLITUDE_ID, "12a")])

        assert finding == NeedsHuman("amplitude_id_is_no_number")


class TestOptions:
    """A scope that contradicts itself is refused at start."""

    @pytest.mark.parametrize(
        "changes",
        [
            pytest.param({"scope": None}, id="no scope"),
            pytest.param({"projects": []}, id="no project"),
            pytest.param({"projects": ["1", "2"]}, id="two projects of one"),
            pytest.param({"user_id_holds": ["klaviyo.profile_id"]}, id="foreign type"),
        ],
    )
    def test_contradiction_is_refused(self, changes: dict[str, object]) -> None:
        """How far a deletion goes is never guessed."""
        with pytest.raises(ValueError, match=r"scope|project|use some of"):
            options(**changes)

    def test_copies_and_looks_spend_one_budget(self) -> None:
        """Eight points a copy and one a look come out of the same hour's budget."""
        operations = Amplitude.spec.operations
        (copies,) = operations["create_copy"].rates or ()
        (looks,) = operations["read_copy"].rates or ()

        assert operations["read_output"].rates == (looks,)
        assert (copies.limit, copies.per) == (looks.limit, looks.per)
        assert (looks.limit, looks.per) == (BUDGET, timedelta(hours=1))
        assert (copies.cost, looks.cost) == (8, 1)
        assert Amplitude.spec.people_per_call[Action.ERASE] == MOST_IDS == 100


@pytest.mark.vendor_specs
class TestVendorFile(AmplitudeProject):
    """What we send and what the fake answers fit the description."""

    def test_whole_life_of_a_user_fits_the_file(
        self, bench: Bench, fake: FakeAmplitude
    ) -> None:
        """Copy, deletion and their questions are as documented."""
        work = bench.find([*OF_CANARY, Identifier(AMPLITUDE_ID, str(NUMBER))])

        with recording(fake) as exchanges:
            bench.run(lambda it: it.ping())
            bench.export(work, CollectingSink({CANARY.reference, str(NUMBER)}))
            fake.command("pace", "still")
            job = accepted(bench.erase_once(work))
            bench.run(lambda it: it.cancel(job.ticket))
            fake.command("pace", "before")
            bench.erase(work)

        # The description knows the file itself, not the way to the object store.
        documented = [it for it in exchanges if it.status != 302]
        assert {it.operation for it in exchanges} == set(Amplitude.spec.operations)
        assert vendor_file("amplitude").disagreements(documented, Amplitude.spec) == []
