"""Hold accounts by lease: take free ones, keep ours, mend what a dead owner left."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

import structlog

from orchestrator.core.events import TaskReleased, TaskReported
from orchestrator.core.words import AccountId
from orchestrator.engine import Engine, Step
from orchestrator.ports import Call, Claimed, Claims, Clock, CloseCall
from orchestrator.stages.work.accounts import Account
from schemas.connecting import TaskId, Unknown

log = structlog.get_logger()

Unanswered = Mapping[tuple[TaskId, int], Call]

ORPHANS_AT_ONCE = 200
RENEW_SHARE = 3  # renewals in the length of a lease
SURE_SHARE = 0.8  # of a lease is surely ours: clocks and commits take the rest


@dataclass(frozen=True, slots=True)
class Owner:
    """
    Who we are to the accounts, and for how long where the register says nothing.

    `is_alone`: no other process can be alive.
    """

    name: str
    lease: timedelta
    is_alone: bool


class Ownership:
    """The leases of one worker; called from the database thread only."""

    def __init__(
        self,
        accounts: Mapping[AccountId, Account],
        claims: Claims,
        engine: Engine,
        clock: Clock,
        owner: Owner,
    ) -> None:
        """Keep the parts."""
        self._accounts = accounts
        self._claims = claims
        self._engine = engine
        self._clock = clock
        self._owner = owner.name
        self._lease = owner.lease
        self._may_force = owner.is_alone
        self._due = 0.0

    @property
    def due_in(self) -> float:
        """Return the seconds until the leases want attention."""
        return max(0.0, self._due - self._clock.monotonic())

    def _lease_of(self, account: AccountId) -> timedelta:
        """Return how long the account's lease lasts."""
        return self._accounts[account].config.lease or self._lease

    def _sure_seconds(self, account: AccountId) -> float:
        """Return for how long a lease is surely ours once asked for."""
        return self._lease_of(account).total_seconds() * SURE_SHARE

    def _by_lease(
        self, accounts: Iterable[AccountId]
    ) -> Iterator[tuple[datetime, list[AccountId]]]:
        """Yield the accounts whose leases end together, and when that is from now."""
        groups: dict[timedelta, list[AccountId]] = defaultdict(list)
        for id_ in accounts:
            groups[self._lease_of(id_)].append(id_)
        for lease, together in sorted(groups.items()):
            yield self._clock.now() + lease, together

    def tend(self) -> None:
        """Renew what is ours and take what is free, when it is time."""
        if self.due_in > 0:
            return
        asked_at = self._clock.monotonic()
        self._renew(asked_at)
        self._acquire(asked_at)
        shortest = min(map(self._lease_of, self._accounts), default=self._lease)
        self._due = asked_at + shortest.total_seconds() / RENEW_SHARE

    def release(self) -> None:
        """Give everything back, with the windows as they are."""
        held = self._held()
        # Windows of an account that somebody else owns by now are theirs to keep.
        self._save_windows(self._prolonged(held))
        self._claims.release(held, self._owner)
        for account in self._accounts.values():
            account.lease.drop()

    def put_back(self, begun: Collection[TaskId]) -> None:
        """
        Put back what is claimed and was never *begun*.

        A commit whose answer was lost, or a database that went away right after it,
        leaves claims that nobody makes calls for.
        """
        for id_, epoch in self._held().items():
            unsent = {
                member.task: call
                for call in self._claims.open_calls(id_, epoch + 1)
                for member in call.members
            }
            most = ORPHANS_AT_ONCE + len(begun)
            claimed = self._claims.orphans({id_: epoch + 1}, most)
            steps = [
                self._put_back(one, unsent.get(one.task.id))
                for one in claimed
                if one.task.id not in begun
            ]
            if steps:
                count = sum(self._engine.apply(steps))
                log.info("claims_put_back", account=id_, count=count)

    def _put_back(self, claimed: Claimed, call: Call | None) -> Step:
        """Return the step that undoes a claim that sent nothing."""
        released = TaskReleased(self._clock.now(), claimed.task.id, claimed.epoch)
        is_its_call = call is not None and call.epoch == claimed.epoch
        writes = (CloseCall(call.id),) if call is not None and is_its_call else ()
        return Step(claimed.case, released, writes)

    def _held(self) -> dict[AccountId, int]:
        """Return the accounts that we believe are ours."""
        return {
            id_: account.lease.epoch
            for id_, account in self._accounts.items()
            if account.lease.epoch
        }

    def _renew(self, asked_at: float) -> None:
        """Prolong our leases, and notice those that ended."""
        held = self._held()
        if not held:
            return
        kept = self._prolonged(held)
        for id_, epoch in held.items():
            lease = self._accounts[id_].lease
            if id_ in kept:
                lease.take(epoch, asked_at, self._sure_seconds(id_))
            else:
                log.warning("account_lost", account=id_)
                lease.take(0, 0.0, 0.0)
        self._save_windows(kept)

    def _prolonged(self, held: Mapping[AccountId, int]) -> frozenset[AccountId]:
        """Prolong leases; returns the accounts that are still ours."""
        kept: set[AccountId] = set()
        for until, together in self._by_lease(held):
            mine = {id_: held[id_] for id_ in together}
            kept |= self._claims.renew(mine, self._owner, until)
        return frozenset(kept)

    def _save_windows(self, accounts: Collection[AccountId]) -> None:
        """Keep the windows, as of a moment that is not after they were read."""
        now = self._clock.now()
        snapshots = {id_: self._accounts[id_].windows.snapshot() for id_ in accounts}
        self._claims.save_windows(snapshots, now)

    def _acquire(self, asked_at: float) -> None:
        """Take free accounts, and mend what their last owners left."""
        states = {state.id: state for state in self._claims.accounts()}
        for id_, account in self._accounts.items():
            account.paused_reason = states[id_].paused_reason
        wanted = [
            id_ for id_, account in self._accounts.items() if not account.lease.epoch
        ]
        if not wanted:
            return
        now = self._clock.now()
        taken: dict[AccountId, int] = {}
        for until, together in self._by_lease(wanted):
            taken |= self._claims.acquire(
                together, self._owner, now, until, by_force=self._may_force
            )
        self._may_force = False
        self._give_back_split(taken, now)
        held = self._held()
        for id_, epoch in taken.items():
            account = self._accounts[id_]
            # Windows of which we own a part are ours already, and better known.
            if not account.together & held.keys():
                shared = account.together & states.keys()
                account.restore_windows((states[one] for one in shared), now)
            self._mend(id_, epoch)
            self._accounts[id_].take_over(
                states[id_], epoch, asked_at, self._sure_seconds(id_)
            )
            log.info("account_owned", account=id_, epoch=epoch)

    def _give_back_split(self, taken: dict[AccountId, int], now: datetime) -> None:
        """
        Give back what shares its credential with an account of another owner.

        Looked at after taking: of two that take at once, at least one sees the other.
        """
        if not any(self._accounts[id_].config.shares_with for id_ in taken):
            return
        others = {
            state.id
            for state in self._claims.accounts()
            if state.owner not in {None, self._owner}
            and state.lease_until is not None
            and state.lease_until >= now
        }
        split = {
            id_: epoch
            for id_, epoch in taken.items()
            if self._accounts[id_].together & others
        }
        self._claims.release(split, self._owner)
        for id_ in split:
            del taken[id_]
            log.warning("account_shared", account=id_)

    def _mend(self, account: AccountId, epoch: int) -> None:
        """Turn what an ended ownership left into lost answers or fresh tasks."""
        unanswered = {
            (member.task, call.epoch): call
            for call in self._claims.open_calls(account, epoch)
            for member in call.members
        }
        while orphans := self._claims.orphans({account: epoch}, ORPHANS_AT_ONCE):
            steps = [self._mended(one, unanswered) for one in orphans]
            mended = sum(self._engine.apply(steps))
            log.info("orphans_mended", account=account, count=mended)
            if not mended:
                return

    def _mended(self, orphan: Claimed, unanswered: Unanswered) -> Step:
        """Return what follows for one orphan: its call left perhaps, or surely not."""
        task = orphan.task
        now = self._clock.now()
        call = unanswered.get((task.id, orphan.epoch))
        if call is None:
            return Step(orphan.case, TaskReleased(now, task.id, orphan.epoch))
        items = next(m.items for m in call.members if m.task == task.id)
        event = TaskReported(
            at=now,
            task=task.id,
            report=Unknown("owner_lost"),
            epoch=orphan.epoch,
            call=call.id,
            items=items,
            jitter=self._clock.jitter(),
        )
        return Step(orphan.case, event, (CloseCall(call.id),))
