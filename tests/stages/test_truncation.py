"""Deleted text leaves the write-ahead log soon, and not at every writer's cost."""

from __future__ import annotations

from datetime import timedelta

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from orchestrator.adapters.artifacts import SqlArtifacts
from orchestrator.adapters.keys import key_id_of
from orchestrator.adapters.packing import ZipPacking
from orchestrator.adapters.signing import DsseSigner
from orchestrator.core.words import CaseId
from orchestrator.stages.forget import Forget
from orchestrator.stages.seal import Seal, SealParts
from schemas.connecting import Mode
from tests.core.builders import a_plan, an_account, an_opening
from tests.stages.an_office import Office


def _answer(office: Office, case: str) -> None:
    """Open a case that has nothing to do, and sign its receipt."""
    key = Ed25519PrivateKey.generate()
    opening = an_opening(case=CaseId(case), request_id=case, subject=case)
    office.open([opening], a_plan(an_account(mode=Mode.OFF)))
    parts = SealParts(
        store=office.store,
        engine=office.engine,
        vault=office.vault,
        artifacts=SqlArtifacts(office.database),
        packing=ZipPacking(),
        signer=DsseSigner(key, key_id_of(key.public_key())),
        test_signer=DsseSigner(key, key_id_of(key.public_key())),
        clock=office.clock,
        software="1",
    )
    assert Seal(parts, lambda: None).turn() == 1


def test_truncation_follows_a_burst_of_forgetting_once(office: Office) -> None:
    """Two cases forgotten within a second cost one truncation, some seconds later."""
    truncated: list[float] = []

    def truncate() -> bool:
        truncated.append(office.clock.monotonic())
        return True

    forget = Forget(office.store, office.engine, office.vault, office.clock, truncate)
    forget.turn()
    for case in ("c-1", "c-2"):
        _answer(office, case)
        assert forget.turn() == 1
    office.clock.advance(timedelta(seconds=5))
    forget.turn()
    forget.turn()

    assert truncated == [0.0, 5.0]


def test_no_deleted_text_is_left_at_the_end(office: Office) -> None:
    """A process that stops right after it forgot somebody still empties the log."""
    truncated: list[bool] = []

    def truncate() -> bool:
        truncated.append(True)
        return True

    forget = Forget(office.store, office.engine, office.vault, office.clock, truncate)
    forget.turn()
    _answer(office, "c-1")
    forget.turn()
    truncated.clear()

    forget.close()
    forget.close()

    assert truncated == [True]
