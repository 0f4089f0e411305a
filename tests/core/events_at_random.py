"""Everything that may come in, in any order: plans, reports, persons, stages, time."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import timedelta
from random import Random

from orchestrator.core.cases import ItemState, Step, Task, TaskItem, TaskStatus, Wants
from orchestrator.core.decide import CLOSE_REASONS
from orchestrator.core.events import (
    Attested,
    BatchRefused,
    CallReported,
    CaseExtended,
    CheckFailed,
    Event,
    ExportCollected,
    ExportDownloaded,
    ExportSealed,
    ExportShredded,
    IdentifiersShown,
    IdentityAsked,
    IdentityReceived,
    ItemsLocated,
    ItemsLookedAt,
    MatchesConflicted,
    PersonAssigned,
    PersonAttested,
    PersonChose,
    PersonClosed,
    PersonRetried,
    Report,
    RequestWithdrawn,
    SiblingExportOpened,
    SiblingExportSettled,
    TaskReleased,
    TaskReported,
    TimePassed,
)
from orchestrator.core.holds import ReturnReason
from orchestrator.core.keyed import IdentityForgotten, OwedForgotten
from orchestrator.core.ruled import ReturnRuled
from orchestrator.core.words import (
    CallId,
    CaseId,
    ExtensionReason,
    StatementKind,
)
from schemas.connecting import (
    EMAIL,
    Accepted,
    Action,
    Cancelled,
    Done,
    Evidence,
    Exported,
    Failed,
    HandedOver,
    ItemId,
    NeedsHuman,
    NotApplicable,
    NothingFound,
    Notified,
    NotTold,
    Progress,
    Retained,
    Retry,
    StillOpen,
    TooLate,
    Unconfirmed,
    Unknown,
)
from schemas.withdrawals import WithdrawalReason
from tests.core.builders import (
    DAY,
    HOUR,
    T0,
    an_item,
    reported_of,
    signed,
)
from tests.core.lockings import locking
from tests.core.plans_at_random import TYPES, pause, some
from tests.core.recoveries import lost_answer, recovery
from tests.core.rulings_at_random import a_ruling
from tests.core.words_at_random import a_word
from tests.core.world import World

IDS = ("a", "b", "c")
SHA = "0" * 64


@dataclass(frozen=True, slots=True)
class Move:
    """One thing that happens; `seed` decides to what, and how it ends."""

    kind: str
    seed: int


def play(world: World, move: Move, past: list[Event]) -> None:
    """Let *move* happen in *world*; what was applied is added to *past*."""
    rng = Random(move.seed)  # noqa: S311 (chance for a test, not for a secret)
    world.now += pause(rng)
    if not world.case.all_tasks:  # nothing else can happen to an unplanned case
        move = replace(move, kind="again")
    event = MOVES[move.kind](world, rng, past)
    if event is not None:
        world.apply(event)
        past.append(event)


# --- what happens ---------------------------------------------------------------------


def _call(world: World, rng: Random, _past: list[Event]) -> Event | None:
    """Claim a due task and report at once."""
    due = world.due()
    if not due:
        return None
    task = world.claim(rng.choice(due), rng.randint(1, 2))
    return _report(world, rng, task)


def _claim(world: World, rng: Random, _past: list[Event]) -> Event | None:
    """Claim a due task and say nothing yet."""
    due = world.due()
    if due:
        world.claim(rng.choice(due), rng.randint(1, 2))
    return None


def _late_report(world: World, rng: Random, _past: list[Event]) -> Event:
    """Report of any task, rather of a claimed one; at times under an ended owner."""
    report = _report(world, rng, _a_task(world, rng, TaskStatus.CALLED))
    return report if rng.random() < 0.8 else replace(report, epoch=rng.randint(1, 2))


def _again(_world: World, rng: Random, past: list[Event]) -> Event | None:
    """Deliver something again that was delivered at any time before."""
    return rng.choice(past) if past else None


def _person(world: World, rng: Random, _past: list[Event]) -> Event:
    """Let a person retry, choose or close, rather where one is wanted."""
    task = _a_task(world, rng, TaskStatus.NEEDS_HUMAN)
    picks = tuple(rng.sample(range(-1, 3), rng.randint(0, 2)))
    learned = some(rng, TYPES)
    reason = rng.choice([*sorted(CLOSE_REASONS), "free text"])
    options: list[Event] = [
        PersonRetried(world.now, task.id, "dpo"),
        PersonChose(world.now, task.id, picks, "dpo", learned),
        PersonClosed(world.now, task.id, reason, "dpo"),
        ReturnRuled(world.now, task.id, rng.choice([*ReturnReason]), "dpo"),
    ]
    return rng.choices(options, weights=[4, 4, 1, 3])[0]


def _assignee(world: World, rng: Random, _past: list[Event]) -> Event:
    """Let the person who has manual work see whom it is about, pass it on or attest."""
    task = _a_task(world, rng, TaskStatus.WITH_PERSON)
    who = rng.choice(["desk", "desk-2"])
    ended: Attested = rng.choice(["done", "nothing_found", "exported", "notified"])
    options: list[Event] = [
        PersonAssigned(world.now, task.id, who, "dpo"),
        IdentifiersShown(world.now, task.id, who, (EMAIL,)),
        PersonAttested(world.now, task.id, ended, SHA, who, rows=1),
        PersonClosed(world.now, task.id, "not_begun", "desk"),
    ]
    return rng.choices(options, weights=[1, 1, 3, 1])[0]


def _stage(world: World, rng: Random, _past: list[Event]) -> Event:
    """Let seal or forget do what is wanted, or at times what nobody wanted."""
    now, case = world.now, world.case
    wanted: dict[Wants, Event] = {
        Wants.SEAL_EXPORT: ExportSealed(now, SHA, now + 7 * DAY),
        Wants.SEAL_STATEMENT: signed(case, at=now),
        Wants.SEAL_INTERIM: signed(case, StatementKind.INTERIM, at=now),
        Wants.FORGET_IDENTITY: IdentityForgotten(now),
        Wants.SEAL_SUPPLEMENT: signed(case, StatementKind.SUPPLEMENT, at=now),
        Wants.FORGET_OWED: OwedForgotten(now, case.spent_keys),
        Wants.SHRED_EXPORT: ExportShredded(now),
    }
    if case.wants is not None and rng.random() < 0.8:
        return wanted[case.wants]
    odd = signed(case, rng.choice([*StatementKind]), at=now)
    taken = ExportDownloaded(now, "dpo-2")
    early = OwedForgotten(now, case.sealed_apart)
    collected = ExportCollected(now, "portal", now)
    return rng.choice([*wanted.values(), collected, taken, odd, early])


def _others(world: World, rng: Random, _past: list[Event]) -> Event:
    """Let time pass, a worker let go, or another case speak of its copy."""
    _wait_for_years(world, rng)
    sibling = CaseId(f"case-{rng.randint(2, 3)}")
    task = _a_task(world, rng, TaskStatus.CALLED)
    options: list[Event] = [
        *[TimePassed(world.now)] * 3,
        TaskReleased(world.now, task.id, rng.randint(1, 2)),
        SiblingExportOpened(world.now, sibling),
        SiblingExportSettled(world.now, sibling),
        SiblingExportSettled(world.now, sibling),
    ]
    return rng.choice(options)


def _wait_for_years(world: World, rng: Random) -> None:
    """Wait for what an answered case owes, or almost."""
    wake_at = world.case.wake_at
    is_owing = bool(world.case.obligations) and not world.case.identity_held
    if is_owing and wake_at is not None and rng.random() < 0.5:
        world.now = max(world.now, wake_at - rng.choice([HOUR, timedelta(0)]))


def _unasked(world: World, rng: Random, _past: list[Event]) -> Event:
    """Let a processor speak by itself, rather of a job that is open."""
    tasks = list(world.case.all_tasks.values())
    spoken = [t for t in tasks if t.open_calls or t.may_confirm] or tasks
    task = rng.choice(spoken)
    known = [*(call.id for call in task.open_calls), *task.may_confirm]
    call = rng.choice([*known, CallId(f"call-{rng.randint(0, 3)}")])
    said = _fitting(rng, task) if rng.random() < 0.8 else rng.choice(_odd(rng))
    if task.action is Action.ERASE and rng.random() < 0.5:
        said = Done("deleted", rng.choice([Evidence.E2, Evidence.E3]))
    items = world.carried.get((task.id, call), ())  # as the durable call has it
    return CallReported(world.now, task.id, said, call, items)


def _withdrawal(world: World, rng: Random, _past: list[Event]) -> Event | None:
    """Withdraw the request; seldom, for it ends most that is still to happen."""
    if rng.random() < 0.7:
        return None
    return RequestWithdrawn(world.now, "dpo", rng.choice([*WithdrawalReason]))


def _time(world: World, rng: Random, _past: list[Event]) -> Event | None:
    """Ask for more time, or who the person is, or hear it; seldom."""
    if rng.random() < 0.5 and not world.case.is_identity_doubted:
        return None
    reason = rng.choice([*ExtensionReason])
    options: list[Event] = [
        CaseExtended(world.now, reason, "dpo"),
        IdentityAsked(world.now, "dpo"),
        IdentityReceived(world.now, "dpo"),
    ]
    return rng.choices(options, weights=[2, 1, 8])[0]


MOVES: dict[str, Callable[[World, Random, list[Event]], Event | None]] = {
    "call": _call,
    "claim": _claim,
    "late_report": _late_report,
    "again": _again,
    "person": _person,
    "assignee": _assignee,
    "stage": _stage,
    "others": _others,
    "unasked": _unasked,
    "withdrawal": _withdrawal,
    "ruling": a_ruling,
    "word": a_word,
    "time": _time,
    "recovery": recovery,
    "lost_answer": lost_answer,
    "locking": locking,
}
LIKELY = [*MOVES, *["call"] * 8, *["late_report"] * 2, "person", "stage", "stage"]


# --- what is reported -----------------------------------------------------------------


def _report(world: World, rng: Random, task: Task) -> TaskReported:
    """Report of *task* with the items it carries, rather what fits than not."""
    changes: dict[str, object] = {"at": world.now, "epoch": task.epoch or 1}
    if task.step is Step.ACT:
        changes["call"] = CallId(f"call-{task.calls}") if rng.random() < 0.95 else None
    said = _fitting(rng, task) if rng.random() < 0.9 else rng.choice(_odd(rng))
    return reported_of(task, said, **changes)


def _fitting(rng: Random, task: Task) -> Report:
    """Draw what a call of *task* may report."""
    if rng.random() < 0.2:
        return _setback(rng)
    if task.step in {Step.CANCEL, Step.LOOK}:
        return _recalled_or_seen(rng, task)
    if task.action is Action.LOCATE:
        found = tuple(_an_item(rng) for _ in range(rng.randint(0, 3)))
        return ItemsLocated(found, some(rng, TYPES))
    if task.action is Action.EXPORT:
        copies: list[Report] = [
            Exported(1),
            Exported(1),
            NothingFound(),
            _accepted(rng),
        ]
        return rng.choice(copies)
    if task.action is Action.NOTIFY:
        notices: list[Report] = [Notified(), Notified(), NotTold("no"), _accepted(rng)]
        return rng.choice(notices)
    return _of_erasure(rng, task)


def _of_erasure(rng: Random, task: Task) -> Report:
    """Draw what a processor may say of records that it was to erase."""
    grade = rng.choice([Evidence.E2, Evidence.E2, Evidence.E2, *Evidence])
    done = [item.id for item in task.items if item.state is not ItemState.KEPT]
    part = tuple(sorted(some(rng, done)))
    options: list[Report] = [Done("deleted", grade), Progress(part, grade)]
    options += [_accepted(rng), _accepted(rng), NothingFound()]
    if done and rng.random() < 0.1:
        left = rng.choice(done)
        return StillOpen((left,), "order_open", part, grade)
    return rng.choice(options)


def _recalled_or_seen(rng: Random, task: Task) -> Report:
    """Draw what came of calling a job back, or what a look saw."""
    if task.step is Step.CANCEL:
        recalls: list[Report] = [Cancelled(), TooLate(), TooLate()]
        return rng.choice(recalls)
    present = some(rng, IDS) if rng.random() < 0.4 else frozenset()
    named = frozenset(ItemId(id_) for id_ in present)
    return ItemsLookedAt(named, rng.random() < 0.1, rng.random() < 0.9)


def _setback(rng: Random) -> Report:
    """Draw a call that did not get through."""
    cause = rng.choice(["throttled", "contract_changed", "no_answer"])
    after = rng.choice([None, pause(rng)])
    options: list[Report] = [
        *(Retry(cause, after), CheckFailed(cause), Unknown(cause)),
        BatchRefused(rng.randint(1, 3)),
        HandedOver("desk", pause(rng), (HOUR, 30 * HOUR)),
    ]
    return rng.choice(options)


def _odd(rng: Random) -> list[Report]:
    """Return what hardly a call may report."""
    candidates = tuple((_an_item(rng),) for _ in range(rng.randint(0, 2)))
    return [
        MatchesConflicted(candidates),
        ItemsLocated(tuple(_an_item(rng) for _ in range(2))),
        ItemsLookedAt(frozenset()),
        Done("deleted", Evidence.E2),
        Progress((), Evidence.E2),
        _accepted(rng),
        Exported(1),
        Unconfirmed(),
        Notified(),
        NeedsHuman("unknown_job_state"),
        NotApplicable("no_search"),
        Failed("refused_400", "Ask support."),
        Cancelled(),
        TooLate(),
        Retained("invoice", "de-invoices", T0.date()),
    ]


def _accepted(rng: Random) -> Accepted:
    """Draw an accepted job."""
    return Accepted(pause(rng), rng.choice([None, pause(rng)]))


def _an_item(rng: Random) -> TaskItem:
    """Draw a record: proven or not, an invoice or not."""
    kind = rng.choice(["marketing_profile", "marketing_profile", "invoice"])
    return an_item(rng.choice(IDS), record_class=kind, proven=rng.random() < 0.8)


def _a_task(world: World, rng: Random, status: TaskStatus) -> Task:
    """Pick a task, rather one in *status*."""
    tasks = list(world.case.all_tasks.values())
    likely = [task for task in tasks if task.status is status]
    return rng.choice(likely if likely and rng.random() < 0.8 else tasks)
