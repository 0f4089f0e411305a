"""What a connector does when its processor behaves."""

# ruff: noqa: S101 (a check asserts, and its docstring states a fact)

from __future__ import annotations

import tracemalloc
from collections.abc import Sequence
from dataclasses import replace
from typing import assert_never

from connectors.base import OneAtATime
from connectors.fakes.frame import FakeProcessor
from connectors.testing.account import Account
from connectors.testing.bench import (
    BYSTANDER,
    CANARY,
    Bench,
    CollectingSink,
    work_of,
)
from connectors.testing.declaration import problems_of
from connectors.testing.marks import raising
from connectors.transport.http import EgressRefused
from schemas.connecting import (
    Absent,
    Action,
    CannotTell,
    Done,
    Effect,
    Evidence,
    Exported,
    Identifier,
    Located,
    Mode,
    NothingFound,
    Present,
    Proof,
    Work,
)

_MEMORY = 64 * 1024 * 1024
_METHODS = {
    Action.ERASE: ("erase", "erase_one"),
    Action.EXPORT: ("export",),
    Action.LOCATE: ("locate", "locate_one"),
}


class Working(Account):
    """Searching, erasing, looking and exporting, as the protocol promises."""

    def test_spec_is_consistent(self) -> None:
        """
        The spec declares all that its own parts rely on.

        If not: read the sentences below; each names a part of the spec.
        """
        problems = problems_of(self.connector.spec)

        assert problems == []

    def test_declared_actions_are_the_implemented_ones(self) -> None:
        """
        A declared action has a method, and a method is declared.

        If not: write the method, or take the action out of the spec's
        `actions`.
        """
        for action, methods in _METHODS.items():
            written = any(
                getattr(self.connector, name, None) is not getattr(OneAtATime, name)
                for name in methods
            )

            assert written == (action in self.connector.spec.actions), action

    def test_options_refuse_unknown_keys(self) -> None:
        """
        A misspelt option is an error at start, not a silence.

        If not: make `options` a subclass of `connectors.base.Options`.
        """
        with raising(ValueError, match="no_such_option"):
            self.connector.options.model_validate(
                {**self.option_values, "no_such_option": 1}
            )

    def test_ping_names_the_installation(self, bench: Bench) -> None:
        """
        The account says its own name, which must match before any write.

        If not: let `ping` read the account's own name, and give that name as
        the subclass's `installation`.
        """
        assert bench.run(lambda it: it.ping()).name == self.installation
        assert set(bench.gate.sends) <= {Effect.READ}

    def test_unknown_person_is_nothing_found(
        self, bench: Bench, person: Sequence[Identifier], fake: FakeProcessor
    ) -> None:
        """
        Whom the processor never met leaves nothing to erase and no trace.

        If not: return `NothingFound()` where a search was made and matched
        nobody; the fake must answer such a search as the vendor does.
        """
        assert person

        finding = bench.locate(self.unknown())
        if isinstance(finding, Located):
            assert finding.items, "nothing is told as something"
            assert not any(item.proven for item in finding.items)
            replies = bench.erase(work_of(finding.items, self.unknown()))
            assert all(isinstance(it, NothingFound) for it in replies)
        else:
            assert isinstance(finding, NothingFound)

        assert self.holds(fake, CANARY)

    def test_search_finds_the_person_and_only_reads(
        self, bench: Bench, person: Sequence[Identifier]
    ) -> None:
        """
        A search changes nothing and finds records of declared classes.

        If not: return what matched as `Located`, with a `record_class` that the
        spec declares, and call no operation with effect `WRITE`.
        """
        work = bench.find(person)

        assert work.items
        assert {it.record_class for it in work.items} <= (
            self.connector.spec.record_classes
        )
        assert Effect.WRITE not in bench.gate.sends

    def test_search_names_the_same_items_each_time(
        self, bench: Bench, person: Sequence[Identifier]
    ) -> None:
        """
        Items found again have the ids they had, so that nothing is done twice.

        If not: make `Item.id` of the task, the record's kind and its id alone,
        and sort the items.
        """
        items = bench.find(person).items

        assert bench.find(person).items == items
        assert len({it.id for it in items}) == len(items)

    def test_learned_identifiers_are_of_declared_types(
        self, bench: Bench, person: Sequence[Identifier]
    ) -> None:
        """
        A search learns only what the spec and the account's options declare.

        If not: add the type to the spec's `yields`, or do not return it as
        `learned`.
        """
        finding = bench.locate(person)

        assert isinstance(finding, Located)
        declared = self.connector.spec.yields | set(bench.options.yields.values())
        assert {it.type for it in finding.learned} <= declared

    def test_erasure_takes_the_person_and_nobody_else(
        self, bench: Bench, person: Sequence[Identifier], fake: FakeProcessor
    ) -> None:
        """
        After an erasure the processor holds the others and not the person.

        If not: erase each item by its `reference`, return no better evidence
        than the spec's `proof` allows, and let the fake forget what the vendor
        forgets.
        """
        work = bench.find(person)

        replies = bench.erase(work)

        best = _best(bench, self.connector.spec.proof)
        assert all(isinstance(it, Done) and it.evidence <= best for it in replies)
        assert not self.holds(fake, CANARY)
        assert self.holds(fake, BYSTANDER)

    def test_look_sees_what_is_there_and_what_is_gone(
        self, bench: Bench, person: Sequence[Identifier]
    ) -> None:
        """
        A look tells a record that is there from one that is gone.

        If not: let `read_back_one` ask for each item by its `reference`; or
        declare another `proof` and leave the method out.
        """
        work = bench.find(person)

        before = bench.read_back(work)
        bench.erase(work)
        after = bench.read_back(work)

        if self.connector.spec.proof is Proof.LOOKUP:
            assert isinstance(before, Present)
            assert set(before.items) == {item.id for item in work.items}
            assert isinstance(after, Absent)
        else:
            assert isinstance(before, CannotTell)
            assert isinstance(after, CannotTell)

    def test_erasing_twice_has_one_effect(
        self, bench: Bench, person: Sequence[Identifier], fake: FakeProcessor
    ) -> None:
        """
        The same erasure again is done or finds nothing, and touches nobody.

        If not: take the vendor's own "no such record" as done; where it only counts,
        read each item by its `reference` and take what is not there as done.
        """
        work = bench.find(person)
        bench.erase(work)

        replies = bench.erase(work)

        assert all(isinstance(it, Done | NothingFound) for it in replies)
        assert not self.holds(fake, CANARY)
        assert self.holds(fake, BYSTANDER)

    def test_awkward_ids_reach_only_their_own_record(
        self, bench: Bench, fake: FakeProcessor
    ) -> None:
        """
        An id with `/ + ? & %` is a name, never a path, a query or a space.

        If not: pass ids as `path={...}` or in the body, never inside a path
        that you build yourself.
        """
        if self.awkward_reference is None:
            return
        odd = replace(CANARY, reference=self.awkward_reference)
        # Whom an unquoted `/` or `?` in the id would hit.
        near = replace(BYSTANDER, reference=self.awkward_reference.split("/")[0])
        self.seed(fake, near)
        work = bench.find(self.seed(fake, odd))

        bench.erase(work)

        assert not self.holds(fake, odd)
        assert self.holds(fake, near)

    def test_export_holds_the_person_and_nobody_else(
        self, bench: Bench, person: Sequence[Identifier]
    ) -> None:
        """
        Every row is bound to the person, and the count is the number of rows.

        If not: write every row with the `subject` that the answer itself names,
        and return `Exported` with the number of rows written.
        """
        work = bench.find(person)
        sink = CollectingSink(_subjects(work))

        reply = bench.export(work, sink)

        told = repr([dict(row.data) for row in sink.rows])
        assert reply == Exported(sink.count)
        assert sink.count > 0
        assert CANARY.email in told
        assert not any(value in told for value in BYSTANDER.values())

    def test_dry_run_copies_unless_the_spec_says_that_it_writes(
        self, bench: Bench, person: Sequence[Identifier]
    ) -> None:
        """
        A copy that makes a job is declared, so that a dry run leaves it out.

        If not: add `Action.EXPORT` to the spec's `writes` where the copy is a
        job that the processor makes.
        """
        bench.mode = Mode.DRY_RUN
        work = bench.find(person)
        sink = CollectingSink(_subjects(work))

        if Action.EXPORT in self.connector.spec.writes:
            with raising(EgressRefused, match="dry_run"):
                bench.export(work, sink)
        else:
            assert bench.export(work, sink) == Exported(sink.count)

    def test_export_of_much_data_is_complete_and_bounded(
        self, bench: Bench, fake: FakeProcessor
    ) -> None:
        """
        Page after page reaches the sink without all of it in memory.

        If not: follow the pages to the last one, and write rows as they come
        instead of collecting them.
        """
        work = bench.find(self.seed_many(fake, self.rows_of_many))
        sink = CollectingSink(_subjects(work), keep=False)

        tracemalloc.start()
        reply = bench.export(work, sink)
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()

        assert reply == Exported(self.rows_of_many)
        assert sink.count == self.rows_of_many
        assert peak < _MEMORY


def _subjects(work: Work) -> set[str]:
    return {it.reference for it in work.items} | {it.value for it in work.identifiers}


def _best(bench: Bench, proof: Proof) -> Evidence:
    """Return the best grade that an erasure may claim under its proof."""
    if bench.handed_over:
        return Evidence.M
    match proof:
        case Proof.LOOKUP:
            return Evidence.E4
        case Proof.STATUS:
            return Evidence.E2
        case Proof.SIGNED:
            return Evidence.E3
        case Proof.NONE:
            return Evidence.E1
        case _:
            assert_never(proof)
