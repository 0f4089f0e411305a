"""What a statement may say of the use of what was not erased."""

from __future__ import annotations

from orchestrator.core.cases import Case
from orchestrator.core.holds import RulingKind
from orchestrator.core.laws import law_of
from orchestrator.core.ruling.stopping import ONLY_STORED
from schemas.connecting import Action
from schemas.receipts import Receipt


def check_use(case: Case, receipt: Receipt) -> None:
    """Check that a line claims stopped use by a person's word only, and of a rest."""
    said = any(one.kind is RulingKind.USE_STOPPED for one in case.rulings)
    for line in receipt.lines:
        if line.use is None:
            continue
        assert line.action is Action.ERASE, "use of what nobody was to erase"
        assert line.settled_at is not None, "use of what is still to be erased"
        assert line.left_alone or not line.is_fulfilled, "use of what is gone"
        if line.use == "not_stopped":
            assert law_of(case.jurisdiction) in ONLY_STORED, "no law asks"
        else:
            assert said, "nobody said that use has stopped"
