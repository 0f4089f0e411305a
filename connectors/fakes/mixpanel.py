"""
A stateful Mixpanel project: people by distinct_id, deletion and retrieval jobs.

It obeys the vendor's page (https://docs.mixpanel.com/reference/gdpr-api) and file
(mixpanel/docs@ba22906), read 2026-11, and refuses what Mixpanel refuses: a missing or
foreign project token, more than 1999 ids in a deletion or 2000 in a retrieval, ids
that are no strings.

A job goes one state further with each question: PENDING, STAGING, STARTED, and then
SUCCESS, or NOT_FOUND where none of its ids is known.  The people are gone, or the
file is there, with SUCCESS and not before.  Control verbs set how many questions that
takes (`steps`), end the open jobs in any state (`end`), cap outstanding jobs (`cap`),
choose the file's packing (`packing`) and the spelling of answers (`spelling`).
"""

from __future__ import annotations

import gzip
import io
import json
import zipfile
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from starlette.responses import JSONResponse, Response

from connectors.fakes.frame import Call, FakeProcessor, Route

OAUTH_TOKEN = "mixpanel-oauth-token"  # noqa: S105 (invented)
PROJECT_TOKEN = "591b3354bb2bdd96f72f23bf56911673"  # noqa: S105 (the page's own example)
PROJECT_ID = 1978118

_STATES = ("PENDING", "STAGING", "STARTED")
_OPEN = frozenset(_STATES)
_CANCELLABLE = frozenset(_STATES[:-1])
_MOST = {"deletion": 1999, "retrieval": 2000}
_LAWS = frozenset({"GDPR", "CCPA"})

Record = dict[str, Any]


