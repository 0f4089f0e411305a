"""
A desk without an API: a filing cabinet that only a person's hands reach.

It answers no request.  Records are `{"email": ..., "phone": ..., "customer_id": ...,
"rows": [...]}`; `copied` and `erased` are what a person does there with a person's
identifiers.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any, ClassVar

from connectors.fakes.frame import Call, FakeProcessor, Route

_NAMES = ("email", "phone", "customer_id")


class FakeDesk(FakeProcessor):
    """A returns desk with a filing cabinet."""

    name: ClassVar[str] = "desk"

    def routes(self) -> Sequence[Route]:
        """Return no operation: nobody can ask."""
        return ()

    def empty(self) -> dict[str, Any]:
        """Return an empty cabinet."""
        return {"files": []}

    def seed(self, records: Sequence[Mapping[str, Any]]) -> None:
        """Put files into the cabinet."""
        self.data["files"] += [dict(one) for one in records]

    def authorised(self, call: Call) -> bool:  # noqa: ARG002 (nobody calls)
        """Take no credentials."""
        return False

    def copied(self, values: Collection[str]) -> list[Mapping[str, Any]]:
        """Return what the cabinet holds of whoever has one of these identifiers."""
        return [row for one in self._of(values) for row in one["rows"]]

    def erased(self, values: Collection[str]) -> int:
        """Shred the files of whoever has one of these identifiers; counts them."""
        gone = self._of(values)
        self.data["files"] = [one for one in self.data["files"] if one not in gone]
        return len(gone)

    def _of(self, values: Collection[str]) -> list[dict[str, Any]]:
        files: list[dict[str, Any]] = self.data["files"]
        return [one for one in files if any(one.get(n) in values for n in _NAMES)]


def app() -> FakeDesk:
    """Return a fresh desk."""
    return FakeDesk()
