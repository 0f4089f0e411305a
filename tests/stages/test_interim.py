"""The interim statement: signed before the deadline, out of what is stored."""

from __future__ import annotations

from orchestrator.adapters.copies.packing import ZipPacking
from orchestrator.adapters.keys.signing import DsseSigner, verify_envelope
from orchestrator.adapters.reading.queries import Queries
from orchestrator.adapters.vault.artifacts import SqlArtifacts
from orchestrator.core.words import StatementKind
from orchestrator.stages.seal import Seal, SealParts
from orchestrator.stages.sweep import Sweep
from schemas.receipts import Receipt, read_receipt
from tests.core.builders import CASE, CRM, DAY, MAIL, a_plan, an_account, an_opening
from tests.stages.an_office import Office
from tests.support.signed_receipts import KEY_ID, PUBLIC_KEY, SIGNING_KEY


def a_seal(office: Office) -> Seal:
    """Make the stage that signs."""
    signer = DsseSigner(SIGNING_KEY, KEY_ID)
    parts = SealParts(
        store=office.store,
        engine=office.engine,
        vault=office.vault,
        artifacts=SqlArtifacts(office.database),
        packing=ZipPacking(),
        signer=signer,
        test_signer=signer,
        clock=office.clock,
        software="1.0.0",
    )
    return Seal(parts, lambda: None)


def a_sweep(office: Office) -> Sweep:
    """Make the stage that lets time pass."""
    return Sweep(office.store, office.engine, office.clock, lambda: None)


def statements(office: Office) -> list[Receipt]:
    """Return the signed statements of the case, verified, in their order."""
    queries = Queries(office.database)
    ids = sorted((one.number, one.id) for one in queries.statements(case=CASE))
    envelopes = [queries.statement(id_)[1] for _, id_ in ids]
    return [read_receipt(verify_envelope(one, PUBLIC_KEY)) for one in envelopes]


def test_open_case_is_told_of_in_time(office: Office) -> None:
    """A week before the deadline one signed statement says what is open, and why."""
    office.open([an_opening()], a_plan(an_account(MAIL), an_account(CRM)))
    seal, sweep = a_seal(office), a_sweep(office)
    assert (sweep.turn(), seal.turn()) == (0, 0)
    case = office.case(CASE)
    assert case.deadline is not None

    office.clock.set(case.deadline.target_at - 7 * DAY)
    woken, signed = sweep.turn(), seal.turn()

    (statement,) = statements(office)
    assert (woken, signed, seal.turn()) == (1, 1, 0)
    assert (statement.kind, statement.result) == ("interim", "open")
    assert {line.outcome for line in statement.lines} == {"open"}
    assert statement.times.answered_at is None
    assert statement.times.signed_at == office.clock.now()
    assert [one.kind for one in office.case(CASE).statements] == [StatementKind.INTERIM]


def test_later_statement_takes_the_place_of_the_first(office: Office) -> None:
    """A day before the deadline what is still open is told once more."""
    office.open([an_opening()], a_plan(an_account(MAIL)))
    seal, sweep = a_seal(office), a_sweep(office)
    counted = office.case(CASE).deadline
    assert counted is not None

    for days in (7, 1):
        office.clock.set(counted.target_at - days * DAY)
        sweep.turn()
        seal.turn()

    told = [(one.number, one.supersedes) for one in statements(office)]
    assert told == [(1, None), (2, 1)]