class FakeMixpanel(FakeProcessor):
    """One Mixpanel project."""

    name = "mixpanel"

    def routes(self) -> Sequence[Route]:
        """Return the operations the connector uses, and the file's download."""
        deletions, retrievals = "/data-deletions/v3.0", "/data-retrievals/v3.0"
        one = "/{tracking_id}"
        return (
            Route("create_deletion", "POST", deletions, self._creating("deletion")),
            Route("read_deletion", "GET", deletions + one, self._read),
            Route("cancel_deletion", "DELETE", deletions + one, self._cancel),
            Route("create_retrieval", "POST", retrievals, self._creating("retrieval")),
            Route("read_retrieval", "GET", retrievals + one, self._read),
            Route("download", "GET", "/exports/{name}", self._download),
        )

    def empty(self) -> dict[str, Any]:
        """Return a project without people."""
        return {
            "people": {},
            "jobs": {},
            "files": {},
            "steps": len(_STATES),
            "cap": None,
            "packing": "plain",
            "spelling": "file",
        }

    def seed(self, records: Sequence[Mapping[str, Any]]) -> None:
        """Put people in: `distinct_id`, `profile` properties and `events`."""
        for record in records:
            self.data["people"][record["distinct_id"]] = {
                "profile": record.get("profile", {}),
                "events": record.get("events", []),
            }

    def authorised(self, call: Call) -> bool:
        """Take the OAuth token; the file's host takes no credentials at all."""
        given = call.headers.get("authorization")
        if call.operation == "download":
            # Object stores refuse a signed link that comes with other credentials.
            return given is None
        return given == f"Bearer {OAUTH_TOKEN}"

    def refusal(self, status: int) -> Response:
        """Word an error as Mixpanel does."""
        return JSONResponse({"error": f"error {status}", "status": "error"}, status)

    def command(self, verb: str, body: Any) -> Any:  # noqa: ANN401 (JSON)
        """Obey `steps`, `cap`, `packing`, `spelling`, and `end` in a state."""
        if verb in ("steps", "cap", "packing", "spelling"):
            self.data[verb] = body
            return None
        if verb != "end":
            raise LookupError(verb)
        for job in self.data["jobs"].values():
            if job["status"] in _OPEN:
                self._finish(job, body or None)
        return None

    # --- the operations -----------------------------------------------------------

    def _creating(self, kind: str) -> Callable[[Call], Response]:
        """Return the handler that creates jobs of one kind."""

        def create(call: Call) -> Response:
            if call.query.get("token") != PROJECT_TOKEN:
                return self.refusal(403)
            body = call.json()
            ids = body["distinct_ids"]
            law = body.get("compliance_type", "GDPR")
            if not _are_ids(ids) or len(ids) > _MOST[kind] or law.upper() not in _LAWS:
                return self.refusal(400)
            cap = self.data["cap"]
            if cap is not None and len(self._open_jobs()) >= cap:
                # Documented without a Retry-After: the scans take hours.
                return self.refusal(429)
            job = self._new_job(kind, ids, law)
            return self._created(job)

        return create

    def _read(self, call: Call) -> Response:
        if call.query.get("token") != PROJECT_TOKEN:
            return self.refusal(403)
        name, kind = call.path["tracking_id"], call.operation.removeprefix("read_")
        job = self.data["jobs"].get(name)
        if job is None or job["kind"] != kind:
            job = _job(name, kind, [], "GDPR") | {"status": "NOT_FOUND"}
        elif job["status"] in _OPEN:
            self._advance(job)
        return JSONResponse({"status": "ok", "results": self._worded(job, call.url)})

    def _cancel(self, call: Call) -> Response:
        """Revoke a job that has not started; one that has answers 405."""
        if call.query.get("token") != PROJECT_TOKEN:
            return self.refusal(403)
        job = self.data["jobs"].get(call.path["tracking_id"])
        if job is None or job["kind"] != "deletion":
            return self.refusal(404)
        if job["status"] not in _CANCELLABLE:
            return self.refusal(405)
        job["status"] = "REVOKED"
        return Response(status_code=204)

    def _download(self, call: Call) -> Response:
        rows = self.data["files"].get(call.path["name"])
        if rows is None:
            return Response(status_code=404)
        text = "".join(json.dumps(row) + "\n" for row in rows).encode()
        return Response(_packed(text, self.data["packing"]))

    # --- jobs ---------------------------------------------------------------------

    def _open_jobs(self) -> list[Record]:
        jobs: Mapping[str, Record] = self.data["jobs"]
        return [job for job in jobs.values() if job["status"] in _OPEN]

    def _new_job(self, kind: str, ids: Sequence[str], law: str) -> Record:
        number = 1583792934719392965 + len(self.data["jobs"])
        job = _job(str(number), kind, list(ids), law)
        self.data["jobs"][job["tracking_id"]] = job
        return job

    def _created(self, job: Record) -> Response:
        """Answer in the file's spelling, or in the page's."""
        results: object = {"task_id": job["tracking_id"]}
        if self.data["spelling"] == "page":
            results = [
                {
                    "status": job["status"],
                    "tracking_id": job["tracking_id"],
                    "project_id": PROJECT_ID,
                    "distinct_id_count": len(job["distinct_ids"]),
                }
            ]
        return JSONResponse({"status": "ok", "results": results}, 201)

    def _advance(self, job: Record) -> None:
        """Go one question further."""
        job["asked"] += 1
        if job["asked"] >= self.data["steps"]:
            self._finish(job, None)
        else:
            job["status"] = _STATES[min(job["asked"], len(_STATES) - 1)]

    def _finish(self, job: Record, state: str | None) -> None:
        """End a job in *state*, by itself where none is named."""
        people = self.data["people"]
        known = [id_ for id_ in job["distinct_ids"] if id_ in people]
        job["status"] = state or ("SUCCESS" if known else "NOT_FOUND")
        if job["status"] != "SUCCESS":
            return
        if job["kind"] == "retrieval":
            self.data["files"][job["tracking_id"]] = [
                row for id_ in known for row in _rows(id_, people[id_])
            ]
            return
        for id_ in known:
            del people[id_]

    def _worded(self, job: Record, url: str) -> Record:
        if job["kind"] == "deletion" and self.data["spelling"] == "file":
            return {
                "tracking_id": job["tracking_id"],
                "status": job["status"],
                "requesting_user": "dpo@example.com",
                "compliance_type": job["compliance_type"],
                "project_id": PROJECT_ID,
                "date_requested": "2026-11-02T09:00:00",
                "distinct_ids": job["distinct_ids"],
            }
        done = job["status"] == "SUCCESS" and job["kind"] == "retrieval"
        link = f"{url}/exports/{job['tracking_id']}" if done else ""
        name = "results" if self.data["spelling"] == "file" else "result"
        return {
            "status": job["status"],
            name: link,
            "distinct_ids": job["distinct_ids"],
        }


def app() -> FakeMixpanel:
    """Return a fresh project."""
    return FakeMixpanel()


def _job(name: str, kind: str, ids: list[str], law: str) -> Record:
    return {
        "tracking_id": name,
        "kind": kind,
        "distinct_ids": ids,
        "compliance_type": law.upper(),
        "status": _STATES[0],
        "asked": 0,
    }


def _are_ids(ids: object) -> bool:
    """Say whether they are what the file calls distinct_ids."""
    return (
        isinstance(ids, list)
        and bool(ids)
        and all(isinstance(id_, str) and id_ for id_ in ids)
    )


def _rows(distinct_id: str, person: Record) -> list[Record]:
    """Write one person as Mixpanel's other exports do."""
    profile = {"$distinct_id": distinct_id, "$properties": person["profile"]}
    events = [
        {**event, "properties": {**event["properties"], "distinct_id": distinct_id}}
        for event in person["events"]
    ]
    return [profile, *events]


def _packed(text: bytes, packing: str) -> bytes:
    match packing:
        case "gzip":
            return gzip.compress(text)
        case "zip":
            target = io.BytesIO()
            with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
                archive.writestr("export.jsonl", text)
            return target.getvalue()
        case _:
            return text
