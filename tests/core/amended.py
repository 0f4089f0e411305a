"""What must hold after identifiers came later: nothing widened, nobody passed over."""

from __future__ import annotations

from orchestrator.core.cases import Case, ExportStatus, Task, TaskStatus
from orchestrator.core.commands import Decision, Publish
from orchestrator.core.later import RequestAmended
from orchestrator.core.words import AccountId
from orchestrator.core.work.links import was_never_asked
from schemas.case_words import CaseAmended
from schemas.connecting import Action, Done, Exported, Notified


def check_unwidened(before: Case, case: Case) -> None:
    """Check that a case never loses an identifier, and never gains a right."""
    assert case.identifier_types >= before.identifier_types, "an identifier was lost"
    wish = (case.rights, case.scope, case.rehearsal, case.subject, case.controller)
    was = (before.rights, before.scope, before.rehearsal, before.subject)
    assert wish == (*was, before.controller), "the wish became another one"


def check_amended(before: Case, event: RequestAmended, decision: Decision) -> None:
    """Check whom later identifiers reached, and that what was done stays done."""
    case = decision.case
    said = [one.event for one in decision.commands if isinstance(one, Publish)]
    (told,) = [one for one in said if isinstance(one, CaseAmended)]
    reached = {*told.accounts}
    late = {one.account for one in told.passed_over}
    assert not reached & late
    for account in case.plan.accounts:
        tasks = [t for t in before.all_tasks.values() if t.account == account.id]
        concerned = account.accepts & event.types and not all(
            was_never_asked(task) for task in tasks
        )
        assert bool(concerned) is (account.id in reached | late), "nobody was told"
        if account.id in reached:
            _check_reached(case, tasks, account.id)
    for id_, old in before.all_tasks.items():
        if old.is_settled and not case.all_tasks[id_].is_settled:
            assert not _may_be_gone(before, old.account), "asked again, and half gone"
            assert not isinstance(old.outcome, Done | Notified), "done stays done"


def _check_reached(case: Case, tasks: list[Task], account: AccountId) -> None:
    """Check that nothing was done there, and that the account is searched again."""
    gone = [t for t in tasks if t.action is Action.ERASE and t.has_begun]
    assert not gone, "searched again after an erasure"
    copied = [t for t in tasks if isinstance(t.outcome, Exported)]
    is_gathering = case.export is ExportStatus.GATHERING
    assert is_gathering or not copied, "what is erased was not copied"
    search = case.task(account, Action.LOCATE)
    if search is not None:
        assert not search.is_settled, "told of identifiers, and not searched"
        is_called = search.status is TaskStatus.CALLED
        assert search.ask_again or not is_called, "the answer under way is not enough"
        uses = (case.task(account, one) for one in (Action.EXPORT, Action.ERASE))
        for use in uses:
            is_over = use is not None and use.is_settled and not was_never_asked(use)
            assert not is_over, "found, and neither copied nor erased"


def _may_be_gone(case: Case, account: AccountId) -> bool:
    """Tell whether anything irreversible was asked of the account."""
    finals = (case.task(account, one) for one in (Action.ERASE, Action.NOTIFY))
    return any(task is not None and task.has_begun for task in finals)
