"""Which accounts depend on one another: who teaches whom, and who feeds whom."""

from __future__ import annotations

from collections.abc import Iterator

from orchestrator.core.cases import Case, Task
from orchestrator.core.plan import PlannedAccount
from orchestrator.core.words import AccountId
from schemas.connecting import Action, NotApplicable

NEVER_ASKED = frozenset({"account_off", "live_account", "not_supported"})


def is_located(case: Case, account: AccountId) -> bool:
    """Tell whether the account's search is over (or it never searches)."""
    task = case.task(account, Action.LOCATE)
    return task is None or task.is_settled


def was_never_asked(task: Task) -> bool:
    """Tell whether the task was closed when the case opened, and used no item."""
    outcome = task.outcome
    return isinstance(outcome, NotApplicable) and outcome.reason in NEVER_ASKED


def is_frozen(case: Case, account: PlannedAccount) -> bool:
    """
    Tell whether nothing more can be learned about the account's items.

    It, and every account that yields an identifier it needs (also through others),
    has been located.
    """
    return all(is_located(case, id_) for id_ in teachers(case, account))


def may_still_learn(case: Case, account: PlannedAccount) -> bool:
    """
    Tell whether a search that is under way may teach *account* an identifier.

    A search that waits for identifiers itself teaches nobody: two accounts that could
    only teach each other would wait for ever.
    """
    searches = (case.task(id_, Action.LOCATE) for id_ in teachers(case, account))
    return any(
        search is not None and _is_searching(case, search) for search in searches
    )


def teachers(case: Case, account: PlannedAccount) -> frozenset[AccountId]:
    """Return the account and all that yield what it needs, also through others."""
    known = {account.id: account}
    queue = [account]
    while queue:
        needs = queue.pop().accepts
        for other in case.plan.accounts:
            teaches = other.yields & needs and _is_asked(case, other)
            if teaches and other.id not in known:
                known[other.id] = other
                queue.append(other)
    return frozenset(known)


def fed_accounts(case: Case, account: PlannedAccount) -> Iterator[PlannedAccount]:
    """Yield the accounts that *account* feeds with data or with identifiers."""
    for other in case.plan.accounts:
        feeds = account.id in other.fed_by or other.accepts & account.yields
        if feeds and other.id != account.id:
            yield other


def _is_asked(case: Case, account: PlannedAccount) -> bool:
    """Tell whether the account is searched in this case at all."""
    search = case.task(account.id, Action.LOCATE)
    return search is not None and not was_never_asked(search)


def _is_searching(case: Case, search: Task) -> bool:
    """Tell whether a search is not over and has something to search by."""
    accepts = case.planned(search).accepts
    return not search.is_settled and bool(case.identifier_types & accepts)
