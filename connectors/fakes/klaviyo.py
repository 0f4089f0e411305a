"""
A stateful Klaviyo: profiles, events and deletions that take their time.

It obeys the vendor's OpenAPI file (klaviyo/openapi@f0a30ba, revision 2026-07-15,
read 2026-11) and refuses what Klaviyo refuses: another kind of credentials, a missing
or unknown revision, two identifiers in one deletion, an undocumented filter.

A deletion is accepted in all cases.  Its profile stays visible for `lag` more
look-ups (a control verb sets it), because the API has no job to ask about.
"""

from __future__ import annotations

from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Callable, Mapping, Sequence
from typing import Any
from urllib.parse import urlencode

from starlette.responses import JSONResponse, Response

from connectors.fakes.frame import Call, FakeProcessor, Route
from connectors.fakes.klaviyo_records import (
    EVENT_FIELDS,
    GROUPS,
    PROFILE_FIELDS,
    Record,
    event_resource,
    matcher,
    profile_resource,
    records_of,
)

API_KEY = "klaviyo-key"
ACCOUNT = "Kx7Yq2"
REVISIONS = frozenset({"2026-07-15"})
JSON_API = "application/vnd.api+json"
_BODY_TYPES = frozenset({JSON_API, "application/json"})


class Refusal(Exception):  # noqa: N818 (an answer, not an error of ours)
    """The request breaks a documented rule; `status` and `detail` say which."""

    def __init__(self, status: int, code: str, detail: str) -> None:
        super().__init__(detail)
        self.status = status
        self.code = code
        self.detail = detail


