"""What the Iterable connector promises, and whom it finds."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import ClassVar

import pytest

from connectors.base import (
    Ambiguous,
    Exported,
    Identifier,
    Located,
    NotApplicable,
    NothingFound,
    Provenance,
)
from connectors.errors import ContractChanged, WrongPerson
from connectors.fakes import iterable
from connectors.fakes.frame import FakeProcessor
from connectors.fakes.iterable import FakeIterable
from connectors.iterable import Iterable
from connectors.iterable.api import Key
from connectors.iterable.connector import USER_ID
from connectors.testing import (
    BYSTANDER,
    CANARY,
    Bench,
    CollectingSink,
    ConnectorContract,
    Somebody,
)
from schemas.connecting import CUSTOMER_ID, EMAIL
from tests.connectors.iterable_project import (
    CANARYS_ID,
    OF_CANARY,
    SECRETS,
    IterableProject,
    a_profile,
    options,
)
from tests.connectors.vendor_specs import left_out, recording, vendor_file


class TestIterable(ConnectorContract):
    """Iterable keeps the promises every connector makes, by forgetting."""

    connector = Iterable
    fake_app = staticmethod(iterable.app)
    option_values: ClassVar = {"project": "email"}
    secret_values: ClassVar = SECRETS
    installation = iterable.INSTALLATION
    reading = "read_by_email"
    changing = "forget"
    # Here people are told apart by address; an odd one is tested below.
    awkward_reference: ClassVar[str | None] = None

    def seed(self, fake: FakeProcessor, somebody: Somebody) -> Sequence[Identifier]:
        """Seed a profile with two events."""
        fake.seed([a_profile(somebody)])
        return [Identifier(EMAIL, somebody.email)]

    def seed_many(self, fake: FakeProcessor, rows: int) -> Sequence[Identifier]:
        """Seed a profile, which is one row, with that many events but one."""
        fake.seed([a_profile(CANARY, rows - 1)])
        return OF_CANARY

    def unknown(self) -> Sequence[Identifier]:
        """Return an address that the project never saw."""
        return [Identifier(EMAIL, "nobody@birds.example")]

    def settle(self, fake: FakeProcessor) -> None:
        """Let the deletions end as they end by themselves."""
        fake.command("process", None)


class TestIterableDeleting(TestIterable):
    """Iterable keeps them by deleting too, where the day's thousand is not enough."""

    option_values: ClassVar = {
        "project": "email",
        "erase_by": "delete_and_suppress",
    }
    changing = "delete_by_email"


class _ByUserId(FakeIterable):
    """A project that tells people apart by user id."""

    def empty(self) -> dict[str, object]:
        return {**super().empty(), "project": "user_id"}


class TestIterableByUserId(TestIterable):
    """Iterable keeps them where people are told apart by user id, odd ones too."""

    fake_app = staticmethod(_ByUserId)
    option_values: ClassVar = {"project": "user_id"}
    reading = "read_by_user_id"
    awkward_reference = ConnectorContract.awkward_reference

    def seed(self, fake: FakeProcessor, somebody: Somebody) -> Sequence[Identifier]:
        """Seed a profile with two events."""
        super().seed(fake, somebody)
        return [Identifier(USER_ID, somebody.reference)]

    def seed_many(self, fake: FakeProcessor, rows: int) -> Sequence[Identifier]:
        """Seed a profile, which is one row, with that many events but one."""
        super().seed_many(fake, rows)
        return CANARYS_ID

    def unknown(self) -> Sequence[Identifier]:
        """Return an id that the project never saw."""
        return [Identifier(USER_ID, "nobody-1")]


class TestIterableDeletingByUserId(TestIterableByUserId):
    """Iterable keeps them deleting by user id."""

    option_values: ClassVar = {
        "project": "user_id",
        "erase_by": "delete_and_suppress",
    }
    changing = "delete_by_user_id"


