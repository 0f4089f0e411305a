"""The shapes of Zendesk's answers about jobs that the connector relies on."""

from __future__ import annotations

from collections.abc import Collection

from pydantic import BaseModel, ConfigDict, Field


class _Loose(BaseModel):
    model_config = ConfigDict(extra="allow", hide_input_in_errors=True)


class Result(_Loose):
    """What became of one record of a bulk job."""

    id: int
    success: bool = False


class _Whole(_Loose):
    success: bool


class Job(_Loose):
    """A background job; `results` is a list, or one word about all of it."""

    id: str = Field(min_length=1)
    status: str
    results: list[Result] | _Whole | None = None

    def succeeded(self, ids: Collection[int]) -> bool:
        """Say whether the job itself says that every one of *ids* is gone."""
        if isinstance(self.results, list):
            done = {it.id for it in self.results if it.success}
            return done >= set(ids)
        return self.results is not None and self.results.success


class OneJob(_Loose):
    """The answer to a question about one job."""

    job_status: Job


class ManyJobs(_Loose):
    """The answer to a question about several; a forgotten one is not in it."""

    job_statuses: list[Job]
