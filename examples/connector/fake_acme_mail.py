"""
A stateful Acme Mail: contacts, their messages, and the refusals of the real one.

Seed: `{"id": …, "email": …, "name": …, "messages": [{…}, …]}`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from starlette.responses import JSONResponse, Response

from connectors.fakes.frame import Call, FakeProcessor, Route

TOKEN = "acme-token"  # noqa: S105 (an invented secret)
ACCOUNT = "acme-1"

_PAGE = 500


class FakeAcmeMail(FakeProcessor):
    """One Acme Mail account."""

    name: ClassVar[str] = "acme-mail"

    def routes(self) -> Sequence[Route]:
        """Return the operations that the connector declares, under the same names."""
        one = "/v3/contacts/{id}"
        return (
            Route("account", "GET", "/v3/account", self._account),
            Route("search", "POST", "/v3/contacts/search", self._search),
            Route("read", "GET", one, self._read),
            Route("messages", "GET", f"{one}/messages", self._messages),
            Route("delete", "DELETE", one, self._delete),
        )

    def empty(self) -> dict[str, Any]:
        """Return an account without contacts."""
        return {"contacts": {}, "messages": {}}

    def seed(self, records: Sequence[Mapping[str, Any]]) -> None:
        """Put contacts in, with what was sent to them."""
        for record in records:
            id_ = record["id"]
            self.data["contacts"][id_] = {
                "id": id_,
                "email": record["email"].lower(),
                "name": record["name"],
                "created_at": "2024-03-01T09:30:00+00:00",
            }
            self.data["messages"][id_] = [
                {"contact": id_, "sent": sent} for sent in record.get("messages", [])
            ]

    def authorised(self, call: Call) -> bool:
        """Take the account's token."""
        return call.headers.get("authorization") == f"Bearer {TOKEN}"

    def _account(self, _call: Call) -> Response:
        return JSONResponse({"account": ACCOUNT})

    def _search(self, call: Call) -> Response:
        email = call.json()["email"].lower()
        kept = self.data["contacts"].values()
        return JSONResponse({"contacts": [it for it in kept if it["email"] == email]})

    def _read(self, call: Call) -> Response:
        contact = self.data["contacts"].get(call.path["id"])
        return JSONResponse(contact) if contact else _unknown()

    def _messages(self, call: Call) -> Response:
        messages = self.data["messages"].get(call.path["id"])
        if messages is None:
            return _unknown()
        start = int(call.query.get("after") or 0)
        following = start + _PAGE
        more = str(following) if following < len(messages) else None
        return JSONResponse({"messages": messages[start:following], "next": more})

    def _delete(self, call: Call) -> Response:
        if self.data["contacts"].pop(call.path["id"], None) is None:
            return _unknown()
        del self.data["messages"][call.path["id"]]
        return Response(status_code=204)


def app() -> FakeAcmeMail:
    """Return a fresh account."""
    return FakeAcmeMail()


def _unknown() -> Response:
    return JSONResponse({"code": "contact_not_found"}, 404)
