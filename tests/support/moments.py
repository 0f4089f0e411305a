"""
Die by SIGKILL at a named moment, in a process that tests started for it.

`KILL_AT` names the moment: `before` or `after`, a kind and words that it must hold,
and at which such moment, as in `after commit: INSERT INTO cases #2`.  At a `lost`
commit nobody dies: it is carried out, and its answer never comes.  Kinds are
`commit` (the words stand in a statement of the transaction), `send` (in the method and
URL of a request; after: the whole answer was read and nobody was told) and `publish`
(in a topic).  The orchestrator knows nothing of this: its libraries are wrapped.
"""

from __future__ import annotations

import os
import re
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import wraps
from signal import SIGKILL
from typing import Any

from sqlalchemy import Connection, Engine, event
from sqlalchemy.exc import OperationalError

from connectors.transport.wire import NoAnswer, Received, Sending, Wire
from orchestrator.adapters.embedded_log import EmbeddedLog
from orchestrator.adapters.kafka import KafkaPublisher
from orchestrator.ports.event_log import Message

_SPELLING = re.compile(r"(before|after|lost) (commit|send|publish): (.+) #(\d+)")


@dataclass(slots=True)
class Moment:
    """One moment, and how many like it are still to pass."""

    when: str
    kind: str
    words: str
    left: int

    @classmethod
    def read(cls, text: str) -> Moment:
        """Read the spelling of `KILL_AT`."""
        match = _SPELLING.fullmatch(text)
        assert match is not None, f"{text!r} names no moment"
        when, kind, words, number = match.groups()
        return cls(when, kind, words, int(number))


class Executioner:
    """Counts moments of one kind as they come, and kills this process at its own."""

    def __init__(self, moment: Moment) -> None:
        self._moment = moment
        self._lock = threading.Lock()

    def reached(self, when: str, text: str) -> None:
        """Die here, or lose the answer, if this is the moment."""
        moment = self._moment
        if when != moment.when or moment.words not in text:
            return
        with self._lock:
            moment.left -= 1
            is_now = moment.left == 0
        if is_now and when == "lost":
            raise OperationalError("COMMIT", {}, OSError("no answer"))
        if is_now:
            os.kill(os.getpid(), SIGKILL)

    def around(self, text: str, step: Callable[[], Any]) -> Any:  # noqa: ANN401
        """Take a step with both of its moments."""
        self.reached("before", text)
        result = step()
        self.reached("after", text)
        self.reached("lost", text)
        return result


def arm(text: str | None) -> None:
    """Wrap what the moment is about; without a text nothing is changed."""
    if not text:
        return
    moment = Moment.read(text)
    wrap = {"commit": _wrap_commits, "send": _wrap_sends, "publish": _wrap_publishes}
    wrap[moment.kind](Executioner(moment))


def _wrap_commits(executioner: Executioner) -> None:
    """Reach a moment around each commit, named by the transaction's statements."""
    commit = Connection.commit

    def remember(
        connection: Connection, _cursor: object, statement: str, *_: object
    ) -> None:
        connection.info.setdefault("statements", []).append(statement)

    def forget(connection: Connection) -> None:
        connection.info.pop("statements", None)

    @wraps(commit)
    def watched(connection: Connection) -> None:
        text = "\n".join(connection.info.pop("statements", ()))
        executioner.around(text, lambda: commit(connection))

    event.listen(Engine, "before_cursor_execute", remember)
    event.listen(Engine, "rollback", forget)
    Connection.commit = watched  # type: ignore[assignment, method-assign]


def _wrap_sends(executioner: Executioner) -> None:
    """Reach a moment around each request."""
    send = Wire.send

    @wraps(send)
    async def watched(wire: Wire, sending: Sending) -> Received | NoAnswer:
        text = f"{sending.method} {sending.url}"
        executioner.reached("before", text)
        outcome = await send(wire, sending)
        executioner.reached("after", text)
        return outcome

    Wire.send = watched  # type: ignore[assignment, method-assign]


def _wrap_publishes(executioner: Executioner) -> None:
    """Reach a moment around each batch that goes to the event log."""
    for log in (EmbeddedLog, KafkaPublisher):
        _wrap_publish(log, executioner)


def _wrap_publish(log: Any, executioner: Executioner) -> None:  # noqa: ANN401 (two classes)
    publish = log.publish

    @wraps(publish)
    def watched(self: object, messages: Sequence[Message]) -> Sequence[bool]:
        text = " ".join(message.topic for message in messages)
        answers: Sequence[bool] = executioner.around(
            text, lambda: publish(self, messages)
        )
        return answers

    log.publish = watched
