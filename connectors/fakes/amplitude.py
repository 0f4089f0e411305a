"""
A stateful Amplitude organisation: users of projects, deletion jobs, copies (DSAR).

It obeys the vendor's pages (amplitude.com/docs/apis/analytics/user-privacy and
ccpa-dsar, read 2026-11) and refuses what Amplitude refuses: the organisation's key
for a deletion and the project's for a copy, more than 100 users a call, one unknown
id without `ignore_invalid_id`, days that are missing or more than six months apart,
more than 14,400 points (8 for a request for a copy, 1 for every other one).

A job has no id; it is the day on which a project's users go.  Each question takes it
one state further: staging, submitted, done.  Events go on being accepted: seed them.
Control verbs: `end` the jobs and copies (in a state), `cancel` a user's number,
`spent` points, `pace` (jobs move `before` or `after` an answer, or stand `still`),
`wide` (mark in every project, whatever was asked), `files` (where they are: behind a
`redirect`, `here`, or named by the `store`'s own link), `expired`.
"""

from __future__ import annotations

import gzip
import json
from base64 import b64encode
from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

from starlette.responses import JSONResponse, Response

from connectors.fakes.frame import Call, FakeProcessor, Route

PROJECT_KEY = "project-api-key:project-secret"
ORG_KEY = "org-api-key:org-secret"
PROJECT, OTHER_PROJECT = "187520", "187521"

DAY = "2026-12-01"  # when the users go who are marked now
BUDGET = 14_400
_MOST = 100
_STATES = ("staging", "submitted", "done")
_HALF_A_YEAR = 184
_NOTHING = "Nothing scheduled due to invalid amplitude/user ids"

Record = dict[str, Any]