class FakeKlaviyo(FakeProcessor):
    """One Klaviyo account."""

    name = "klaviyo"

    def routes(self) -> Sequence[Route]:
        """Return the operations the connector uses, and no others."""
        profile = "/api/profiles/{id}"
        return (
            Route("accounts", "GET", "/api/accounts", self._obeying(self._accounts)),
            Route(
                "search_profiles", "GET", "/api/profiles", self._obeying(self._search)
            ),
            Route("read_profile", "GET", profile, self._obeying(self._read)),
            Route("events", "GET", "/api/events", self._obeying(self._events)),
            Route(
                "delete_profile",
                "POST",
                "/api/data-privacy-deletion-jobs",
                self._obeying(self._delete),
            ),
        )

    def empty(self) -> dict[str, Any]:
        """Return an account without profiles."""
        return {"profiles": {}, "events": {}, "doomed": {}, "lag": 1, "links_to": None}

    def seed(self, records: Sequence[Mapping[str, Any]]) -> None:
        """
        Put profiles in: `id`, any profile field, and what hangs on it.

        `events` is a list of `{id, metric, datetime, properties}`; `lists`,
        `segments`, `push-tokens` and `conversations` are lists of ids.
        """
        for record in records:
            profile, events = records_of(record)
            self.data["profiles"][profile["id"]] = profile
            self.data["events"][profile["id"]] = events

    def authorised(self, call: Call) -> bool:
        """Take the private key in Klaviyo's own scheme; a bearer token is refused."""
        return call.headers.get("authorization") == f"Klaviyo-API-Key {API_KEY}"

    def refusal(self, status: int) -> Response:
        """Word an error as Klaviyo does."""
        codes = {401: "not_authenticated", 403: "permission_denied", 429: "throttled"}
        return _refused(status, codes.get(status, "error"), f"Error {status}.")

    def command(self, verb: str, body: Any) -> Any:  # noqa: ANN401 (JSON)
        """Set `lag` or the host that `links_to`, or `settle` every deletion."""
        match verb:
            case "lag" | "links_to":
                self.data[verb] = body
            case "settle":
                for profile in list(self.data["doomed"]):
                    self._remove(profile)
            case _:
                raise LookupError(verb)
        return None

    # --- the operations -----------------------------------------------------------

    def _accounts(self, call: Call) -> Response:
        account = {
            "type": "account",
            "id": ACCOUNT,
            "attributes": {"public_api_key": ACCOUNT, "test_account": True},
            "links": {"self": f"{call.url}/api/accounts/{ACCOUNT}"},
        }
        return _answer({"data": [account]})

    def _search(self, call: Call) -> Response:
        matches = matcher(call.query.get("filter", ""), PROFILE_FIELDS)
        if matches is None:
            raise Refusal(400, "invalid", "The filter is not valid.")
        found = [it for it in self._visible() if matches(it)]
        page, links = self._page(call, found, default=20, most=100)
        resources = [profile_resource(it, call.url, call.query) for it in page]
        for record in found:
            self._looked_at(record["id"])
        return _answer({"data": resources, "links": links})

    def _read(self, call: Call) -> Response:
        record = self.data["profiles"].get(call.path["id"])
        if record is None:
            raise Refusal(404, "not_found", "A profile with this id does not exist.")
        wanted = [it for it in call.query.get("include", "").split(",") if it]
        if not set(wanted) <= set(GROUPS):
            raise Refusal(400, "invalid", "The include is not valid.")
        included = [
            group
            for name in wanted
            for group in GROUPS[name](record.get(name, []), call.url)
        ]
        resource = profile_resource(record, call.url, call.query)
        self._looked_at(record["id"])
        return _answer({"data": resource, **({"included": included} if wanted else {})})

    def _events(self, call: Call) -> Response:
        matches = matcher(call.query.get("filter", ""), EVENT_FIELDS)
        if matches is None:
            raise Refusal(400, "invalid", "The filter is not valid.")
        every = [it for events in self.data["events"].values() for it in events]
        found = sorted(
            (it for it in every if matches(it)), key=lambda it: str(it["datetime"])
        )
        page, links = self._page(call, found, default=200, most=1000)
        resources, metrics = [], {}
        for event in page:
            resource, metric = event_resource(event, call.url)
            resources.append(resource)
            metrics[metric["id"]] = metric
        included = list(metrics.values()) if call.query.get("include") else []
        return _answer({"data": resources, "included": included, "links": links})

    def _delete(self, call: Call) -> Response:
        if call.headers.get("content-type", "").split(";")[0] not in _BODY_TYPES:
            raise Refusal(415, "unsupported_media_type", "Send JSON:API.")
        job = call.json()["data"]
        profile = job["attributes"]["profile"]["data"]
        if (job["type"], profile["type"]) != ("data-privacy-deletion-job", "profile"):
            raise Refusal(400, "invalid", "The type is not valid.")
        named = {
            name: value
            for name, value in {
                "id": profile.get("id"),
                **profile["attributes"],
            }.items()
            if value is not None
        }
        if len(named) != 1 or not set(named) <= {"id", "email", "phone_number"}:
            raise Refusal(400, "invalid", "Provide exactly one identifier.")
        ((name, value),) = named.items()
        for record in self._visible():
            # By e-mail or phone every matching profile goes, as documented.
            if str(record.get(name)).lower() == str(value).lower():
                self._doom(record["id"])
        return Response(status_code=202)

    def _page(
        self, call: Call, found: Sequence[Record], *, default: int, most: int
    ) -> tuple[Sequence[Record], dict[str, str]]:
        """Cut one page out and link the next; the cursor is opaque, as the vendor's."""
        size = int(call.query.get("page[size]", default))
        if not 1 <= size <= most:
            raise Refusal(400, "invalid", "The page size is not valid.")
        cursor = call.query.get("page[cursor]")
        start = int(urlsafe_b64decode(cursor).decode()) if cursor else 0
        path = "/api/events" if call.operation == "events" else "/api/profiles"
        base = (self.data["links_to"] or call.url) + path
        links = {"self": base}
        if start + size < len(found):
            after = urlsafe_b64encode(str(start + size).encode()).decode()
            links["next"] = f"{base}?{urlencode({'page[cursor]': after})}"
        return found[start : start + size], links

    # --- state ----------------------------------------------------------------------

    def _visible(self) -> list[Record]:
        return sorted(self.data["profiles"].values(), key=lambda it: str(it["id"]))

    def _doom(self, profile: str) -> None:
        self.data["doomed"].setdefault(profile, self.data["lag"])
        if self.data["doomed"][profile] <= 0:
            self._remove(profile)

    def _looked_at(self, profile: str) -> None:
        """Bring a deletion one look nearer to its end."""
        if profile in self.data["doomed"]:
            self.data["doomed"][profile] -= 1
            if self.data["doomed"][profile] <= 0:
                self._remove(profile)

    def _remove(self, profile: str) -> None:
        self.data["doomed"].pop(profile, None)
        self.data["profiles"].pop(profile, None)
        self.data["events"].pop(profile, None)

    def _obeying(
        self, handler: Callable[[Call], Response]
    ) -> Callable[[Call], Response]:
        """Wrap a handler in the rules that hold for every endpoint."""

        def obey(call: Call) -> Response:
            try:
                if call.headers.get("revision") not in REVISIONS:
                    raise Refusal(400, "invalid", "The revision is not valid.")  # noqa: TRY301
                return handler(call)
            except Refusal as refusal:
                return _refused(refusal.status, refusal.code, refusal.detail)

        return obey


def app() -> FakeKlaviyo:
    """Return a fresh account."""
    return FakeKlaviyo()


def _answer(body: Mapping[str, Any]) -> Response:
    return JSONResponse(dict(body), media_type=JSON_API)


def _refused(status: int, code: str, detail: str) -> Response:
    error = {
        "id": "6e03e204-aa9d-48f8-b516-ab52ecf03958",
        "status": status,
        "code": code,
        "title": "Invalid input." if code == "invalid" else detail,
        "detail": detail,
        "source": {},
    }
    return JSONResponse({"errors": [error]}, status, media_type=JSON_API)
