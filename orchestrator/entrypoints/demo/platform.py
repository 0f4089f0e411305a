"""The customer data platform: it ends what it accepted, and calls back, signed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from connectors.fakes.opendsr import FakeOpenDsr
from orchestrator.entrypoints.demo.fakes import CALLING_BACK
from orchestrator.entrypoints.demo.processors import Processors


@dataclass(slots=True)
class Platform:
    """Calls back at *url* once for each request that is over."""

    processors: Processors
    url: str
    _told: set[str] = field(default_factory=set)

    def turn(self) -> None:
        """End what is open, and say so; what was not taken is said again."""
        self.processors.tell(CALLING_BACK, "end")
        requests: Mapping[str, Any] = self.processors.state(CALLING_BACK)["requests"]
        fake = self.processors.fakes[CALLING_BACK]
        for id_, request in requests.items():
            is_new = request["status"] == "completed" and id_ not in self._told
            if is_new and isinstance(fake, FakeOpenDsr):
                headers, body = fake.callback(id_)
                if self.processors.call_back(self.url, headers, body):
                    self._told.add(id_)
