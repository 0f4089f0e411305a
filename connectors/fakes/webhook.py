"""
An in-house system behind one endpoint: the protocol of docs/connectors/webhook.md.

It verifies each instruction (with `trusts`, our public key, once it is told one),
remembers what it answered to an `instruction_id`, and signs its answers.  A record to
seed has a `reference` and any of `email`, `phone`, `customer_id`, `name`, `kind`,
`record_class`, `since`, `rows` (how many rows it has in a copy, 1) and `open`: the word
for what is not over (`order_open`), as long as which it is not erased.

Control verbs: `trusts`; `works` (`at_once`; `later`: accepts and goes one state
further with each question; `calls_back`: accepts, and tells the end by `letter` only);
`end` (the accepted work is done now); `signs` (false: plain answers); `page` (rows on a
page).
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from starlette.responses import JSONResponse, Response

from connectors.fakes.frame import Call, FakeProcessor, Route
from connectors.fakes.team_keys import SIGNING, public, signed
from connectors.signed.dsse import NotVerified, unverified_payload, verified
from schemas.instructions import ANSWER_MEDIA_TYPE, INSTRUCTION_MEDIA_TYPE

TOKEN = "webhook-token"  # noqa: S105 (invented)
NAME = "loyalty-eu"
TEAM_KEY = public(SIGNING)

Record = dict[str, Any]


class FakeWebhook(FakeProcessor):
    """One in-house system."""

    name = "webhook"

    def routes(self) -> Sequence[Route]:
        """Return the operations of the protocol."""
        follow = "/instructions/{instruction_id}"
        return (
            Route("installation", "GET", "/installation", self._installation),
            Route("search", "POST", "/searches", self._search),
            Route("export", "POST", "/exports", self._export),
            Route("erase", "POST", "/erasures", self._erase),
            Route("follow", "GET", follow, self._follow),
        )

    def empty(self) -> dict[str, Any]:
        """Return a system that knows nobody."""
        return {
            "records": {},
            "answers": {},
            "waiting": {},
            "trusts": None,
            "works": "at_once",
            "signs": True,
            "page": 1000,
        }

    def seed(self, records: Sequence[Mapping[str, Any]]) -> None:
        """Put records in, by their reference."""
        for record in records:
            self.data["records"][record["reference"]] = dict(record)

    def authorised(self, call: Call) -> bool:
        """Take the bearer token."""
        return call.headers.get("authorization") == f"Bearer {TOKEN}"

    def command(self, verb: str, body: Any) -> Any:  # noqa: ANN401 (JSON)
        """Set what a verb names, or `end` what waits."""
        match verb:
            case "trusts" | "works" | "signs" | "page":
                self.data[verb] = body
            case "end":
                for id_ in list(self.data["waiting"]):
                    self._finish(id_)
            case _:
                raise LookupError(verb)

    # --- the operations -----------------------------------------------------------

    def _installation(self, call: Call) -> Response:  # noqa: ARG002 (the frame's)
        return JSONResponse({"name": NAME})

    def _search(self, call: Call) -> Response:
        asked = self._instruction(call, "locate")
        found = self._named(asked)
        said: Record = {"status": "done" if found else "nothing_found"}
        if found:
            said["records"] = [_shown(it) for it in found]
            said["learned"] = {
                name: it[name] for it in found for name in ("loyalty_id",) if name in it
            }
        return self._said(asked, said)

    def _erase(self, call: Call) -> Response:
        return self._take(self._instruction(call, "erase"))

    def _export(self, call: Call) -> Response:
        return self._take(self._instruction(call, "export"))

    def _take(self, asked: Record) -> Response:
        """Do it, or accept it; an instruction that was taken is not taken again."""
        id_ = asked["instruction_id"]
        if id_ not in self.data["answers"]:
            self.data["waiting"].setdefault(id_, asked)
            if self.data["works"] in ("later", "calls_back"):
                return self._said(asked, {"status": "accepted", "check_after": 60})
            self._finish(id_)
        return self._page(asked, None)

    def _follow(self, call: Call) -> Response:
        id_ = call.path["instruction_id"]
        cursor = call.query.get("cursor")
        if self.data["works"] == "calls_back" and (asked := self._unheard(id_)):
            return self._said(asked, {"status": "in_progress"})
        if id_ in self.data["waiting"]:
            asked = self.data["waiting"][id_]
            self._finish(id_)
            return self._said(asked, {"status": "in_progress"})
        if id_ not in self.data["answers"]:
            return Response(status_code=404)
        return self._page(self.data["answers"][id_]["asked"], cursor)

    # --- what it does -------------------------------------------------------------

    def letter(self, id_: str) -> bytes:
        """Return what it calls back about an instruction that has come to its end."""
        asked = self.data["answers"][id_]["asked"]
        said = {"status": self.data["answers"][id_]["status"]}
        return bytes(self._said(asked, said).body)

    def _unheard(self, id_: str) -> Record | None:
        """Return an instruction whose end no question is told: a copy is fetched."""
        if id_ in self.data["waiting"]:
            found: Record = self.data["waiting"][id_]
            return found
        done: Record = self.data["answers"].get(id_, {}).get("asked", {})
        return done if done.get("action") == "erase" else None

    def _instruction(self, call: Call, action: str) -> Record:
        """Verify an instruction and read it; anything else is a bad request."""
        trusts = self.data["trusts"]
        try:
            payload = (
                verified(call.body, [trusts], INSTRUCTION_MEDIA_TYPE)
                if trusts
                else unverified_payload(call.body)
            )
        except NotVerified as error:
            raise ValueError(str(error)) from None
        asked: Record = json.loads(payload)
        if asked["action"] != action:
            raise ValueError(action)
        return asked

    def _named(self, asked: Record) -> list[Record]:
        """Return the records that carry one of the person's identifiers."""
        wanted = {(it["type"], it["value"]) for it in asked["about"]["identifiers"]}
        return [
            it
            for it in self.data["records"].values()
            if any((name, it.get(name)) in wanted for name in it)
        ]

    def _finish(self, id_: str) -> None:
        """Carry out what was asked, and remember the answer."""
        asked = self.data["waiting"].pop(id_)
        references = [it["reference"] for it in asked["about"]["records"]]
        kept = [it for it in references if it in self.data["records"]]
        left: list[str] = []
        if asked["action"] == "erase":
            left = [it for it in kept if self.data["records"][it].get("open")]
            for reference in set(kept) - set(left):
                del self.data["records"][reference]
        rows = [
            row
            for it in kept
            if asked["action"] == "export"
            for row in _rows(self.data["records"][it])
        ]
        status = "done" if kept else "nothing_found"
        # What it remembers of an erasure names nobody.
        asked = {name: it for name, it in asked.items() if name != "about"}
        answer = {"asked": asked, "status": status, "rows": rows}
        if left:
            answer["status"] = "still_open"
            answer["code"] = self.data["records"][left[0]]["open"]
            answer["records"] = [{"reference": it} for it in left]
        self.data["answers"][id_] = answer

    def _page(self, asked: Record, cursor: str | None) -> Response:
        """Answer with one page of what was done."""
        done = self.data["answers"][asked["instruction_id"]]
        said: Record = {
            name: done[name] for name in ("status", "code", "records") if name in done
        }
        if asked["action"] == "export" and done["rows"]:
            start, size = int(cursor or 0), self.data["page"]
            said["rows"] = done["rows"][start : start + size]
            said["cursor"] = cursor
            if start + size < len(done["rows"]):
                said["next"] = str(start + size)
            else:
                said["count"] = len(done["rows"])
        return self._said(asked, said)

    def _said(self, asked: Record, said: Record) -> Response:
        """Sign an answer."""
        payload = json.dumps(
            {
                "specversion": "1",
                "instruction_id": asked["instruction_id"],
                "account": asked["account"],
                **said,
            }
        ).encode()
        status = 202 if said["status"] == "accepted" else 200
        body = signed(payload, ANSWER_MEDIA_TYPE) if self.data["signs"] else payload
        return Response(body, status, media_type="application/json")


def _shown(record: Record) -> Record:
    """Return a record as a search shows it."""
    return {
        "reference": record["reference"],
        "kind": record.get("kind", "member"),
        "record_class": record.get("record_class", "customer_account"),
        "since": record.get("since"),
    }


def _rows(record: Record) -> list[Record]:
    """Return a record's rows."""
    data = {name: it for name, it in record.items() if name != "rows"}
    row = {
        "category": "membership",
        "provenance": "provided",
        "subject": record["reference"],
        "data": data,
    }
    return [row] + [
        {**row, "provenance": "observed", "data": {"visit": n}}
        for n in range(1, record.get("rows", 1))
    ]


def app() -> FakeProcessor:
    """Return a system that knows nobody."""
    return FakeWebhook()
