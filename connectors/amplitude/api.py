"""
The few requests to Amplitude that the connector needs, and the shapes it relies on.

The days that Amplitude asks for are taken from its own clock (the answers' `Date`):
a connector has none.
"""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Mapping, Sequence
from datetime import date
from email.utils import parsedate_to_datetime
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, RootModel

from connectors.base import Api
from connectors.errors import ContractChanged
from connectors.transport.http import Answer

_FOUND = 302
_GONE = (404, 410)
# The page names no status for a job that is past staging: any refusal is one.
_NOT_STAGING = (400, 404, 405, 409)
# Nothing was ever scheduled on it, so it tells the time and names nobody.
_QUIET_DAY = "2012-01-01"
_OUTPUT = re.compile(r"/api/2/dsar/requests/[0-9]+/outputs/(?P<output>[0-9]+)")
_FIRST_DAY = "2012-01-01"


class _Loose(BaseModel):
    model_config = ConfigDict(extra="ignore", hide_input_in_errors=True)


class Marked(_Loose):
    """One user of a deletion job."""

    amplitude_id: int
    user_id: str | None = None


class Job(_Loose):
    """The users of one project whose data goes on one day; it has no other name."""

    day: date
    status: str
    app: str | int | None = None
    invalid_ids: tuple[str | int, ...] = ()
    amplitude_ids: tuple[Marked, ...]

    def is_of(self, projects: Sequence[str]) -> bool:
        """Say whether the job is in one of the declared projects."""
        return self.app is not None and str(self.app) in projects


class _Jobs(RootModel[tuple[Job, ...]]):
    model_config = ConfigDict(hide_input_in_errors=True)


class _Requested(_Loose):
    number: int = Field(alias="requestId")


class Copy(_Loose):
    """How a copy (DSAR) is going; `failReason` may say anything and is not read."""

    status: str
    urls: tuple[str, ...] = ()


class Analytics:
    """One Amplitude organisation's deletion jobs and copies."""

    def __init__(self, api: Api) -> None:
        self._api = api

    async def today(self) -> date:
        """Return the day it is at Amplitude, and so whether the key is good."""
        query = {"start_day": _QUIET_DAY, "end_day": _QUIET_DAY}
        answer = await self._api.call("list_jobs", query=query)
        answer.parse(_Jobs)
        try:
            return parsedate_to_datetime(answer.header("date") or "").date()
        except ValueError:
            raise ContractChanged("answer_without_a_date") from None

    async def mark(
        self,
        ids: Mapping[Literal["user_ids", "amplitude_ids"], Sequence[str | int]],
        *,
        requester: str,
        whole_organisation: bool,
    ) -> tuple[Job, ...] | None:
        """
        Have users marked for deletion; the answer names those that were not known.

        Nothing where Amplitude says that it scheduled nothing.
        """
        named: dict[str, object] = {k: list(v) for k, v in ids.items() if v}
        body = {
            **named,
            "requester": requester,
            # Else one unknown id fails the whole call and nobody is marked.
            "ignore_invalid_id": True,
            "delete_from_org": whole_organisation,
            "include_mapped_user_ids": True,
        }
        answer = await self._api.call("create_job", json=body)
        is_list = answer.content().lstrip().startswith(b"[")
        if not is_list and answer.says("nothing scheduled"):
            # It says so with a 200, in plain words: no erasure.
            return None
        return answer.parse(_Jobs).root

    async def jobs(self, first: date, last: date) -> tuple[Job, ...]:
        """Return the jobs of some days: they have no id to ask by."""
        query = {"start_day": first.isoformat(), "end_day": last.isoformat()}
        return (await self._api.call("list_jobs", query=query)).parse(_Jobs).root

    async def take_out(self, number: int, day: date) -> bool:
        """Take a user out of the job of *day*; false where it is too late for that."""
        path = {"amplitude_id": str(number), "job_start_day": day.isoformat()}
        answer = await self._api.call("take_out", path=path, accept=_NOT_STAGING)
        return answer.status not in _NOT_STAGING

    async def request_copy(self, of: Mapping[str, str | int], last: date) -> int:
        """Ask for a copy of one user's events, the first to those of today."""
        body = {**of, "startDate": _FIRST_DAY, "endDate": last.isoformat()}
        answer = await self._api.call("create_copy", json=body)
        return answer.parse(_Requested).number

    async def copy(self, number: int) -> Copy:
        """Ask how a copy is going."""
        path = {"requestId": str(number)}
        return (await self._api.call("read_copy", path=path)).parse(Copy)

    async def file(self, number: int, url: str) -> AsyncIterator[bytes] | None:
        """
        Open a file of a copy, or nothing where it has expired (after two days).

        Amplitude's own address is not followed but asked by number, with credentials;
        it leads to an object store, which gets none.
        """
        output = _OUTPUT.search(url)
        if output is None:
            return self._api.download("download", url)
        answer = await self._api.call(
            "read_output",
            path={"requestId": str(number), "outputId": output["output"]},
            accept=(_FOUND, *_GONE),
        )
        if answer.status in _GONE:
            return None
        if answer.status != _FOUND:
            return _one_piece(answer)
        link = answer.header("location")
        if not link:
            raise ContractChanged("redirect_without_a_place")
        return self._api.download("download", link)


async def _one_piece(answer: Answer) -> AsyncIterator[bytes]:
    yield answer.content()
