"""
From claimed rows to calls: which tasks go out together, and with which items.

The calls of a batch are made while their claims are still uncommitted, so that every
side-effecting request is a durable row before it is sent.
"""

from __future__ import annotations

import hashlib
import json
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import chain
from urllib.parse import quote
from uuid import UUID

from orchestrator.core.cases import ItemState, Step, Task
from orchestrator.core.words import AccountId, CallId
from orchestrator.core.work.reports import first_items
from orchestrator.ports import Call, CallMember, Claimed
from orchestrator.stages.work.batching import batch_size, jobs_in_a_call
from schemas.connecting import (
    Action,
    CallCaps,
    ConnectorSpec,
    Evidence,
    ItemId,
    TaskId,
)

_Kind = tuple[AccountId, Action, Step, int | None, tuple[bool, bool, bool]]
_NO_CAPS = CallCaps()


@dataclass(frozen=True, slots=True)
class Size:
    """What the values of a task take of a call: bytes of a body, bytes of a URL."""

    body: int = 0
    url: int = 0

    def __add__(self, other: Size) -> Size:
        """Return what both take."""
        return Size(self.body + other.body, self.url + other.url)

    def fits(self, caps: CallCaps) -> bool:
        """Tell whether so much may go into one call."""
        body = caps.max_bytes is None or self.body <= caps.max_bytes
        return body and (caps.max_url is None or self.url <= caps.max_url)


def size_of(values: Iterable[str]) -> Size:
    """Measure *values* as JSON and URL-encoded, each with its separator."""
    known = tuple(values)
    return Size(
        body=sum(len(json.dumps(value)) + _SEPARATOR for value in known),
        url=sum(len(quote(value, safe="")) + _URL_SEPARATOR for value in known),
    )


_SEPARATOR = len(", ")
_URL_SEPARATOR = len("%2C")


@dataclass(frozen=True, slots=True)
class Bundle:
    """Claims that go out as one call; `call` is its durable row, if it has one."""

    account: AccountId
    action: Action
    step: Step
    claims: tuple[Claimed, ...]
    items: Mapping[TaskId, tuple[ItemId, ...]]
    call: Call | None = None


@dataclass(frozen=True, slots=True)
class Bundling:
    """Makes the calls that claimed tasks need."""

    specs: Mapping[AccountId, ConnectorSpec]
    new_call: Callable[[], CallId]
    now: datetime
    size_of: Callable[[Claimed], Size]

    def bundles(self, claimed: Sequence[Claimed]) -> list[Bundle]:
        """Return the calls of *claimed*, with a durable row for each act."""
        groups: dict[_Kind, list[Claimed]] = defaultdict(list)
        for claim in claimed:
            task = claim.task
            # A rehearsal shares no call with what is for real, nor a follow-up.
            marks = (task.reads_only, task.sandbox_only, task.is_follow_up)
            kind = (task.account, task.action, task.step, task.at_most, marks)
            groups[kind].append(claim)
        made: list[Bundle] = []
        for (account, action, step, at_most, _), claims in groups.items():
            if step in {Step.POLL, Step.CANCEL}:
                jobs = jobs_in_a_call(self.specs[account], action, step)
                made += _about_jobs(step, claims, jobs)
            else:
                count = batch_size(self.specs[account], action, at_most)
                parts = self._parts(claims, count)
                made += [self._bundle(step, part) for part in parts]
        return made

    def _parts(
        self, claims: Sequence[Claimed], count: int
    ) -> Iterator[tuple[Claimed, ...]]:
        """Yield *claims* in parts that one call may carry."""
        task = claims[0].task
        caps = self.specs[task.account].caps_per_call.get(task.action, _NO_CAPS)
        part: list[Claimed] = []
        size = Size()
        for claim in claims:
            more = Size() if caps is _NO_CAPS else self.size_of(claim)
            if part and (len(part) == count or not (size + more).fits(caps)):
                yield tuple(part)
                part, size = [], Size()
            part.append(claim)
            size += more
        if part:
            yield tuple(part)

    def _bundle(self, step: Step, claims: tuple[Claimed, ...]) -> Bundle:
        """Bundle *claims*, with a call row if the step may change something."""
        task = claims[0].task
        spec = self.specs[task.account]
        items = {claim.task.id: items_of(claim.task, spec) for claim in claims}
        call = None
        if step is Step.ACT and task.action is not Action.LOCATE:
            members = (CallMember(c.task.id, c.case, items[c.task.id]) for c in claims)
            call = self._call(claims[0], tuple(members))
        return Bundle(task.account, task.action, step, claims, items, call)

    def _call(self, first: Claimed, members: tuple[CallMember, ...]) -> Call:
        """Make the durable row of one side-effecting request."""
        call_id, action = self.new_call(), first.task.action
        return Call(
            id=call_id,
            account=first.task.account,
            action=action,
            epoch=first.epoch,
            members=members,
            idempotency_key=idempotency_key(call_id),
            request_hash=_digest(action, members),
            made_at=self.now,
        )


def idempotency_key(call: CallId) -> str:
    """
    Return the name under which a processor knows *call*: a lower-case UUIDv4.

    Some protocols take nothing else for a request's own id (OpenDSR 2.0), and it tells
    nobody when the call was made.  Never change: open jobs are known by it.
    """
    return str(UUID(bytes=hashlib.sha256(call.encode()).digest()[:16], version=4))


def items_of(task: Task, spec: ConnectorSpec) -> tuple[ItemId, ...]:
    """Return the items that the next call of *task* carries."""
    if task.step is Step.LOOK:
        return tuple(
            item.id
            for item in task.items
            if item.state is ItemState.OPEN
            or (item.state is ItemState.GONE and item.evidence is not Evidence.E4)
        )
    return tuple(
        item.id for item in first_items(task, spec.items_per_call.get(task.action))
    )


def _about_jobs(
    step: Step, claims: Iterable[Claimed], at_once: int
) -> Iterator[Bundle]:
    """Yield polls or recalls of so many jobs; tasks that share a job share it."""
    jobs: dict[CallId, list[Claimed]] = defaultdict(list)
    items: dict[TaskId, tuple[ItemId, ...]] = {}
    for claim in claims:
        # One job a claim: a report ends the claim.  The next one is due at once.
        if (job := claim.task.due_job) is None:
            raise TypeError("A task that is polled or called back has a job.")
        jobs[job.id].append(claim)
        items[claim.task.id] = job.items
    shares = [*jobs.values()]
    for start in range(0, len(shares), at_once):
        together = tuple(chain.from_iterable(shares[start : start + at_once]))
        task = together[0].task
        yield Bundle(task.account, task.action, step, together, items)


def _digest(action: Action, members: Sequence[CallMember]) -> str:
    """Return what the call was meant to do, as a digest of keyed item names."""
    meant = [str(action), [[member.task, *member.items] for member in members]]
    return hashlib.sha256(json.dumps(meant).encode()).hexdigest()
