"""
A stateful Iterable project: profiles, their events, and who is never to be collected.

It obeys the vendor's file (Iterable/api-client@981eeb5 api-docs.json) and support
pages, read 2026-11, and refuses what Iterable refuses: a key that the project is not
told apart by, the list of forgotten e-mails in a project without them, the deletion of
somebody unknown, and more than 1,000 forgotten people a day.

Deletions end behind the call: the control verb `process` lets them.  `project` sets how
people are told apart (`email`, `user_id`, `hybrid`), `day` begins another day, and
`event` lets an event arrive, which makes a profile unless its person is forgotten.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from hashlib import sha256
from typing import Any

from starlette.responses import JSONResponse, Response

from connectors.fakes.frame import Call, FakeProcessor, Route

API_KEY = "iterable-api-key"
CHANNELS = (40211, 40207)
INSTALLATION = "channel-40207"
FORGETS_A_DAY = 1000

_KINDS = ("email", "userId")
_FIT: Mapping[str, tuple[str, ...]] = {
    "email": ("email",),
    "user_id": ("userId",),
    "hybrid": _KINDS,
}

Record = dict[str, Any]


class FakeIterable(FakeProcessor):
    """One Iterable project."""

    name = "iterable"

    def routes(self) -> Sequence[Route]:
        """Return the operations the connector uses; plain paths before addresses."""
        by_email, by_id = "/api/users/{email}", "/api/users/byUserId/{userId}"
        listed = self._listing
        return (
            Route("channels", "GET", "/api/channels", self._channels),
            Route("events", "GET", "/api/export/userEvents", self._events),
            Route("forgotten", "GET", "/api/users/forgotten", listed("email")),
            Route(
                "forgotten_user_ids",
                "GET",
                "/api/users/forgottenUserIds",
                listed("userId"),
            ),
            Route("forget", "POST", "/api/users/forget", self._forget),
            Route(
                "unsubscribe",
                "POST",
                "/api/users/updateSubscriptions",
                self._unsubscribe,
            ),
            Route("read_by_email", "GET", by_email, self._read),
            Route("read_by_user_id", "GET", by_id, self._read),
            Route("delete_by_email", "DELETE", by_email, self._delete),
            Route("delete_by_user_id", "DELETE", by_id, self._delete),
        )

    def empty(self) -> dict[str, Any]:
        """Return a project without profiles."""
        return {
            "profiles": [],
            "forgotten": {"email": [], "userId": []},
            "waiting": [],
            "project": "email",
            "forgets_left": FORGETS_A_DAY,
        }

    def seed(self, records: Sequence[Mapping[str, Any]]) -> None:
        """Put profiles in: `email`, `userId`, `dataFields` and `events`."""
        for record in records:
            self.data["profiles"].append(
                {
                    "email": record.get("email", "").lower(),
                    "userId": record.get("userId"),
                    "dataFields": record.get("dataFields", {}),
                    "events": list(record.get("events", [])),
                }
            )

    def authorised(self, call: Call) -> bool:
        """Take the project's key."""
        return call.headers.get("api-key") == API_KEY

    def refusal(self, status: int) -> Response:
        """Word an error as Iterable does."""
        codes = {401: "BadApiKey", 403: "Forbidden", 429: "RateLimitExceeded"}
        code = codes.get(status, "BadParams" if status < 500 else "GenericError")  # noqa: PLR2004
        return _said(code, f"error {status}", status)

    def command(self, verb: str, body: Any) -> Any:  # noqa: ANN401 (JSON)
        """Obey `process`, `project`, `day` and `event`."""
        match verb:
            case "process":
                self._process()
            case "project":
                self.data["project"] = body
            case "day":
                self.data["forgets_left"] = FORGETS_A_DAY
            case "event":
                self._arrive(body)
            case _:
                raise LookupError(verb)

    # --- the operations -----------------------------------------------------------

    def _channels(self, _: Call) -> Response:
        channels = [
            {"id": it, "name": f"Channel {it}", "channelType": "Marketing"}
            for it in CHANNELS
        ]
        return JSONResponse({"channels": channels})

    def _read(self, call: Call) -> Response:
        ((kind, value),) = call.path.items()
        found = self._named(kind, value)
        # Iterable has no 404: an empty object is nobody.
        return JSONResponse({"user": _shown(found[0])} if found else {})

    def _events(self, call: Call) -> Response:
        named = [(it, call.query[it]) for it in _KINDS if it in call.query]
        if len(named) != 1:
            return self.refusal(400)
        rows = [row for it in self._named(*named[0]) for row in _rows(it)]
        if call.query.get("includeCustomEvents") != "true":
            rows = [row for row in rows if row["eventType"] != "customEvent"]
        text = "".join(json.dumps(row) + "\n" for row in rows)
        return Response(text, media_type="application/x-json-stream")

    def _listing(self, kind: str) -> Callable[[Call], Response]:
        """Return the handler that lists the forgotten of one kind."""
        name = "hashedEmails" if kind == "email" else "hashedUserIds"

        def handle(_: Call) -> Response:
            if kind not in _FIT[self.data["project"]]:
                return self.refusal(400)
            return JSONResponse({name: self.data["forgotten"][kind]})

        return handle

    def _forget(self, call: Call) -> Response:
        kind, value = self._one_key(call.json())
        if self.data["forgets_left"] < 1:
            # Documented as a daily cap, without a Retry-After.
            return self.refusal(429)
        self.data["forgets_left"] -= 1
        self.data["waiting"].append({"kind": kind, "value": value, "block": True})
        return _said("Success", "Forgotten")

    def _unsubscribe(self, call: Call) -> Response:
        body = call.json()
        kind, value = self._one_key(body)
        found = self._named(kind, value)
        if not found:
            return _unknown(kind, value)
        for profile in found:
            profile["dataFields"] |= {
                name: body[name] for name in ("emailListIds", "unsubscribedChannelIds")
            }
        return _said("Success", "Updated")

    def _delete(self, call: Call) -> Response:
        ((kind, value),) = call.path.items()
        if kind == "email" and self.data["project"] == "user_id":
            return self.refusal(400)
        if not self._named(kind, value):
            return _unknown(kind, value)
        self.data["waiting"].append({"kind": kind, "value": value, "block": False})
        return _said("Success", "User deletion is being processed")

    # --- what goes on behind --------------------------------------------------------

    def _one_key(self, body: Mapping[str, Any]) -> tuple[str, str]:
        """Take the one key of a body; raises `ValueError` where it does not fit."""
        named = [(it, body[it]) for it in _KINDS if it in body]
        if len(named) != 1 or named[0][0] not in _FIT[self.data["project"]]:
            raise ValueError(named)
        kind, value = named[0]
        if not isinstance(value, str) or not value:
            raise ValueError(kind)
        return kind, value

    def _named(self, kind: str, value: str) -> list[Record]:
        """Return the profiles under a key; user ids may be shared."""
        wanted = value.lower() if kind == "email" else value
        return [it for it in self.data["profiles"] if it[kind] == wanted]

    def _process(self) -> None:
        """End what waits: take profiles away, and note who is not to come back."""
        for job in self.data["waiting"]:
            gone = self._named(job["kind"], job["value"])
            left = [it for it in self.data["profiles"] if it not in gone]
            self.data["profiles"] = left
            hashes = self.data["forgotten"][job["kind"]]
            if job["block"] and _digest(job["value"]) not in hashes:
                hashes.append(_digest(job["value"]))
        self.data["waiting"] = []

    def _arrive(self, event: Mapping[str, Any]) -> None:
        """Collect an event; nobody who is forgotten comes back by one."""
        kind, value = next((it, event[it]) for it in _KINDS if it in event)
        if _digest(value) in self.data["forgotten"][kind]:
            return
        if not self._named(kind, value):
            self.seed([{kind: value}])
        self._named(kind, value)[0]["events"].append({"eventType": "customEvent"})


def app() -> FakeIterable:
    """Return a fresh project."""
    return FakeIterable()


def _said(code: str, text: str, status: int = 200) -> Response:
    return JSONResponse({"code": code, "msg": text, "params": {}}, status)


def _unknown(kind: str, value: str) -> Response:
    email, user_id = (value, "") if kind == "email" else ("", value)
    text = f"User does not exist. Email: {email} UserId: {user_id}"
    return _said("BadParams", text, 400)


def _digest(value: str) -> str:
    return sha256(value.strip().lower().encode()).hexdigest()


def _shown(profile: Record) -> Record:
    shown = {"email": profile["email"], "dataFields": profile["dataFields"]}
    return {**shown, "userId": profile["userId"]} if profile["userId"] else shown


def _rows(profile: Record) -> list[Record]:
    """Return a profile's events as the export writes them."""
    own = {it: profile[it] for it in _KINDS if profile[it]}
    return [
        {"createdAt": "2026-11-02 09:00:00 +00:00", **own, **it}
        for it in profile["events"]
    ]
