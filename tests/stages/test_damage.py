"""One case that cannot be handled stops no other."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import cast

import structlog

from orchestrator.adapters.copies.packing import ZipPacking
from orchestrator.adapters.vault.artifacts import SqlArtifacts
from orchestrator.core.cases import ExportStatus
from orchestrator.core.words import CaseId
from orchestrator.ports import DestroyKey
from orchestrator.stages.seal import Seal, SealParts, Signer
from schemas.connecting import Mode
from tests.core.builders import ACCESS, T0, a_plan, an_account, an_opening
from tests.stages.an_office import Office

DAMAGED, SOUND = CaseId("c-1"), CaseId("c-2")


def _a_seal(office: Office) -> Seal:
    parts = SealParts(
        store=office.store,
        engine=office.engine,
        vault=office.vault,
        artifacts=SqlArtifacts(office.database),
        packing=ZipPacking(),
        signer=cast("Signer", None),  # only copies are sealed here
        test_signer=cast("Signer", None),
        clock=office.clock,
        software="1",
    )
    return Seal(parts, lambda: None)


def test_copy_that_cannot_be_sealed_stops_no_other(office: Office) -> None:
    """Seal leaves a damaged case out, tells of it once, and seals the next."""
    openings = [
        an_opening(case=id_, request_id=id_, subject=id_, rights=ACCESS)
        for id_ in (DAMAGED, SOUND)
    ]
    office.open(openings, a_plan(an_account(mode=Mode.OFF)))
    with office.store.transaction() as transaction:
        transaction.write([DestroyKey(DAMAGED, "export")], T0)
    seal = _a_seal(office)
    seal_exports: Callable[[], int] = seal._seal_exports  # noqa: SLF001 (signs nothing)

    with structlog.testing.capture_logs() as lines:
        moved = [seal_exports(), seal_exports()]

    assert moved == [1, 0]
    assert office.case(SOUND).export is ExportStatus.SEALED
    assert office.case(DAMAGED).export is ExportStatus.GATHERING
    told = [line for line in lines if line["event"] == "case_left_out"]
    assert told == [
        {
            "event": "case_left_out",
            "log_level": "error",
            "case": DAMAGED,
            "stage": "seal",
            "cause": "KeyError",
        }
    ]


def test_truncation_is_owed_from_the_start_until_it_succeeds(office: Office) -> None:
    """A process may have died after forgetting: the next one empties the log."""
    answers = [False, True]
    forget = office.forget(lambda: answers.pop(0))

    for _ in range(4):
        forget.turn()
        office.clock.advance(timedelta(seconds=10))

    assert answers == []
