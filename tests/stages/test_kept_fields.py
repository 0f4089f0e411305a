"""What a law needs of a record goes to the connector, and onto the signed receipt."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from sqlalchemy import select

from orchestrator.adapters.keys.signing import read_envelope
from orchestrator.adapters.sql import tables as t
from orchestrator.core.plan import PlannedAccount, RetentionRule
from orchestrator.stages.sweep import Sweep
from schemas.connecting import EMAIL, Action, Proof, Replay, Reply, TaskId, Work
from schemas.kept_fields import KeptField
from schemas.receipts import Receipt, read_receipt
from tests.core.builders import MAIL, an_account
from tests.stages.a_workshop import Counter, Workshop, case_of
from tests.stages.an_office import Office

ADA = "ada@example.com"
NEEDED = frozenset({KeptField.NAME, KeptField.AMOUNTS})
RULE = RetentionRule(
    id="de-profiles",
    record_class="profile",
    statute="AO section 147(3)",
    years=1,
    from_end_of_year=True,
    fields=NEEDED,
)
DUE = datetime(2027, 12, 31, 23, 0, tzinfo=UTC)


class Keeper(Counter):
    """Notes what it is to keep of each record."""

    def __init__(self) -> None:
        super().__init__(lambda _action, _names: None)
        self.kept: list[list[frozenset[KeptField]]] = []

    async def erase(self, work: Sequence[Work]) -> Mapping[TaskId, Reply]:
        """Note it, and say that it is done."""
        self.kept += [[*one.keep.values()] for one in work]
        return await super().erase(work)


@pytest.fixture
def answered(office: Office) -> Workshop:
    """Lend a workshop that reduces, and has answered one person."""
    planned = _reducing()
    workshop = Workshop(office, planned=planned, retention=(RULE,), connector=Keeper())
    workshop.open(ADA)
    workshop.rounds()
    office.seal().turn()
    office.forget().turn()
    return workshop


def _reducing() -> PlannedAccount:
    """Return an account that takes from kept profiles what no law needs."""
    account = an_account(
        MAIL,
        proof=Proof.STATUS,
        replay={Action.ERASE: Replay.REPEAT},
        reduces=frozenset({"profile"}),
        restricts=frozenset({"profile"}),
    )
    return replace(account, accepts=frozenset({EMAIL}))


def _receipts(office: Office) -> list[Receipt]:
    """Return what was signed, in order."""
    columns = t.statements.c
    query = select(columns.envelope).where(columns.case_id == case_of(ADA))
    with office.database.reading() as connection:
        envelopes = connection.execute(query.order_by(columns.number)).scalars()
        return [read_receipt(read_envelope(one).payload) for one in envelopes]


def test_connector_is_told_what_the_law_needs(answered: Workshop) -> None:
    """The call carries the kept record with its fields, and the receipt says so."""
    (receipt,) = _receipts(answered.office)

    (kept,) = [kept for line in receipt.lines for kept in line.retained]

    assert answered.connector.kept == [[NEEDED]]
    assert receipt.result == "complete_with_retention"
    assert kept.fields == tuple(sorted(NEEDED))
    assert (kept.extent, kept.restricted) == ("only_fields", "at_processor")


def test_nothing_is_kept_of_it_once_the_law_ends(answered: Workshop) -> None:
    """Years later the rest goes by the record's own name, without any limit."""
    office = answered.office
    office.clock.advance(DUE - office.clock.now())
    Sweep(office.store, office.engine, office.clock, lambda: None).turn()

    answered.rounds()
    office.seal().turn()

    assert answered.connector.kept == [[NEEDED], []]
    _, supplement = _receipts(office)
    (was,) = supplement.lines[0].was_kept or ()
    assert was.fields == tuple(sorted(NEEDED))
    assert supplement.owed == ()
