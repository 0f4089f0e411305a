"""
A stateful HubSpot: contacts, their search, batch reads and GDPR deletions.

It obeys the vendor's OpenAPI file (HubSpot-public-api-spec-collection@9989379, read
2026-11) and refuses what HubSpot refuses.  Above all it imitates the trap: a deletion
by an unknown e-mail creates an entry in the blocklist instead of failing.

Seed: `{"id": "101", "properties": {"email": ..., ...}}`; `id` and `archived` may be
left out.  The search reads properties as HubSpot's does: `EQ` without regard to case,
`CONTAINS_TOKEN` on `hs_additional_emails` (addresses joined by `;`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, ClassVar

from starlette.responses import JSONResponse, Response

from connectors.fakes.frame import Call, FakeProcessor, Route

TOKEN = "pat-eu1-fake"  # noqa: S105 (an invented secret)
PORTAL_ID = 8827731

_CONTACTS = "/crm/v3/objects/contacts"
_ALWAYS = ("createdate", "hs_object_id", "lastmodifieddate")
_MOST_GROUPS = 5
_MOST_RESULTS = 200
_MOST_INPUTS = 100
_CORRELATION = "aeb5f871-7f07-4993-9211-075dc63e7cbf"
_CATEGORIES: Mapping[int, str] = {
    400: "VALIDATION_ERROR",
    401: "INVALID_AUTHENTICATION",
    403: "MISSING_SCOPES",
    404: "OBJECT_NOT_FOUND",
    429: "RATE_LIMITS",
}

Contact = dict[str, Any]


class FakeHubSpot(FakeProcessor):
    """One HubSpot account."""

    name: ClassVar[str] = "hubspot"

    def routes(self) -> Sequence[Route]:
        """Return the operations of the vendor's file that the connector uses."""
        return (
            Route("account", "GET", "/account-info/v3/details", self._account),
            Route("properties", "GET", "/crm/v3/properties/contacts", self._names),
            Route("search", "POST", f"{_CONTACTS}/search", self._search),
            Route("read", "POST", f"{_CONTACTS}/batch/read", self._read),
            Route("gdpr_delete", "POST", f"{_CONTACTS}/gdpr-delete", self._delete),
        )

    def empty(self) -> dict[str, Any]:
        """Return an account without contacts."""
        return {"contacts": {}, "blocklist": []}

    def seed(self, records: Sequence[Mapping[str, Any]]) -> None:
        """Put contacts in; an id is made up where none is given."""
        for record in records:
            number = str(record.get("id") or 101 + len(self.data["contacts"]))
            now = datetime.now(UTC).isoformat()
            self.data["contacts"][number] = {
                "id": number,
                "properties": {
                    "createdate": now,
                    "hs_object_id": number,
                    "lastmodifieddate": now,
                    **record.get("properties", {}),
                },
                "createdAt": record.get("createdAt", now),
                "updatedAt": now,
                "archived": bool(record.get("archived", False)),
            }

    def authorised(self, call: Call) -> bool:
        """Take the private app's token."""
        return call.headers.get("authorization") == f"Bearer {TOKEN}"

    def refusal(self, status: int) -> Response:
        """Word an error as HubSpot does."""
        return JSONResponse(
            {
                "status": "error",
                "message": f"error {status}",
                "correlationId": _CORRELATION,
                "category": _CATEGORIES.get(status, "INTERNAL_ERROR"),
            },
            status,
        )

    # --- operations ---------------------------------------------------------------

    def _account(self, _call: Call) -> Response:
        return JSONResponse({"portalId": PORTAL_ID, "accountType": "STANDARD"})

    def _names(self, _call: Call) -> Response:
        names = {n for it in self.data["contacts"].values() for n in it["properties"]}
        found = [{"name": it, "label": it, "type": "string"} for it in sorted(names)]
        return JSONResponse({"results": found})

    def _search(self, call: Call) -> Response:
        asked = call.json()
        groups, limit = asked["filterGroups"], asked["limit"]
        if not 1 <= len(groups) <= _MOST_GROUPS or not 1 <= limit <= _MOST_RESULTS:
            return self.refusal(400)
        start = int(asked["after"] or 0)
        hits = [
            it
            for it in self.data["contacts"].values()
            if not it["archived"] and any(_matches(it, group) for group in groups)
        ]
        page = hits[start : start + limit]
        answer: dict[str, Any] = {
            "total": len(hits),
            "results": [_shown(it, asked["properties"]) for it in page],
        }
        if start + limit < len(hits):
            answer["paging"] = {"next": {"after": str(start + limit)}}
        return JSONResponse(answer)

    def _read(self, call: Call) -> Response:
        asked = call.json()
        wanted = [it["id"] for it in asked["inputs"]]
        if len(wanted) > _MOST_INPUTS or asked["propertiesWithHistory"]:
            return self.refusal(400)
        archived = call.query.get("archived", "false") == "true"
        contacts: dict[str, Contact] = self.data["contacts"]
        found = {it for it in wanted if _is_there(contacts.get(it), archived)}
        now = datetime.now(UTC).isoformat()
        answer: dict[str, Any] = {
            "status": "COMPLETE",
            "startedAt": now,
            "completedAt": now,
            "results": [
                _shown(contacts[it], asked["properties"]) for it in sorted(found)
            ],
        }
        missing = [it for it in wanted if it not in found]
        if not missing:
            return JSONResponse(answer)
        return JSONResponse(
            {**answer, "numErrors": 1, "errors": [_not_found(missing)]}, 207
        )

    def _delete(self, call: Call) -> Response:
        asked = call.json()
        named, by = str(asked["objectId"]), asked.get("idProperty")
        contacts: dict[str, Contact] = self.data["contacts"]
        if by is None:
            if contacts.pop(named, None) is None:
                return self.refusal(404)
            return Response(status_code=204)
        if by != "email":
            return self.refusal(400)
        for key, contact in list(contacts.items()):
            if contact["properties"].get("email", "").lower() == named.lower():
                del contacts[key]
                return Response(status_code=204)
        # What the connector must never cause: an unknown address is *kept*.
        self.data["blocklist"].append(named)
        return Response(status_code=204)


def app() -> FakeHubSpot:
    """Return a fresh HubSpot account."""
    return FakeHubSpot()


def _matches(contact: Contact, group: Mapping[str, Any]) -> bool:
    return all(_fits(contact, it) for it in group["filters"])


def _fits(contact: Contact, rule: Mapping[str, Any]) -> bool:
    held = str(contact["properties"].get(rule["propertyName"], "")).lower()
    match rule["operator"]:
        case "EQ":
            return held == str(rule["value"]).lower()
        case "IN":
            return held in {str(it).lower() for it in rule["values"]}
        case "CONTAINS_TOKEN":
            return str(rule["value"]).lower() in held.split(";")
        case other:
            raise ValueError(other)


def _shown(contact: Contact, names: Sequence[str]) -> Contact:
    wanted = {*names, *_ALWAYS}
    held = {k: v for k, v in contact["properties"].items() if k in wanted}
    return {**contact, "properties": held}


def _is_there(contact: Contact | None, archived: bool) -> bool:  # noqa: FBT001
    return contact is not None and contact["archived"] == archived


def _not_found(ids: Sequence[str]) -> Mapping[str, Any]:
    return {
        "status": "error",
        "category": "OBJECT_NOT_FOUND",
        "message": "Could not get some CONTACT objects, they may be deleted or not "
        "exist. Check that ids are valid.",
        "context": {"ids": list(ids)},
        "errors": [],
        "links": {},
    }