class TestSearch(IterableProject):
    """A person is looked for only under the keys that the project has."""

    @pytest.mark.parametrize(
        ("project", "holds", "found"),
        [
            pytest.param("email", None, {f"email:{CANARY.email}"}, id="e-mail"),
            pytest.param("user_id", USER_ID, {f"userId:{CANARY.reference}"}, id="id"),
            pytest.param("hybrid", USER_ID, {f"email:{CANARY.email}"}, id="hybrid"),
        ],
    )
    def test_profile_is_named_as_the_project_tells_people_apart(
        self, bench: Bench, project: str, holds: str | None, found: set[str]
    ) -> None:
        """One profile is one item, also where two keys find it."""
        bench.options = options(project=project, user_id_holds=holds)

        work = bench.find([*OF_CANARY, *CANARYS_ID])

        assert {it.reference for it in work.items} == found

    @pytest.mark.parametrize(
        ("project", "identifier"),
        [
            pytest.param("email", CANARYS_ID[0], id="id in an e-mail project"),
            pytest.param("user_id", OF_CANARY[0], id="e-mail in an id project"),
            pytest.param(
                "user_id", Identifier(CUSTOMER_ID, CANARY.reference), id="not declared"
            ),
        ],
    )
    def test_other_identifiers_are_not_looked_for(
        self, bench: Bench, fake: FakeIterable, project: str, identifier: Identifier
    ) -> None:
        """A user id of an e-mail project may be many people's."""
        bench.options = options(project=project)

        assert bench.locate([identifier]) == NotApplicable("no_identifier")
        assert fake.log == []

    def test_customer_id_is_looked_for_where_the_register_says(
        self, bench: Bench
    ) -> None:
        """The register says what the project uses as a user id."""
        bench.options = options(project="user_id", user_id_holds=CUSTOMER_ID)

        finding = bench.locate([Identifier(CUSTOMER_ID, CANARY.reference)])

        assert isinstance(finding, Located)
        assert finding.learned == (Identifier(EMAIL, CANARY.email),)

    def test_other_spelling_of_an_address_is_the_same_person(
        self, bench: Bench
    ) -> None:
        """Iterable keeps addresses in lower case."""
        loud = Identifier(EMAIL, f" {CANARY.email.upper()} ")

        assert bench.find([loud]).items == bench.find(OF_CANARY).items

    def test_profile_with_another_user_id_is_left_to_a_person(
        self, bench: Bench
    ) -> None:
        """An address that now belongs to another customer is not ours to erase."""
        bench.options = options(project="hybrid")
        asked = [*OF_CANARY, Identifier(USER_ID, BYSTANDER.reference)]

        finding = bench.locate(asked)

        assert isinstance(finding, Ambiguous)
        assert len(finding.candidates) == 2

    def test_answer_about_somebody_else_stops_the_search(
        self, bench: Bench, fake: FakeIterable, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """What does not carry the key that was asked for is not taken."""
        stranger = fake.data["profiles"][1]
        monkeypatch.setattr(fake, "_named", lambda *_: [stranger])

        with pytest.raises(ContractChanged, match="answer_about_somebody_else"):
            bench.locate(OF_CANARY)

    @pytest.mark.parametrize(
        "address",
        ["a/b+c?d&e=1%2F#f@birds.example", "../forget@x.example", "o'hara@x.example"],
    )
    @pytest.mark.parametrize("way", ["forget", "delete_and_suppress"])
    def test_odd_address_reaches_only_its_own_profile(
        self, bench: Bench, fake: FakeIterable, address: str, way: str
    ) -> None:
        """An address with `/ + ? & %` is a name, never a path or a query."""
        odd = replace(CANARY, email=address)
        fake.seed([a_profile(odd)])
        bench.options = options(erase_by=way)
        bench.settle = lambda it: it.command("process", None)

        bench.erase(bench.find([Identifier(EMAIL, address)]))

        emails = {it["email"] for it in fake.data["profiles"]}
        assert emails == {CANARY.email, BYSTANDER.email}


class TestExport(IterableProject):
    """A copy is one person's profile and events."""

    def test_copy_tells_what_was_provided_from_what_was_watched(
        self, bench: Bench
    ) -> None:
        """Custom events are asked for, which Iterable leaves out otherwise."""
        work = bench.find(OF_CANARY)
        sink = CollectingSink({it.reference for it in work.items})

        assert bench.export(work, sink) == Exported(3)
        assert [(it.category, it.provenance) for it in sink.rows] == [
            ("profile", Provenance.PROVIDED),
            ("events", Provenance.OBSERVED),
            ("events", Provenance.OBSERVED),
        ]

    @pytest.mark.parametrize(
        ("event", "error"),
        [
            pytest.param({"email": BYSTANDER.email}, WrongPerson, id="a stranger's"),
            pytest.param({"email": None}, ContractChanged, id="nobody's"),
            pytest.param({"email": 7}, ContractChanged, id="no event"),
        ],
    )
    def test_event_that_is_not_theirs_stops_the_copy(
        self,
        bench: Bench,
        fake: FakeIterable,
        event: dict[str, object],
        error: type[Exception],
    ) -> None:
        """Each event is bound by the address that it carries itself."""
        work = bench.find(OF_CANARY)
        fake.data["profiles"][0]["events"].append({"eventType": "x", **event})

        with pytest.raises(error):
            bench.export(work, CollectingSink({it.reference for it in work.items}))

    def test_person_who_is_gone_has_nothing_to_copy(
        self, bench: Bench, fake: FakeIterable
    ) -> None:
        """Nothing of a profile that is not there is told as exported."""
        work = bench.find(OF_CANARY)
        fake.data["profiles"] = []

        assert bench.export(work, CollectingSink(())) == NothingFound()


def test_key_hides_its_value() -> None:
    """A key in a message names its kind only; the digest is the documented one."""
    key = Key.of_email(" A@B.example ")

    assert repr(key) == "Key(email)"
    assert key == Key.of_reference(key.reference)
    assert key.digest == Key("email", "a@b.example").digest


@pytest.mark.vendor_specs
class TestVendorFile(IterableProject):
    """What we send and what the fake answers fit Iterable's own file."""

    def test_whole_life_of_a_person_fits_the_file(
        self, bench: Bench, fake: FakeIterable
    ) -> None:
        """Both projects and both ways to erase are as documented."""
        bench.settle = lambda it: it.command("process", None)
        seen = set()

        for project, asked in (("email", OF_CANARY), ("user_id", CANARYS_ID)):
            for way in ("forget", "delete_and_suppress"):
                fake.reset()
                fake.command("project", project)
                fake.seed([a_profile(CANARY)])
                bench.options = options(project=project, erase_by=way)
                with recording(fake) as exchanges:
                    bench.run(lambda it: it.ping())
                    work = bench.find(asked)
                    bench.export(work, CollectingSink({work.items[0].reference}))
                    bench.erase(work)
                    bench.read_back(work)
                told = vendor_file("iterable").disagreements(exchanges, Iterable.spec)
                seen |= {it.operation for it in exchanges}
                assert told == []

        assert seen == set(Iterable.spec.operations)
        assert left_out(Iterable.spec) == {"channels", "unsubscribe"}
