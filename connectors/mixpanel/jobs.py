"""The shapes of Mixpanel's job answers that the connector relies on."""

from __future__ import annotations

from enum import StrEnum
from typing import Literal

from pydantic import BaseModel, ConfigDict


class State(StrEnum):
    """Every state the vendor documents (its page and its file, read 2026-11)."""

    PENDING = "PENDING"
    STAGING = "STAGING"  # may still be cancelled
    STARTED = "STARTED"  # may not
    SUCCESS = "SUCCESS"
    FAILURE = "FAILURE"  # "create a new task"
    REVOKED = "REVOKED"  # somebody cancelled it
    NOT_FOUND = "NOT_FOUND"
    UNKNOWN = "UNKNOWN"  # "an error occurred while locating the task"


class _Loose(BaseModel):
    model_config = ConfigDict(extra="ignore", hide_input_in_errors=True)


class _CreatedJob(_Loose):
    task_id: str | None = None
    tracking_id: str | None = None


class Created(_Loose):
    """What a created job answers, in the file's spelling or in the page's."""

    status: Literal["ok"]
    results: _CreatedJob | tuple[_CreatedJob]

    def tracking_id(self) -> str | None:
        """Return the name to ask about the job with."""
        job = self.results[0] if isinstance(self.results, tuple) else self.results
        return job.task_id or job.tracking_id


class Job(_Loose):
    """How a job is going."""

    status: str
    distinct_ids: tuple[str, ...] = ()
    project_id: int | None = None
    results: str | None = None
    result: str | None = None

    def state(self) -> State | None:
        """Return the state, or nothing where the vendor documents no such state."""
        return State.__members__.get(self.status)

    def link(self) -> str | None:
        """Return where the file of a finished retrieval is."""
        link = self.results or self.result
        # The file's own example leaves the scheme out.
        return f"https://{link}" if link and "://" not in link else link


class JobState(_Loose):
    """The answer to a question about a job; anything but `ok` is no answer."""

    status: Literal["ok"]
    results: Job
