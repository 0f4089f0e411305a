"""What may not be said, whatever its connector would do: told before a call."""

from __future__ import annotations

from orchestrator.core.afterwards.owed import OWED
from orchestrator.core.cases import Step, Task
from orchestrator.stages.work.accounts import AccountConfig
from schemas.connecting import Failed, Mode, NeedsHuman, NotApplicable

FORGOTTEN_HINT = (
    "A law kept these records past the answer, and the person's identifiers were"
    " destroyed with it; this account is instructed by identifiers alone.  Erase there"
    " whatever of these record classes is older than the law's last day, then close the"
    " task as erased by hand."
)


OFF_HINT = (
    "The register has this account off, and something is still owed there.  Set its"
    " mode to live, restart and retry; or do it there by hand and close the task."
)
DRY_RUN_HINT = (
    "The register rehearses this account, and an erasure is still owed there.  Set its"
    " mode to live, restart and retry; or erase there by hand and close the task."
)


def instead_of(
    task: Task, config: AccountConfig, *, is_named: bool
) -> Failed | NeedsHuman | NotApplicable | None:
    """
    Return what becomes of a task that may not be sent, or nothing if it may.

    *is_named* says whether any identifier of the person is left for it.
    """
    if task.is_read_back and not is_named:
        return NotApplicable("read_back_over")
    if task.sandbox_only and not config.is_sandbox:
        # A test would reach an account that was a sandbox when it began; what it began
        # elsewhere a person ends.
        if task.step is Step.ACT and not task.may_have_changed:
            return NotApplicable("live_account")
        return NeedsHuman("live_account")
    has_forgotten = task.sealed_under.startswith(OWED)  # what a law kept: ids alone
    if has_forgotten and task.step is Step.ACT and config.spec.erases_by_identifier:
        return Failed("identifiers_forgotten", FORGOTTEN_HINT)
    return _not_live(task, config.mode) if task.is_follow_up else None


def _not_live(task: Task, mode: Mode) -> Failed | NeedsHuman | None:
    """
    Hand what is owed to a person where the account was live and is no more.

    No deadline runs any longer that would tell of an account that waits.
    """
    is_begun = task.step is not Step.ACT  # a job goes on: its ticket stays
    if mode is Mode.OFF:
        off = "account_off"
        return NeedsHuman(off) if is_begun else Failed(off, OFF_HINT)
    if mode is Mode.DRY_RUN and not is_begun and not task.is_read_back:
        return Failed("account_in_dry_run", DRY_RUN_HINT)
    return None
