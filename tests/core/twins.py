"""
Broken twins of the core: each bends one rule that is never bent.

A twin replaces one function where it is used.  The simulation must notice each of them;
one that it does not would show that an invariant is missing.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from orchestrator.core import decide, settling
from orchestrator.core.afterwards import following, reading_back
from orchestrator.core.afterwards.owed import Obligation
from orchestrator.core.answer import answering
from orchestrator.core.answer.lost_answers import after_word_of_answer
from orchestrator.core.answer.recovering import after_recovery
from orchestrator.core.cases import (
    Case,
    CaseStatus,
    ExportStatus,
    ItemState,
    Statement,
    Task,
    TaskItem,
    TaskStatus,
)
from orchestrator.core.clocks import alarms, ladder
from orchestrator.core.events import (
    CaseExtended,
    StatementRecovered,
    StatementSigned,
    TaskReported,
)
from orchestrator.core.holds import Proposal, ReturnReason
from orchestrator.core.intake import amending, attaching, opening
from orchestrator.core.intake.attaching import after_leading
from orchestrator.core.keyed import IdentityForgotten, OwedForgotten
from orchestrator.core.leading import RequestAttached, RequestDetached
from orchestrator.core.plan import PlannedAccount
from orchestrator.core.ruled import (
    AnswerRuling,
    CaseReleased,
    GateOpened,
    ReturnRuled,
)
from orchestrator.core.ruling import locking, reviewing
from orchestrator.core.settling import settle
from orchestrator.core.words import Result, StatementKind
from orchestrator.core.work import gates, items, reports, unasked
from schemas.connecting import Done, Evidence, ItemId

Broken = Callable[..., Any]


@dataclass(frozen=True, slots=True)
class Twin:
    """A rule that is bent, and how: *name* of *module* is replaced by *broken*."""

    rule: str
    module: Any
    name: str
    broken: Broken


def _forgets_copies(case: Case, planned: PlannedAccount) -> object:
    free = replace(case, export=ExportStatus.NOT_ASKED, waits_for_exports=frozenset())
    return _ERASURE_WAITS_FOR(free, planned)


def _forgets_feeders(case: Case, planned: PlannedAccount) -> object:
    return _ERASURE_WAITS_FOR(case, replace(planned, fed_by=()))


def _forgets_the_root(case: Case, planned: PlannedAccount) -> object:
    return _ERASURE_WAITS_FOR(case, replace(planned, is_identity_root=False))


def _releases_alone(case: Case, event: CaseReleased) -> object:
    left = tuple(hold for hold in case.holds if hold.reason is not event.reason)
    return replace(case, holds=left) if left != case.holds else case


def _is_held_by_anybody(task: Task, _epoch: int) -> bool:
    return task.status is TaskStatus.CALLED


def _keeps_nothing(_case: Case, found: tuple[TaskItem, ...], _at: datetime) -> object:
    return found


def _takes_accepted_for_done(
    task: Task, _report: object, event: TaskReported, _planned: PlannedAccount
) -> Task:
    return settle(task, Done("deleted", Evidence.E1), event.at)


def _takes_our_erasure_for_absence(task: Task, ids: Collection[ItemId]) -> Task:
    return items.marked(task, ids, ItemState.NEVER_SEEN, Evidence.E2)


def _signs_again(case: Case, event: StatementSigned) -> Case:
    number = len(case.statements) + 1
    final = StatementKind.FINAL
    one = Statement(number, final, event.sha256, event.key_id, event.at)
    status = CaseStatus.ANSWERED
    after = replace(case, statements=(*case.statements, one), status=status)
    return replace(after, answered_at=event.at, result=Result.PARTIAL)


def _recovers_in_part(case: Case, event: StatementRecovered) -> Case:
    return replace(after_recovery(case, event), tasks=case.tasks)


def _knows_it_all(case: Case, event: AnswerRuling) -> Case:
    return replace(after_word_of_answer(case, event), unsure_since=None)


def _never_wakes(case: Case, _at: datetime) -> Case:
    return replace(case, wake_at=None)


def _forgets_at_any_time(case: Case, _event: object) -> Case:
    return replace(case, identity_held=False)


def _forgets_what_is_owed(case: Case, event: IdentityForgotten | OwedForgotten) -> Case:
    return replace(_FORGOTTEN(case, event), sealed_apart=frozenset())


def _owes_nothing(case: Case) -> Case:
    return replace(_SUPPLEMENTED(case), obligations=())


def _comes_early(case: Case, one: Obligation) -> datetime:
    return _BEGINS_AT(case, one) - timedelta(days=40)


def _closes_early(case: Case, at: datetime) -> Case:
    return _CLOSED(replace(case, obligations=(), sealed_apart=frozenset()), at)


def _follows_nothing(case: Case, _at: datetime) -> Case:
    return replace(case, obligations=())


def _erases_open_orders(
    task: Task, ids: Collection[ItemId], _reason: str, _until: object
) -> Task:
    return items.marked(task, ids, ItemState.GONE, Evidence.E2)


def _erases_again_by_itself(case: Case, task: Task, event: ReturnRuled) -> Case:
    ordered = replace(event, reason=ReturnReason.RESTORED)
    return replace(_RETURNED(case, task, ordered), rulings=case.rulings)


def _looks_for_ever(case: Case, _at: datetime) -> Case:
    return case


def _may_write(case: Case, due: Obligation, begins_at: datetime) -> Task:
    return replace(_LOOK(case, due, begins_at), reads_only=False)


_RETURNED = reading_back.after_return
_LOOK = reading_back.a_read_back
_FORGOTTEN = answering.after_forgetting
_SUPPLEMENTED = following.after_supplement
_BEGINS_AT = following.begins_at
_CLOSED = answering.closed_if_over


def _lets_time_pass(case: Case, _at: datetime) -> Case:
    return case


def _forgets_alarms(case: Case, at: datetime) -> Case:
    return replace(_PASSED(case, at), passed=())


def _extends_at_any_time(case: Case, _event: CaseExtended) -> Case:
    return replace(case, due_at=case.due_at + timedelta(days=30), passed=())


def _leads_for_ever(case: Case, event: RequestAttached | RequestDetached) -> Case:
    return case if isinstance(event, RequestDetached) else after_leading(case, event)


def _leaves_gates_open(case: Case) -> Case:
    return case


def _takes_any_word(task: Task, done: Done, _event: object, _planned: object) -> Task:
    worse = tuple(replace(item, evidence=done.evidence) for item in task.items)
    return replace(task, items=worse)


def _decides_alone(_case: Case, said: Proposal, *_: object) -> tuple[str, ...]:
    return (said.by,)


_PASSED = alarms.passed


def _acts_at_once(case: Case, planned: PlannedAccount) -> object:
    return _ERASURE_WAITS_FOR(replace(case, cools_until=None), planned)


def _opens_at_any_time(case: Case, event: GateOpened) -> Case:
    return _OPENED(case, replace(event, at=case.due_at))


def _climbs_again(before: Case, after: Case, at: datetime) -> Case:
    for task in after.all_tasks.values():
        after = after.with_task(replace(task, rungs=()))
    return _CLIMBED(before, after, at)


def _brakes_nothing(case: Case, _at: datetime, *, is_braked: bool) -> Case:  # noqa: ARG001 (called by its name)
    return case


def _drops_holds(case: Case, at: datetime) -> Case:
    kept = (h for h in case.holds if h.review_at is None or h.review_at > at)
    return replace(case, holds=tuple(kept))


_CLIMBED = ladder.climbed
_OPENED = reviewing._opened  # noqa: SLF001 (a twin of the inside)
_ERASURE_WAITS_FOR = gates._erasure_waits_for  # noqa: SLF001 (a twin of the inside)

TWINS = (
    Twin("copies come before erasures", gates, "_erasure_waits_for", _forgets_copies),
    Twin("what feeds comes first", gates, "_erasure_waits_for", _forgets_feeders),
    Twin("the root comes last", gates, "_erasure_waits_for", _forgets_the_root),
    Twin("only frozen items are erased", gates, "is_frozen", lambda *_: True),
    Twin("a gate that closes recalls", decide, "close_gates", _leaves_gates_open),
    Twin("the law keeps records", gates, "with_dispositions", _keeps_nothing),
    Twin("what is reduced is kept", settling, "kept_at_last", lambda item: item),
    Twin("an ended owner is not heard", decide, "_is_held_by", _is_held_by_anybody),
    Twin("accepted is not done", reports, "_accepted", _takes_accepted_for_done),
    Twin("absence after a loss", reports, "_not_there", _takes_our_erasure_for_absence),
    Twin("evidence never falls", unasked, "_confirmed", _takes_any_word),
    Twin("one final statement", decide, "after_signature", _signs_again),
    Twin("a recovered answer ends all", decide, "after_recovery", _recovers_in_part),
    Twin("a lost answer", decide, "after_word_of_answer", _knows_it_all),
    Twin("complete means all", answering, "result_of", lambda _: Result.COMPLETE),
    Twin("forgotten once answered", decide, "after_forgetting", _forgets_at_any_time),
    Twin("what is owed is found", decide, "after_forgetting", _forgets_what_is_owed),
    Twin("all that is owed is done", answering, "after_supplement", _owes_nothing),
    Twin("a person has them erased", decide, "after_return", _erases_again_by_itself),
    Twin("looks come to an end", following, "without_quiet_looks", _looks_for_ever),
    Twin("a look only reads", following, "a_read_back", _may_write),
    Twin("an open order stays", reports, "kept_open", _erases_open_orders),
    Twin("a follow-up has its day", following, "begins_at", _comes_early),
    Twin("closed once nothing is owed", decide, "closed_if_over", _closes_early),
    Twin("nothing owed is dropped", decide, "with_follow_ups", _follows_nothing),
    Twin("a word leaves in time", answering, "passed", _lets_time_pass),
    Twin("each alarm goes off once", answering, "passed", _forgets_alarms),
    Twin("a hold holds", gates, "_is_held", lambda *_: False),
    Twin("it cools off", gates, "_erasure_waits_for", _acts_at_once),
    Twin("a gate opens in time", reviewing, "_opened", _opens_at_any_time),
    Twin("two release the brake", reviewing, "_released", _releases_alone),
    Twin("what is braked is held", opening, "_with_brake", _brakes_nothing),
    Twin("two decide", reviewing, "_agreed", _decides_alone),
    Twin("refused is left alone", gates, "_is_wanted", lambda *_: True),
    Twin("no refusal afterwards", reviewing, "may_refuse", lambda *_: True),
    Twin("asked too late", amending, "_is_dispatched", lambda _: False),
    Twin("asked with all", amending, "told_more", lambda task: task),
    Twin("copied as a whole", amending, "_afresh", lambda case, _: case),
    Twin("a lead goes alone", attaching, "_farewell", lambda *_: iter(())),
    Twin("both are answered", attaching, "_told_to_led", lambda *_: iter(())),
    Twin("the earlier date counts", attaching, "_by", lambda case, _: case),
    Twin("led no longer", decide, "after_leading", _leads_for_ever),
    Twin("extended once", decide, "after_extension", _extends_at_any_time),
    Twin("silence is told", decide, "climbed", lambda _before, after, _at: after),
    Twin("each rung is climbed once", decide, "climbed", _climbs_again),
    Twin("a hold ends by nobody's silence", decide, "with_due_holds", _drops_holds),
    Twin("a hold is looked at again", decide, "with_due_holds", lambda case, _: case),
    Twin("a locked case asks nobody", decide, "with_locked_tasks", lambda case: case),
    Twin("locked in its time only", locking, "locks_at", lambda case: case.opened_at),
    Twin("a case always wakes", decide, "with_wake_at", _never_wakes),
)
