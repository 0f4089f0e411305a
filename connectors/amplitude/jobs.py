"""
What Amplitude's jobs mean for one person, and what a ticket remembers of them.

No request leaves here.  A job has no id: the day, the project and the user's number
are all there is to find it by.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from hashlib import sha256
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from connectors.amplitude.api import Job
from connectors.base import (
    Cancelled,
    Done,
    Evidence,
    Failed,
    Item,
    NeedsHuman,
    NothingFound,
    Reply,
    TaskId,
    Work,
)

STAGING = "staging"  # a user can still be taken out
_KNOWN = frozenset({STAGING, "submitted", "done"})


class Batch(BaseModel):
    """
    The value of an erasure's ticket.

    The ids of a batch are there only as digests, salted with each member's task:
    nobody's ids may outlive them under another's key.
    """

    model_config = ConfigDict(frozen=True, hide_input_in_errors=True)

    first: date
    last: date
    people: Mapping[TaskId, tuple[str, ...]]


class CopyRequest(BaseModel):
    """A copy that was asked for, and whose id it is about."""

    model_config = ConfigDict(frozen=True, hide_input_in_errors=True)

    number: int
    name: Literal["userId", "amplitudeId"]
    subject: str


class Copies(BaseModel):
    """The value of a copy's ticket: a request for each id of one person."""

    model_config = ConfigDict(frozen=True, hide_input_in_errors=True)

    requests: tuple[CopyRequest, ...] = Field(min_length=1)


def marked_by(
    one: Work, jobs: Sequence[Job] | None, projects: Sequence[str]
) -> tuple[str, ...] | Reply:
    """
    Return the digests of a person's marked users, or what else came of the call.

    `None` for *jobs* says that nothing was scheduled for anybody.
    """
    if jobs is None:
        return NothingFound(Evidence.E2)
    unknown = {str(id_) for job in jobs for id_ in job.invalid_ids}
    numbers: dict[int, None] = {}
    for item in one.items:
        found = _users_of(item, jobs)
        if any(not job.is_of(projects) for _, job in found):
            return NeedsHuman("scope_not_as_declared")
        if not found and item.reference not in unknown:
            return NeedsHuman("id_not_answered")
        numbers.update((number, None) for number, _ in found)
    if not numbers:
        # Amplitude names the ids that it does not know.
        return NothingFound(Evidence.E2)
    return tuple(_digest(one.task, it) for it in numbers)


def told_of(
    batch: Batch,
    members: Iterable[TaskId],
    jobs: Sequence[Job],
    projects: Sequence[str],
) -> tuple[Mapping[TaskId, Reply], Batch | None]:
    """Return what is known of each member, and the batch of those who wait on."""
    told: dict[TaskId, Reply] = {}
    waiting: dict[TaskId, tuple[str, ...]] = {}
    for task in members:
        digests = batch.people.get(task, ())
        reply = judged(task, digests, jobs, projects)
        if reply is None:
            waiting[task] = digests
        else:
            told[task] = reply
    left = batch.model_copy(update={"people": waiting}) if waiting else None
    return told, left


def judged(
    task: TaskId, digests: Sequence[str], jobs: Sequence[Job], projects: Sequence[str]
) -> Reply | None:
    """Say what the jobs mean for one person; nothing while they are going on."""
    states: dict[str, set[str]] = {digest: set() for digest in digests}
    for job in jobs:
        for it in job.amplitude_ids:
            digest = _digest(task, it.amplitude_id)
            if digest not in states:
                continue
            if not job.is_of(projects):
                return NeedsHuman("scope_not_as_declared")
            states[digest].add(job.status)
    if states and not any(states.values()):
        # Somebody took the user out of the job while it was staging.
        return Cancelled()
    if not all(states.values()) or not states:
        return Failed("job_not_found", "Find out who cancelled it, then retry.")
    found = set[str]().union(*states.values())
    if found - _KNOWN:
        return NeedsHuman("unknown_job_state")
    return Done("deleted", Evidence.E2) if found == {"done"} else None


def places_of(
    people: Mapping[TaskId, Sequence[str]],
    jobs: Sequence[Job],
    projects: Sequence[str],
) -> list[tuple[int, Job]]:
    """Return the numbers that stand for these people in *jobs*, each with its job."""
    return [
        (it.amplitude_id, job)
        for job in jobs
        if job.is_of(projects)
        for it in job.amplitude_ids
        if any(_digest(task, it.amplitude_id) in own for task, own in people.items())
    ]


def _users_of(item: Item, jobs: Sequence[Job]) -> list[tuple[int, Job]]:
    """Return the users that an id stands for, each with its job."""
    return [
        (it.amplitude_id, job)
        for job in jobs
        for it in job.amplitude_ids
        if item.reference
        == (it.user_id if item.kind == "user_id" else str(it.amplitude_id))
    ]


def _digest(task: TaskId, amplitude_id: int) -> str:
    return sha256(f"{task}/{amplitude_id}".encode()).hexdigest()
