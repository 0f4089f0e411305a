"""Whom a restored system must erase again, told without an identifier."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import select
from structlog.testing import capture_logs

from orchestrator.adapters.cases import tombstones
from orchestrator.adapters.cases.tombstones import SqlTombstones, Tombstone
from orchestrator.adapters.sql import tables as t
from orchestrator.core.cases import Scope
from orchestrator.core.words import CaseId, Rehearsal
from schemas.connecting import CUSTOMER_ID, EMAIL, PHONE, Identifier
from tests.core.builders import ACCESS, DAY, T0, an_opening
from tests.stages.an_office import NAMES, TOMBSTONES_KEPT, Office

ADA = Identifier(EMAIL, "ada@example.com")
CALLS = Identifier(PHONE, "+33199000101")
ADAS_ID = Identifier(CUSTOMER_ID, "C-1")


@pytest.fixture
def house(office: Office) -> Office:
    """Lend an office that has erased Ada."""
    office.answer(an_opening(), ADA, CALLS, ADAS_ID)
    assert office.forget().turn() == 1
    return office


def _found(office: Office, type_: str, *values: str) -> dict[str, object]:
    """Ask an office about its own controller's people."""
    controller = office.case("case-1").controller
    return dict(office.tombstones.found(controller, type_, values))


def _rows(office: Office) -> int:
    with office.database.reading() as connection:
        return len(connection.execute(select(t.tombstones)).all())


def test_every_identifier_of_an_erased_person_is_known(house: Office) -> None:
    """A restored system may know them by any of the three."""
    stone = [Tombstone(is_whole=True, erased_at=T0)]

    found = [_found(house, one.type, one.value) for one in (ADA, CALLS, ADAS_ID)]

    assert found == [{ADA.value: stone}, {CALLS.value: stone}, {ADAS_ID.value: stone}]


def test_value_is_known_in_its_type_and_for_its_controller_only(house: Office) -> None:
    """A stranger, another type and another house's customer are clear."""
    assert not _found(house, EMAIL, "grace@example.com")["grace@example.com"]
    assert not _found(house, CUSTOMER_ID, ADA.value)[ADA.value]
    assert not dict(house.tombstones.found("another", EMAIL, [ADA.value]))[ADA.value]


def test_value_is_known_however_the_system_spells_it(house: Office) -> None:
    """Blanks, capitals and the digits' grouping are the restored system's own."""
    assert _found(house, EMAIL, " Ada@Example.COM")[" Ada@Example.COM"]
    assert _found(house, PHONE, "+33 1 99 00 01 01")["+33 1 99 00 01 01"]


def test_value_that_is_none_of_its_type_is_told_apart(house: Office) -> None:
    """What could not be compared must not pass for clear."""
    assert _found(house, EMAIL, "ada", ADA.value)["ada"] is None


def test_nothing_in_the_table_is_an_identifier(house: Office) -> None:
    """It holds keyed digests; a plain hash of the address could be guessed."""
    with house.database.reading() as connection:
        rows = connection.execute(select(t.tombstones)).all()

    assert len(rows) == 3
    assert NAMES.tombstone(house.case("case-1").controller, *_pair(ADA)) in {
        row.digest for row in rows
    }
    assert not any(ADA.value in str(row) for row in rows)


def _pair(one: Identifier) -> tuple[str, str]:
    return one.type, one.value


@pytest.mark.parametrize(
    "changes",
    [
        pytest.param({"rights": ACCESS}, id="access only"),
        pytest.param({"rehearsal": frozenset({Rehearsal.TEST})}, id="test"),
        pytest.param({"rehearsal": frozenset({Rehearsal.DRY_RUN})}, id="dry run"),
    ],
)
def test_who_was_not_erased_leaves_no_tombstone(
    office: Office, changes: dict[str, object]
) -> None:
    """Nobody is erased again who never asked to be erased."""
    office.answer(an_opening(**changes), ADA)

    office.forget().turn()

    assert _rows(office) == 0


def test_erasure_of_a_part_is_told_as_one(office: Office) -> None:
    """Whoever erases again must not erase more than was asked."""
    scope = Scope(record_classes=frozenset({"marketing_profile"}))
    office.answer(an_opening(scope=scope), ADA)

    office.forget().turn()

    assert _found(office, EMAIL, ADA.value)[ADA.value] == [
        Tombstone(is_whole=False, erased_at=T0)
    ]


def test_later_erasure_keeps_the_tombstone_longer(house: Office) -> None:
    """Who returned and was erased again is one person with a newer date."""
    house.clock.advance(10 * DAY)
    again = an_opening(case=CaseId("case-2"), request_id="request-2")
    house.answer(again, ADA)
    house.forget().turn()

    later = T0 + 10 * DAY
    assert _found(house, EMAIL, ADA.value)[ADA.value] == [Tombstone(True, later)]  # noqa: FBT003
    assert house.tombstones.expire(T0 + TOMBSTONES_KEPT) == 2
    assert _found(house, EMAIL, ADA.value)[ADA.value]


def test_tombstones_go_in_time(house: Office) -> None:
    """No backup is older, so nobody needs them any more."""
    until = T0 + TOMBSTONES_KEPT

    assert house.tombstones.expire(until - timedelta(seconds=1)) == 0
    assert house.tombstones.expire(until) == 3
    assert _rows(house) == 0


def test_who_wants_none_gets_none(office: Office) -> None:
    """Zero days keep no digest at all."""
    office.answer(an_opening(), ADA)
    none = SqlTombstones(office.database, NAMES, timedelta(0))

    assert none.of(office.case("case-1"), [ADA], T0) == ()


def test_identity_that_does_not_open_is_forgotten_all_the_same(office: Office) -> None:
    """A damaged row must not keep a person's key alive; the log tells what is lost."""
    office.answer(an_opening(), ADA)
    with office.database.writing() as connection:
        connection.execute(t.vault.update().values(sealed=bytes(40)))

    with capture_logs() as lines:
        assert office.forget().turn() == 1

    assert not office.store.keys(["case-1"], "identity")
    assert [one["case"] for one in lines if one["event"] == "tombstones_not_kept"] == [
        "case-1"
    ]


def test_key_that_does_not_open_costs_nobody_else_a_tombstone(office: Office) -> None:
    """People are forgotten together, and a damaged one is told apart."""
    for number, one in enumerate((ADA, CALLS), start=1):
        name = f"case-{number}"
        opening = an_opening(case=CaseId(name), request_id=name, subject=name)
        office.answer(opening, one)
    damaged = t.data_keys.update().where(t.data_keys.c.owner == "case-1")
    with office.database.writing() as connection:
        connection.execute(damaged.values(wrapped=bytes(60)))

    forgotten = office.forget().turn()

    assert forgotten == 2
    assert not office.store.keys(["case-1", "case-2"], "identity")
    assert _found(office, ADA.type, ADA.value) == {ADA.value: []}
    assert _found(office, CALLS.type, CALLS.value)[CALLS.value]


def test_many_values_are_compared_some_at_a_time(
    house: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A file of a million ids is never in memory as a whole, and in its order."""
    monkeypatch.setattr(tombstones, "AT_ONCE", 2)
    values = ["a@example.com", "b@example.com", ADA.value, "a@example.com", ADA.value]
    controller = house.case("case-1").controller

    found = list(house.tombstones.found(controller, EMAIL, iter(values)))

    assert [value for value, _ in found] == values
    assert [bool(stones) for _, stones in found] == [False, False, True, False, True]