class FakeAmplitude(FakeProcessor):
    """One organisation with two projects."""

    name = "amplitude"

    def routes(self) -> Sequence[Route]:
        """Return the operations the connector uses, and the object store's."""
        jobs, copies = "/api/2/deletions/users", "/api/2/dsar/requests"
        output = copies + "/{requestId}/outputs/{outputId}"
        return (
            Route("list_jobs", "GET", jobs, self._list),
            Route("create_job", "POST", jobs, self._mark),
            Route(
                "take_out",
                "DELETE",
                jobs + "/{amplitude_id}/{job_start_day}",
                self._take_out,
            ),
            Route("create_copy", "POST", copies, self._request),
            Route("read_copy", "GET", copies + "/{requestId}", self._copy),
            Route("read_output", "GET", output, self._output),
            Route("download", "GET", "/storage/{name}", self._download),
        )

    def empty(self) -> dict[str, Any]:
        """Return an organisation without users."""
        return {
            "people": {},
            "jobs": {},
            "copies": {},
            "spent": 0,
            "wide": False,
            "pace": "before",
            "files": "redirect",
            "expired": False,
        }

    def seed(self, records: Sequence[Mapping[str, Any]]) -> None:
        """Put users in: `user_id`, their `amplitude_id`, `projects` and `events`."""
        for record in records:
            self.data["people"][record["user_id"]] = {
                "amplitude_id": record["amplitude_id"],
                "projects": list(record.get("projects", [PROJECT])),
                "events": list(record.get("events", [])),
            }

    def authorised(self, call: Call) -> bool:
        """Take each key for its own; the object store takes no credentials at all."""
        given = call.headers.get("authorization")
        if call.operation == "download":
            return given is None
        is_job = call.operation in ("list_jobs", "create_job", "take_out")
        return given == _basic(PROJECT_KEY if is_job else ORG_KEY)

    def refusal(self, status: int) -> Response:
        """Word an error as Amplitude does."""
        return JSONResponse({"error": {"http_code": status}}, status)

    def command(self, verb: str, body: Any) -> Any:  # noqa: ANN401 (JSON)
        """Set what a verb names, `cancel` a number, or `end` all in a state."""
        match verb:
            case "spent" | "wide" | "files" | "expired" | "pace":
                self.data[verb] = body
            case "cancel":
                for job in self.data["jobs"].values():
                    job["ids"] = [id_ for id_ in job["ids"] if id_ != body]
            case "end":
                for job in self.data["jobs"].values():
                    self._to(job, body or "done")
                for copy in self.data["copies"].values():
                    copy["status"] = body or "done"
            case _:
                raise LookupError(verb)

    # --- deletions ----------------------------------------------------------------

    def _mark(self, call: Call) -> Response:
        body = call.json()
        users, numbers = body.get("user_ids", []), body.get("amplitude_ids", [])
        if not isinstance(body["requester"], str) or len(users) + len(numbers) > _MOST:
            return self.refusal(400)
        known = self._known(users, numbers)
        names = {*known, *(self.data["people"][it]["amplitude_id"] for it in known)}
        invalid = [str(it) for it in (*users, *numbers) if it not in names]
        if invalid and body.get("ignore_invalid_id") not in (True, "true"):
            return self.refusal(400)
        if not known:
            return Response(_NOTHING, media_type="text/html")
        wide = self.data["wide"] or body.get("delete_from_org") in (True, "true")
        touched = [
            self._scheduled(app, known)
            for app in ((PROJECT, OTHER_PROJECT) if wide else (PROJECT,))
        ]
        told = [self._worded(job, known) for job in touched if job is not None]
        for job in told:
            job["invalid_ids"] = invalid
        return JSONResponse(told)

    def _known(self, users: Sequence[Any], numbers: Sequence[Any]) -> list[str]:
        people: Mapping[str, Record] = self.data["people"]
        return [
            name
            for name, it in people.items()
            if name in users or it["amplitude_id"] in numbers
        ]

    def _scheduled(self, app: str, known: Sequence[str]) -> Record | None:
        """Add the users of one project to its job of the day."""
        people = self.data["people"]
        ids = [
            people[it]["amplitude_id"] for it in known if app in people[it]["projects"]
        ]
        if not ids:
            return None
        empty = {"app": app, "day": DAY, "status": _STATES[0], "ids": [], "names": {}}
        job: Record = self.data["jobs"].setdefault(app, empty)
        job["ids"] += [it for it in ids if it not in job["ids"]]
        return job

    def _worded(self, job: Record, only: Sequence[str] | None = None) -> Record:
        people: Mapping[str, Record] = self.data["people"]
        names = {it["amplitude_id"]: name for name, it in people.items()}
        marked = [
            {"amplitude_id": id_, "requested_on_day": "2026-11-20", "requester": "x"}
            | ({"user_id": names[id_]} if id_ in names and only is not None else {})
            for id_ in job["ids"]
            if only is None or names.get(id_) in only
        ]
        return {
            "day": job["day"],
            "status": job["status"],
            "app": job["app"],
            "active_scrub_done_date": None,
            "amplitude_ids": marked,
        }

    def _list(self, call: Call) -> Response:
        first = date.fromisoformat(call.query["start_day"])
        last = date.fromisoformat(call.query["end_day"])
        if not 0 <= (last - first).days <= _HALF_A_YEAR:
            return self.refusal(400)
        found = [
            job
            for job in self.data["jobs"].values()
            if first <= date.fromisoformat(job["day"]) <= last
        ]
        told = [self._worded(job) for job in found]
        for job in found:
            if job["status"] in _STATES[:-1] and self.data["pace"] != "still":
                self._to(job, _STATES[_STATES.index(job["status"]) + 1])
        if self.data["pace"] != "after":
            told = [self._worded(job) for job in found]
        return JSONResponse(told)

    def _take_out(self, call: Call) -> Response:
        """Take a user out of the day's jobs, which only a staging one allows."""
        number, day = int(call.path["amplitude_id"]), call.path["job_start_day"]
        named = [
            job
            for job in self.data["jobs"].values()
            if job["day"] == day and number in job["ids"]
        ]
        if not named or any(job["status"] != _STATES[0] for job in named):
            return self.refusal(400)
        for job in named:
            job["ids"].remove(number)
        return JSONResponse({"amplitude_id": number})

    def _to(self, job: Record, state: str) -> None:
        """Take a job to a state; done, its project has nothing of the users left."""
        job["status"] = state
        if state != "done":
            return
        for name, person in list(self.data["people"].items()):
            if (
                person["amplitude_id"] in job["ids"]
                and job["app"] in person["projects"]
            ):
                person["projects"].remove(job["app"])
                if not person["projects"]:
                    del self.data["people"][name]

    # --- copies -------------------------------------------------------------------

    def _pay(self, points: int) -> bool:
        """Take points from the hour's budget."""
        self.data["spent"] += points
        return bool(self.data["spent"] <= BUDGET)

    def _request(self, call: Call) -> Response:
        body = call.json()
        if not self._pay(8):
            return self.refusal(429)
        if date.fromisoformat(body["startDate"]) > date.fromisoformat(body["endDate"]):
            return self.refusal(400)
        wanted = [body["userId"]] if "userId" in body else []
        numbers = [body["amplitudeId"]] if "amplitudeId" in body else []
        if len(wanted) + len(numbers) != 1:
            return self.refusal(400)
        number = 53_367 + len(self.data["copies"])
        rows = [
            {**event, "user_id": name, "amplitude_id": it["amplitude_id"]}
            for name in self._known(wanted, numbers)
            for it in (self.data["people"][name],)
            for event in it["events"]
        ]
        self.data["copies"][str(number)] = {"status": _STATES[0], "rows": rows}
        return JSONResponse({"requestId": number}, 202)

    def _copy(self, call: Call) -> Response:
        number = call.path["requestId"]
        if not self._pay(1):
            return self.refusal(429)
        copy = self.data["copies"].get(number)
        if copy is None:
            return self.refusal(404)
        if copy["status"] in _STATES[:-1]:
            copy["status"] = _STATES[_STATES.index(copy["status"]) + 1]
        answer: Record = {"requestId": int(number), "status": copy["status"]}
        if copy["status"] == "done" and copy["rows"]:
            # The vendor's host stands in it, as in its own example.
            place = "https://analytics.amplitude.com/api/2/dsar/requests"
            at_store = self.data["files"] == "store"
            link = f"{call.url}/storage" if at_store else f"{place}/{number}/outputs"
            answer["urls"] = [f"{link}/{number if at_store else 0}"]
            answer["expires"] = "2026-12-03"
        return JSONResponse(answer)

    def _output(self, call: Call) -> Response:
        number = call.path["requestId"]
        if not self._pay(1):
            return self.refusal(429)
        if number not in self.data["copies"] or self.data["expired"]:
            return self.refusal(404)
        if self.data["files"] == "redirect":
            return Response(
                status_code=302, headers={"Location": f"{call.url}/storage/{number}"}
            )
        return self._packed(number)

    def _download(self, call: Call) -> Response:
        return self._packed(call.path["name"])

    def _packed(self, number: str) -> Response:
        rows = self.data["copies"][number]["rows"]
        text = "".join(json.dumps(row) + "\n" for row in rows)
        return Response(gzip.compress(text.encode()), media_type="application/gzip")


def app() -> FakeAmplitude:
    """Return a fresh organisation."""
    return FakeAmplitude()


def _basic(pair: str) -> str:
    return f"Basic {b64encode(pair.encode()).decode()}"
