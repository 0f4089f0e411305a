"""The shapes in which the fake Zendesk answers, as its file and pages show them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

Record = dict[str, Any]

SUBDOMAIN = "acme"
FORGOTTEN_NAME = "Permanently Deleted User"
NOW = "2026-11-02T09:00:00Z"

_AT = f"https://{SUBDOMAIN}.zendesk.com/api/v2"
_EMAIL_QUERY = re.compile(r'email:"([^"]*)"')
_PHONE_QUERY = re.compile(r"phone:(\*?)(\d+)")


def a_user(record: Mapping[str, Any]) -> Record:
    """Return a user as Zendesk keeps it, out of a seeded record."""
    return {
        "id": int(record["id"]),
        "url": f"{_AT}/users/{record['id']}.json",
        "name": record.get("name", "Nobody"),
        "email": record.get("email"),
        "phone": record.get("phone"),
        "external_id": record.get("external_id"),
        "role": record.get("role", "end-user"),
        "active": record.get("active", True),
        "suspended": record.get("suspended", False),
        "created_at": record.get("created_at", "2024-03-01T09:30:00Z"),
        "user_fields": record.get("user_fields", {}),
    }


def identities_of(record: Mapping[str, Any]) -> list[Record]:
    """Return the seeded addresses and numbers, the primary ones by themselves."""
    own = [
        ("email", record.get("email"), True),
        ("phone_number", record.get("phone"), True),
        *((kind, value, verified) for kind, value, verified in record.get("more", [])),
    ]
    return [
        {
            "id": int(record["id"]) * 100 + place,
            "user_id": int(record["id"]),
            "type": kind,
            "value": value,
            "verified": verified,
            "primary": place < 2,  # noqa: PLR2004 (an address and a number)
            "created_at": "2024-03-01T09:30:00Z",
        }
        for place, (kind, value, verified) in enumerate(own)
        if value
    ]


def a_ticket(requester: int, record: Mapping[str, Any]) -> Record:
    """Return a ticket as Zendesk keeps it, with its messages beside it."""
    return {
        "id": int(record["id"]),
        "requester_id": requester,
        "subject": record.get("subject", "Where is my parcel?"),
        "status": record.get("status", "open"),
        "created_at": record.get("created_at", "2025-05-05T10:38:52Z"),
        "comments": list(record.get("comments", [])),
        "in_trash": False,
    }


def shown_user(user: Record) -> Record:
    """Return a user as an answer; a forgotten one has no address to show."""
    return {name: value for name, value in user.items() if value is not None}


def shown_deleted(user: Record) -> Record:
    """Return a user of the trash as an answer; the file wants every field."""
    return {
        "id": user["id"],
        "url": f"{_AT}/deleted_users/{user['id']}.json",
        "name": user["name"],
        "email": user["email"] or "",
        "created_at": user["created_at"],
        "updated_at": NOW,
        "time_zone": "Copenhagen",
        "phone": user["phone"],
        "shared_phone_number": None,
        "photo": None,
        "locale_id": 1,
        "locale": "en-US",
        "organization_id": 1,
        "role": user["role"],
        "active": False,
    }


def shown_ticket(ticket: Record) -> Record:
    """Return a ticket as an answer, without its messages."""
    hidden = ("comments", "in_trash")
    return {name: value for name, value in ticket.items() if name not in hidden}


def shown_job(job: Record) -> Record:
    """Return a job as an answer."""
    results = job["results"]
    many = isinstance(results, list)
    return {
        "job_status": {
            "id": job["id"],
            "url": f"{_AT}/job_statuses/{job['id']}.json",
            "status": job["status"],
            "total": len(job["tickets"]) if many else None,
            "progress": len(results) if many else None,
            "message": None,
            # The file's schema lets a list be null only as a list: left out while open.
            **({} if results is None else {"results": results}),
        }
    }


def is_found(user: Record, identities: Iterable[Record], query: str) -> bool:
    """Say whether a search finds an active user."""
    if not user["active"]:
        return False
    if by_email := _EMAIL_QUERY.fullmatch(query):
        wanted = by_email[1].lower()
        return any(
            it["type"] == "email" and it["value"].lower() == wanted for it in identities
        )
    if by_phone := _PHONE_QUERY.fullmatch(query):
        digits = re.sub(r"\D", "", user["phone"] or "")
        if by_phone[1]:
            return digits.endswith(by_phone[2])
        return digits == by_phone[2]
    raise ValueError(query)


def page_of(
    rows: Sequence[Any], size: int, cursor: str | None
) -> tuple[list[Any], Any]:
    """Return one page of rows and the `meta` that says where the next one is."""
    start = int(cursor or 0)
    end = start + size
    more = end < len(rows)
    meta = {
        "has_more": more,
        "after_cursor": str(end) if more else None,
        "before_cursor": None,
    }
    return list(rows[start:end]), meta
