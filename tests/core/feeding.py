"""How far a feeder has come, read from the case without the core's own rules."""

from __future__ import annotations

from orchestrator.core.cases import Case, Task
from orchestrator.core.plan import PlannedAccount
from orchestrator.core.words import Until
from schemas.connecting import Action


def far_enough(case: Case, planned: PlannedAccount, feeder: Task) -> bool:
    """Tell whether the register lets *planned* begin beside its *feeder*."""
    wanted = planned.fed_until.get(feeder.account)
    if wanted is Until.LOCATED:
        search = case.task(feeder.account, Action.LOCATE)
        return search is None or search.is_settled
    return feeder.is_accepted if wanted is Until.ACCEPTED else feeder.is_settled
