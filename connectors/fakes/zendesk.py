"""
A stateful Zendesk account: users, their tickets, background jobs and compliance lines.

It obeys the vendor's reference (https://developer.zendesk.com/api-reference/ticketing,
read 2026-11) and the copy of its file (jentic/jentic-public-apis@bc155f7), and refuses
what Zendesk refuses: to delete a user with open tickets, to delete for good what was
not deleted softly, more than 700 users in ten minutes, more than 100 tickets a job,
more than 30 jobs that are not finished.

A permanent deletion begins at each product (`products`), and the record stays until the
first product has ended it.  Control verbs: `run` ends the open jobs (`failed`, or as
they end by themselves), `complete` lets products (all, or those named) say so, `lines`
adds compliance lines, `expire` forgets ended jobs, `merge` moves one user's records to
another, `pass` lets ten minutes pass.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from starlette.responses import JSONResponse, Response

from connectors.fakes.frame import Call, FakeProcessor, Route
from connectors.fakes.zendesk_records import (
    FORGOTTEN_NAME,
    NOW,
    SUBDOMAIN,
    Record,
    a_ticket,
    a_user,
    identities_of,
    is_found,
    page_of,
    shown_deleted,
    shown_job,
    shown_ticket,
    shown_user,
)

AUTHORIZATION = "Bearer zendesk-oauth-token"
ACCOUNT = SUBDOMAIN
PRODUCTS = ("support", "chat")

MOST_USERS = 700
MOST_TICKETS = 100
MOST_JOBS = 30
_USERS_A_PAGE = 100
_OPEN = frozenset({"queued", "working"})


class FakeZendesk(FakeProcessor):
    """One Zendesk account."""

    name = "zendesk"

    def routes(self) -> Sequence[Route]:
        """Return the operations the connector uses."""
        api = "/api/v2"
        user, ticket = f"{api}/users/{{user_id}}", f"{api}/tickets/{{ticket_id}}"
        trash = f"{api}/deleted_users/{{deleted_user_id}}"
        return (
            Route("me", "GET", f"{api}/users/me", self._me),
            Route("search_users", "GET", f"{api}/users/search", self._search),
            Route("read_user", "GET", user, self._read_user),
            Route("identities", "GET", f"{user}/identities", self._identities),
            Route(
                "deletion_statuses",
                "GET",
                f"{user}/compliance_deletion_statuses",
                self._statuses,
            ),
            Route("search_tickets", "GET", f"{api}/search/export", self._tickets),
            Route("read_ticket", "GET", ticket, self._read_ticket),
            Route("comments", "GET", f"{ticket}/comments", self._comments),
            Route("deleted_tickets", "GET", f"{api}/deleted_tickets", self._trash),
            Route("read_jobs", "GET", f"{api}/job_statuses/show_many", self._read_jobs),
            Route("read_job", "GET", f"{api}/job_statuses/{{job}}", self._read_job),
            Route("delete_ticket", "DELETE", ticket, self._delete_ticket),
            Route(
                "destroy_tickets",
                "DELETE",
                f"{api}/deleted_tickets/destroy_many",
                self._destroy_tickets,
            ),
            Route("delete_user", "DELETE", user, self._delete_user),
            Route("destroy_user", "DELETE", trash, self._destroy_user),
        )

    def empty(self) -> dict[str, Any]:
        """Return an account without users."""
        return {
            "users": {},
            "identities": {},
            "tickets": {},
            "jobs": {},
            "lines": {},
            "products": list(PRODUCTS),
            "users_left": MOST_USERS,
        }

    def seed(self, records: Sequence[Mapping[str, Any]]) -> None:
        """
        Put users in: what Zendesk keeps of one, `more` identities, and `tickets`.

        Further identities are lists of type, value and whether it is verified.
        """
        for record in records:
            key = str(record["id"])
            self.data["users"][key] = a_user(record)
            self.data["identities"][key] = identities_of(record)
            for ticket in record.get("tickets", []):
                kept = a_ticket(int(record["id"]), ticket)
                self.data["tickets"][str(ticket["id"])] = kept

    def authorised(self, call: Call) -> bool:
        """Take the OAuth token."""
        return call.headers.get("authorization") == AUTHORIZATION

    def refusal(self, status: int) -> Response:
        """Word an error as Zendesk does."""
        if status == 404:  # noqa: PLR2004
            body = {"error": "RecordNotFound", "description": "Not found"}
        else:
            body = {"error": f"Error{status}", "description": "It did not work."}
        return JSONResponse(body, status)

    def command(self, verb: str, body: Any) -> Any:  # noqa: ANN401 (JSON)
        """Obey `run`, `complete`, `lines`, `expire`, `merge` and `pass`."""
        match verb:
            case "run":
                self._run_jobs(body)
            case "complete":
                self._complete(body)
            case "lines":
                for user, application, action in body:
                    self._add_line(str(user), application, action)
            case "expire":
                jobs = self.data["jobs"].items()
                self.data["jobs"] = {k: j for k, j in jobs if j["status"] in _OPEN}
            case "merge":
                self._merge(*map(str, body))
            case "pass":
                self.data["users_left"] = MOST_USERS
            case _:
                raise LookupError(verb)

    # --- reading ------------------------------------------------------------------

    def _me(self, _: Call) -> Response:
        me = {"id": 1, "url": f"https://{ACCOUNT}.zendesk.com/api/v2/users/1.json"}
        return JSONResponse({"user": {**me, "name": "Robot", "role": "admin"}})

    def _search(self, call: Call) -> Response:
        external = call.query.get("external_id")
        query = call.query.get("query", "")
        users = [
            shown_user(user)
            for key, user in self.data["users"].items()
            if (
                user["active"]
                and (user["external_id"] or "").lower() == external.lower()
                if external
                else is_found(user, self.data["identities"].get(key, []), query)
            )
        ]
        page = users[:_USERS_A_PAGE]
        more = (
            f"{call.url}/api/v2/users/search?page=2" if len(users) > len(page) else None
        )
        return JSONResponse({"users": page, "next_page": more, "count": len(users)})

    def _read_user(self, call: Call) -> Response:
        user = self.data["users"].get(call.path["user_id"])
        return self.refusal(404) if user is None else self._user(user)

    def _identities(self, call: Call) -> Response:
        found = self.data["identities"].get(call.path["user_id"], [])
        start = (int(call.query.get("page", "1")) - 1) * _USERS_A_PAGE
        page = found[start : start + _USERS_A_PAGE]
        more = start + len(page) < len(found)
        link = f"{call.url}/next" if more else None
        return JSONResponse({"identities": page, "next_page": link})

    def _statuses(self, call: Call) -> Response:
        if call.path["user_id"] not in self.data["users"]:
            return self.refusal(404)
        lines = self.data["lines"].get(call.path["user_id"], [])
        return JSONResponse({"compliance_deletion_statuses": lines, "next_page": None})

    def _tickets(self, call: Call) -> Response:
        requester = int(call.query["query"].removeprefix("requester:"))
        if call.query["filter[type]"] != "ticket":
            return self.refusal(400)
        found = [
            {**shown_ticket(it), "result_type": "ticket"}
            for it in self._live_tickets()
            if it["requester_id"] == requester
        ]
        size = int(call.query.get("page[size]", "100"))
        page, meta = page_of(found, size, call.query.get("page[after]"))
        links = {"next": None, "prev": None}
        return JSONResponse({"results": page, "meta": meta, "links": links})

    def _read_ticket(self, call: Call) -> Response:
        ticket = self.data["tickets"].get(call.path["ticket_id"])
        if ticket is None or ticket["in_trash"]:
            return self.refusal(404)
        return JSONResponse({"ticket": shown_ticket(ticket)})

    def _comments(self, call: Call) -> Response:
        ticket = self.data["tickets"].get(call.path["ticket_id"])
        if ticket is None or ticket["in_trash"]:
            return self.refusal(404)
        size = min(100, int(call.query.get("page[size]", "100")))
        page, meta = page_of(ticket["comments"], size, call.query.get("page[after]"))
        return JSONResponse({"comments": page, "meta": meta})

    def _trash(self, call: Call) -> Response:
        found = [
            {"id": it["id"], "subject": it["subject"], "deleted_at": NOW}
            for it in self.data["tickets"].values()
            if it["in_trash"]
        ]
        size = min(100, int(call.query.get("page[size]", "100")))
        page, meta = page_of(found, size, call.query.get("page[after]"))
        return JSONResponse({"deleted_tickets": page, "meta": meta})

    def _read_job(self, call: Call) -> Response:
        job = self.data["jobs"].get(call.path["job"])
        return self.refusal(404) if job is None else JSONResponse(shown_job(job))

    def _read_jobs(self, call: Call) -> Response:
        names = call.query["ids"].split(",")
        if len(names) > MOST_TICKETS:
            return self.refusal(400)
        known = (self.data["jobs"].get(name) for name in names)
        shown = [shown_job(job)["job_status"] for job in known if job is not None]
        return JSONResponse({"job_statuses": shown})

    # --- deleting -----------------------------------------------------------------

    def _delete_ticket(self, call: Call) -> Response:
        ticket = self.data["tickets"].get(call.path["ticket_id"])
        if ticket is None or ticket["in_trash"]:
            return self.refusal(404)
        ticket["in_trash"] = True
        return Response(status_code=204)

    def _destroy_tickets(self, call: Call) -> Response:
        ids = [int(it) for it in call.query["ids"].split(",")]
        if len(ids) > MOST_TICKETS:
            return self.refusal(400)
        jobs = self.data["jobs"]
        if sum(it["status"] in _OPEN for it in jobs.values()) >= MOST_JOBS:
            # Documented without a Retry-After: it takes as long as the jobs take.
            return self.refusal(429)
        name = f"8b726e606741012ffc2d782bcb{len(jobs):06d}"
        jobs[name] = {"id": name, "status": "queued", "tickets": ids, "results": None}
        return JSONResponse(shown_job(jobs[name]))

    def _delete_user(self, call: Call) -> Response:
        user = self.data["users"].get(call.path["user_id"])
        if user is None or not user["active"]:
            return self.refusal(404)
        if user["role"] == "admin":
            return self.refusal(403)
        waiting = [
            it
            for it in self._live_tickets()
            if it["requester_id"] == user["id"] and it["status"] != "closed"
        ]
        if waiting:
            told = f"User is requester on {len(waiting)} ticket(s) that are not closed."
            details = {"base": [{"description": told}]}
            body = {"error": "RecordInvalid", "details": details}
            return JSONResponse(
                {**body, "description": "Record validation errors"}, 422
            )
        user["active"] = False
        return self._user(user)

    def _destroy_user(self, call: Call) -> Response:
        key = call.path["deleted_user_id"]
        user = self.data["users"].get(key)
        if user is None or user["active"] or self.data["lines"].get(key):
            return self.refusal(404)
        if self.data["users_left"] < 1:
            answer = self.refusal(429)
            answer.headers["Retry-After"] = "600"
            return answer
        self.data["users_left"] -= 1
        self._add_line(key, "all", "request_deletion")
        for product in self.data["products"]:
            self._add_line(key, product, "started")
        return JSONResponse({"deleted_user": shown_deleted(user)})

    # --- what goes on behind --------------------------------------------------------

    def _live_tickets(self) -> list[Record]:
        tickets: Mapping[str, Record] = self.data["tickets"]
        return [it for it in tickets.values() if not it["in_trash"]]

    def _user(self, user: Record) -> Response:
        return JSONResponse({"user": shown_user(user)})

    def _add_line(self, user: str, application: str, action: str) -> None:
        line = {
            "account_subdomain": ACCOUNT,
            "action": action,
            "application": application,
            "created_at": NOW,
            "executer_id": 1 if application == "all" else None,
            "user_id": int(user),
        }
        self.data["lines"].setdefault(user, []).append(line)

    def _run_jobs(self, state: str | None) -> None:
        for job in self.data["jobs"].values():
            if job["status"] in _OPEN:
                job["status"] = state or "completed"
                if job["status"] == "completed":
                    job["results"] = [self._destroyed(it) for it in job["tickets"]]

    def _destroyed(self, number: int) -> Record:
        ticket = self.data["tickets"].get(str(number))
        told = {"id": number, "action": "delete"}
        if ticket is None or not ticket["in_trash"]:
            failed = {"error": "TicketNotFound", "details": "Not in the trash"}
            return {**told, "success": False, **failed}
        del self.data["tickets"][str(number)]
        return {**told, "success": True, "status": "Deleted"}

    def _complete(self, products: Sequence[str] | None) -> None:
        for key, lines in self.data["lines"].items():
            begun = {it["application"] for it in lines if it["action"] == "started"}
            ended = {it["application"] for it in lines if it["action"] == "complete"}
            for product in sorted(begun - ended):
                if products is None or product in products:
                    self._add_line(key, product, "complete")
                    self._forget(key)

    def _forget(self, key: str) -> None:
        user = self.data["users"][key]
        gone = dict.fromkeys(("email", "phone", "external_id"))
        user.update(gone, name=FORGOTTEN_NAME, user_fields={})
        self.data["identities"].pop(key, None)

    def _merge(self, loser: str, winner: str) -> None:
        """Move addresses and tickets; the loser is in the trash after that."""
        users, identities = self.data["users"], self.data["identities"]
        identities[winner] += identities.pop(loser)
        users[loser]["active"] = False
        for ticket in self.data["tickets"].values():
            if ticket["requester_id"] == int(loser):
                ticket["requester_id"] = int(winner)


def app() -> FakeZendesk:
    """Return a fresh account."""
    return FakeZendesk()
