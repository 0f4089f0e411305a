"""
A controller of its own with an endpoint for notices: docs/connectors/notify.md.

It verifies each notice (with `trusts`, our public key, once it is told one) and keeps
it by its id, so that a notice that comes twice is one.  Nobody is seeded: who is told
need not know the person.

Control verbs: `trusts`; `signs` (false: a plain answer, as most recipients give);
`refuses` (a code: every notice is refused with it).
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

TOKEN = "notify-token"  # noqa: S105 (invented)
NAME = "ads-exchange-eu"
TEAM_KEY = public(SIGNING)


class FakeNotify(FakeProcessor):
    """One recipient that is told."""

    name = "notify"

    def routes(self) -> Sequence[Route]:
        """Return the operations of the protocol."""
        return (
            Route("installation", "GET", "/installation", self._installation),
            Route("tell", "POST", "/notices", self._tell),
        )

    def empty(self) -> dict[str, Any]:
        """Return a recipient that was told nothing."""
        return {"notices": {}, "trusts": None, "signs": True, "refuses": None}

    def seed(self, records: Sequence[Mapping[str, Any]]) -> None:
        """Do nothing: whom it knows is its own affair."""

    def authorised(self, call: Call) -> bool:
        """Take the bearer token."""
        return call.headers.get("authorization") == f"Bearer {TOKEN}"

    def command(self, verb: str, body: Any) -> Any:  # noqa: ANN401 (JSON)
        """Set what a verb names."""
        if verb not in {"trusts", "signs", "refuses"}:
            raise LookupError(verb)
        self.data[verb] = body

    def _installation(self, call: Call) -> Response:  # noqa: ARG002 (the frame's)
        return JSONResponse({"name": NAME})

    def _tell(self, call: Call) -> Response:
        """Keep a notice, and say that it came."""
        notice = self._notice(call)
        refused = self.data["refuses"]
        if refused is None:
            self.data["notices"][notice["instruction_id"]] = notice["about"]
        said: dict[str, object] = {"status": "done"}
        if refused is not None:
            said = {"status": "refused", "code": refused}
        return self._said(notice, said)

    def _notice(self, call: Call) -> dict[str, Any]:
        """Verify a notice and read it; anything else is a bad request."""
        trusts = self.data["trusts"]
        try:
            payload = (
                verified(call.body, [trusts], INSTRUCTION_MEDIA_TYPE)
                if trusts
                else unverified_payload(call.body)
            )
        except NotVerified as error:
            raise ValueError(str(error)) from None
        notice: dict[str, Any] = json.loads(payload)
        if notice["action"] != "notify":
            raise ValueError(notice["action"])
        return notice

    def _said(self, notice: Mapping[str, Any], said: Mapping[str, object]) -> Response:
        payload = json.dumps(
            {
                "specversion": "1",
                "instruction_id": notice["instruction_id"],
                "account": notice["account"],
                **said,
            }
        ).encode()
        body = signed(payload, ANSWER_MEDIA_TYPE) if self.data["signs"] else payload
        return Response(body, 202, media_type="application/json")


def app() -> FakeProcessor:
    """Return a recipient that was told nothing."""
    return FakeNotify()
