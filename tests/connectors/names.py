"""A name server of a test's own, whose answers may change."""

from __future__ import annotations

import socket
from collections.abc import Mapping, Sequence

from aiohttp.abc import ResolveResult


class Names:
    """Gives the next of the answers for a name; the last one stays."""

    def __init__(self, answers: Mapping[str, Sequence[Sequence[str]]]) -> None:
        """Take for each name its answers, each a list of addresses."""
        self._answers = {name: list(these) for name, these in answers.items()}
        self.asked: list[str] = []

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        """Answer, or raise `OSError` for a name that is not known."""
        self.asked.append(host)
        answers = self._answers.get(host)
        if not answers:
            raise OSError(socket.EAI_NONAME, "name not known")
        answer = answers.pop(0) if len(answers) > 1 else answers[0]
        return [
            ResolveResult(
                hostname=host,
                host=address,
                port=port,
                family=socket.AF_INET6 if ":" in address else family,
                proto=0,
                flags=0,
            )
            for address in answer
        ]
