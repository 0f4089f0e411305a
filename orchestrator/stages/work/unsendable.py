"""What may not be said, whatever its connector would do: told before a call."""

from __future__ import annotations

from orchestrator.core.cases import Step, Task
from orchestrator.core.owed import OWED
from schemas.connecting import ConnectorSpec, Failed, NeedsHuman, NotApplicable

FORGOTTEN_HINT = (
    "A law kept these records past the answer, and the person's identifiers were"
    " destroyed with it; this account is instructed by identifiers alone.  Erase there"
    " whatever of these record classes is older than the law's last day, then close the"
    " task as erased by hand."
)


def instead_of(
    task: Task, spec: ConnectorSpec, *, is_sandbox: bool, is_named: bool
) -> Failed | NeedsHuman | NotApplicable | None:
    """
    Return what becomes of a task that may not be sent, or nothing if it may.

    *is_named* says whether any identifier of the person is left for it.
    """
    if task.is_read_back and not is_named:
        return NotApplicable("read_back_over")
    if task.sandbox_only and not is_sandbox:
        # A test would reach an account that was a sandbox when it began; what it began
        # elsewhere a person ends.
        if task.step is Step.ACT and not task.may_have_changed:
            return NotApplicable("live_account")
        return NeedsHuman("live_account")
    has_forgotten = task.sealed_under.startswith(OWED)  # what a law kept: ids alone
    if has_forgotten and task.step is Step.ACT and spec.erases_by_identifier:
        return Failed("identifiers_forgotten", FORGOTTEN_HINT)
    return None
