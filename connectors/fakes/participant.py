"""
A service of one's own that takes part by topic, without the topic.

Publications are handed to it (`take`), and what it answers waits in `letters`, as
records of `privacy.confirmations` would.  It verifies with `trusts`, our public key,
once it is told one.  A record to seed has a `reference` and any of `email`, `phone`,
`customer_id`, `name` and `rows` (how many rows it has in a copy, 1).

Control verbs: `trusts`; `seals_to` (our public key, for copies); `is_away` (true: takes
nothing); `says` (a status to answer with instead, such as `in_progress`).
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from connectors.fakes.frame import Call, FakeProcessor, Letter, Route
from connectors.fakes.team_keys import SEALING, SIGNING, public, signed
from connectors.signed.dsse import unverified_payload, verified
from connectors.signed.sealing import seal, unseal
from schemas.instructions import (
    ANSWER_MEDIA_TYPE,
    INSTRUCTION_MEDIA_TYPE,
    Publication,
)

SIGNING_KEY = public(SIGNING)
SEALING_KEY = public(SEALING)

Record = dict[str, Any]


class FakeParticipant(FakeProcessor):
    """One service that reads instructions."""

    name = "participant"

    def routes(self) -> Sequence[Route]:
        """Return nothing: it is not reached over HTTP."""
        return ()

    def empty(self) -> dict[str, Any]:
        """Return a service that knows nobody."""
        return {
            "records": {},
            "answers": {},
            "letters": [],
            "trusts": None,
            "seals_to": None,
            "is_away": False,
            "says": None,
        }

    def seed(self, records: Sequence[Mapping[str, Any]]) -> None:
        """Put records in, by their reference."""
        for record in records:
            self.data["records"][record["reference"]] = dict(record)

    def authorised(self, call: Call) -> bool:  # noqa: ARG002 (the frame's)
        """Let nobody in: there is no door."""
        return False

    def command(self, verb: str, body: Any) -> Any:  # noqa: ANN401 (JSON)
        """Set what a verb names."""
        if verb not in {"trusts", "seals_to", "is_away", "says"}:
            raise LookupError(verb)
        self.data[verb] = body

    def take(self, publication: Publication) -> None:
        """Read one record of its topic, and answer; the same again is the same."""
        if self.data["is_away"]:
            return
        trusts = self.data["trusts"]
        payload = (
            verified(publication.value, [trusts], INSTRUCTION_MEDIA_TYPE)
            if trusts
            else unverified_payload(publication.value)
        )
        asked: Record = json.loads(payload)
        id_ = asked["instruction_id"]
        if self.data["says"] is not None:
            self._reply(asked, {"status": self.data["says"]})
            return
        if id_ not in self.data["answers"]:
            self.data["answers"][id_] = self._carried_out(asked)
        self._reply(asked, self.data["answers"][id_])

    def letters(self) -> Sequence[Letter]:
        """Return what it has answered since it was asked last."""
        waiting, self.data["letters"] = self.data["letters"], []
        return [({}, body.encode()) for body in waiting]

    def _carried_out(self, asked: Record) -> Record:
        raw = SEALING.public_key().public_bytes_raw()
        opened = unseal(asked["sealed"], SEALING.private_bytes_raw(), raw)
        wanted = {(it["type"], it["value"]) for it in json.loads(opened)["identifiers"]}
        theirs = [
            reference
            for reference, it in self.data["records"].items()
            if any((name, it.get(name)) in wanted for name in it)
        ]
        if not theirs:
            return {"status": "nothing_found"}
        if asked["action"] == "erase":
            for reference in theirs:
                del self.data["records"][reference]
            return {"status": "done"}
        rows = [row for it in theirs for row in _rows(self.data["records"][it])]
        sealed = seal(json.dumps({"rows": rows}).encode(), self.data["seals_to"])
        return {"status": "done", "count": len(rows), "sealed_rows": sealed}

    def _reply(self, asked: Record, said: Record) -> None:
        """Sign an answer and leave it to be read."""
        named = {it: asked[it] for it in ("specversion", "instruction_id", "account")}
        payload = json.dumps({**named, **said}).encode()
        self.data["letters"].append(signed(payload, ANSWER_MEDIA_TYPE).decode("ascii"))


def _rows(record: Record) -> list[Record]:
    """Return a record's rows."""
    data = {name: it for name, it in record.items() if name != "rows"}
    row = {"category": "visits", "provenance": "observed", "subject": record["email"]}
    more = [{**row, "data": {"visit": n}} for n in range(1, record.get("rows", 1))]
    return [{**row, "data": data}, *more]


def app() -> FakeProcessor:
    """Return a service that knows nobody."""
    return FakeParticipant()
