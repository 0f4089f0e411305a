"""
A stateful VTEX account: profiles, addresses, orders and erasure jobs.

It obeys the vendor's files (vtex/openapi-schemas@0d207e53 and Master Data v1) and
pages, read 2026-11, and refuses what VTEX refuses: one header of the two, a full-text
search with `+`, more than 100 orders a page or 30 pages.

An order shows an alias instead of its address, as `mask` says: `hard` (VTEX's default),
`soft` or `none`.  An order that is seeded as `old` (two years) is erased and never
shown.  A job takes everything of an address, ends with `Success` also where nobody has
it, and goes one state further with each question.

Control verbs: `mask`; `steps` (how many questions a job takes); `end` (end the open
jobs, in a state); `forget_jobs`; `ignore_filters` (of Master Data); `leaves`
(`nothing`, or `orders` that name nobody: VTEX documents neither).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any
from uuid import NAMESPACE_URL, uuid5

from starlette.responses import JSONResponse, Response

from connectors.fakes.frame import Call, FakeProcessor, Route
from connectors.fakes.vtex_records import (
    Record,
    listed,
    matches,
    order_of,
    shown,
    stats,
    without_a_name,
)

APP_KEY = "vtexappkey-maison-KXQWZA"
APP_TOKEN = "vtex-app-token"  # noqa: S105 (invented)
ACCOUNT = "maison"

_MOST_A_PAGE = 100
_MOST_PAGES = 30
_DEFAULT_PAGE = 15


class FakeVtex(FakeProcessor):
    """One VTEX account."""

    name = "vtex"

    def routes(self) -> Sequence[Route]:
        """Return the operations the connector uses."""
        orders, jobs = "/api/oms/pvt/orders", "/api/user-rights/forget/jobs"
        entities = "/api/dataentities"
        return (
            Route("account", "GET", "/api/vlm/account", self._account),
            Route("search_profiles", "GET", f"{entities}/CL/search", self._profiles),
            Route("search_addresses", "GET", f"{entities}/AD/search", self._addresses),
            Route("list_orders", "GET", orders, self._list),
            Route("read_order", "GET", orders + "/{orderId}", self._order),
            Route("create_job", "POST", jobs, self._create),
            Route("read_job", "GET", jobs + "/{jobId}", self._job),
        )

    def empty(self) -> dict[str, Any]:
        """Return an account without shoppers."""
        return {
            "profiles": {},
            "addresses": [],
            "orders": {},
            "jobs": {},
            "mask": "hard",
            "steps": 1,
            "leaves": "nothing",
            "ignore_filters": False,
        }

    def seed(self, records: Sequence[Mapping[str, Any]]) -> None:
        """
        Put shoppers in: `email`, and what VTEX holds of each.

        `profile` is a CL document (absent for a shopper without one), `addresses` are
        AD documents, `orders` have an `orderId`, any field of `clientProfileData`, and
        `old` for one that VTEX no longer shows.
        """
        for record in records:
            email, profile = record["email"], record.get("profile")
            user = None
            if profile is not None:
                user = profile["userId"]
                self.data["profiles"][profile["id"]] = {**profile, "email": email}
                for address in record.get("addresses", []):
                    address = {**address, "userId": profile["id"]}  # noqa: PLW2901
                    self.data["addresses"].append(address)
            for n, order in enumerate(record.get("orders", [])):
                found = order_of({"email": email, "userProfileId": user, **order}, n)
                self.data["orders"][found["orderId"]] = found

    def authorised(self, call: Call) -> bool:
        """Take the application's key together with its token."""
        given = (
            call.headers.get("x-vtex-api-appkey"),
            call.headers.get("x-vtex-api-apptoken"),
        )
        return given == (APP_KEY, APP_TOKEN)

    def refusal(self, status: int) -> Response:
        """Word an error as VTEX does."""
        return JSONResponse({"message": f"error {status}"}, status)

    def command(self, verb: str, body: Any) -> Any:  # noqa: ANN401 (JSON)
        """Set what a verb names, `forget_jobs`, or `end` them in a state."""
        match verb:
            case "mask" | "steps" | "leaves" | "ignore_filters":
                self.data[verb] = body
            case "forget_jobs":
                self.data["jobs"].clear()
            case "end":
                for job in self.data["jobs"].values():
                    self._end(job, body or "Success")
            case _:
                raise LookupError(verb)

    # --- the operations -----------------------------------------------------------

    def _account(self, call: Call) -> Response:  # noqa: ARG002 (the frame's)
        return JSONResponse({"isActive": True, "id": "71fe5f", "accountName": ACCOUNT})

    def _profiles(self, call: Call) -> Response:
        email = call.query["email"].lower()
        profiles = self.data["profiles"].values()
        return self._documents(call, profiles, lambda it: it["email"] == email)

    def _addresses(self, call: Call) -> Response:
        user = call.query["userId"]
        addresses = self.data["addresses"]
        return self._documents(call, addresses, lambda it: it["userId"] == user)

    def _documents(
        self, call: Call, kept: Iterable[Record], fits: Callable[[Record], bool]
    ) -> Response:
        """Cut out the range and the fields that were asked for."""
        found = [it for it in kept if fits(it) or self.data["ignore_filters"]]
        bounds = call.headers.get("rest-range", "resources=0-9").partition("=")[2]
        first, last = (int(it) for it in bounds.split("-"))
        if last - first >= _MOST_A_PAGE:
            return self.refusal(400)
        fields = call.query.get("_fields", "id").split(",")
        page = [
            {k: v for k, v in it.items() if fields == ["_all"] or k in fields}
            for it in found[first : last + 1]
        ]
        return JSONResponse(page)

    def _list(self, call: Call) -> Response:
        text = call.query["q"]
        size = int(call.query.get("per_page", _DEFAULT_PAGE))
        number = int(call.query.get("page", 1))
        allowed = 1 <= size <= _MOST_A_PAGE and 1 <= number <= _MOST_PAGES
        if "+" in text or not text.strip() or not allowed:
            return self.refusal(400)
        orders = [it for it in self.data["orders"].values() if not it["old"]]
        found = sorted(
            (it for it in orders if matches(it, text)),
            key=lambda it: str(it["creationDate"]),
        )
        start = (number - 1) * size
        paging = {
            "total": len(found),
            "pages": -(-len(found) // size),
            "currentPage": number,
            "perPage": size,
        }
        page = [listed(it) for it in found[start : start + size]]
        answer = {
            "list": page,
            "facets": [],
            "paging": paging,
            "stats": stats(len(found)),
        }
        return JSONResponse(answer, media_type="application/json; charset=utf-8")

    def _order(self, call: Call) -> Response:
        order = self.data["orders"].get(call.path["orderId"])
        if order is None or order["old"]:
            error = {"code": "OMS003", "message": "Order not found", "exception": None}
            return JSONResponse({"error": error}, 404)
        return JSONResponse(shown(order, self.data["mask"], ACCOUNT))

    def _create(self, call: Call) -> Response:
        email = call.json()["email"]
        if not isinstance(email, str) or "@" not in email:
            return self.refusal(400)
        number = len(self.data["jobs"])
        name = str(uuid5(NAMESPACE_URL, f"https://vtex.example/jobs/{number}"))
        job = {"email": email.lower(), "status": "InProgress", "asked": 0}
        self.data["jobs"][name] = job
        return JSONResponse({"jobId": name}, 201)

    def _job(self, call: Call) -> Response:
        job = self.data["jobs"].get(call.path["jobId"])
        if job is None:
            return JSONResponse({"message": "Job not found"}, 404)
        job["asked"] += 1
        if job["asked"] > self.data["steps"]:
            self._end(job, "Success")
        message = "Processing deletion request."
        return JSONResponse({"status": job["status"], "message": message})

    # --- jobs ---------------------------------------------------------------------

    def _end(self, job: Record, state: str) -> None:
        """End an open job; VTEX keeps nothing of the address in it."""
        if job["status"] != "InProgress":
            return
        job["status"] = state
        email, job["email"] = job["email"], None
        if state != "Success":
            return
        profiles = self.data["profiles"]
        gone = {id_ for id_, it in profiles.items() if it["email"] == email}
        self.data["profiles"] = {k: v for k, v in profiles.items() if k not in gone}
        self.data["addresses"] = [
            it for it in self.data["addresses"] if it["userId"] not in gone
        ]
        left = self.data["leaves"] == "orders"
        self.data["orders"] = {
            number: without_a_name(it) if it["email"] == email else it
            for number, it in self.data["orders"].items()
            if it["email"] != email or left
        }


def app() -> FakeVtex:
    """Return a fresh account."""
    return FakeVtex()
