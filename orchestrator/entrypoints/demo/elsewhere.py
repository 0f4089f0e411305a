"""
What goes on outside while the demo runs: other companies' jobs, services and people.

Vendors end what they accepted, the data platform calls back, the returns service reads
its topic and answers, two desks do their work by hand, as `erasure task` lets them, and
the privacy office decides.
"""

from __future__ import annotations

import threading
from base64 import b64encode
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from typing import Final

import httpx

from orchestrator.bootstrap.installation import Installation
from orchestrator.entrypoints.demo.desks import Desks
from orchestrator.entrypoints.demo.fakes import (
    CALLING_BACK,
    DESKS,
    PARTICIPANT,
    TEAM_KEYS,
)
from orchestrator.entrypoints.demo.folder import Folder
from orchestrator.entrypoints.demo.office import Office
from orchestrator.entrypoints.demo.platform import Platform
from orchestrator.entrypoints.demo.processors import Processors
from orchestrator.entrypoints.demo.returns import Returns

_EVERY: Final = 0.15  # seconds between two looks of whoever works elsewhere
# What vendors do by themselves, as the fakes' own control verbs.
_BEHIND: Final = (("zendesk", "run"), ("zendesk", "complete"), ("iterable", "process"))

Turn = Callable[[], None]


@dataclass(slots=True)
class Elsewhere:
    """
    A thread in which everybody else takes turns, until it is stopped.

    It calls *give_up* once somebody failed, since then no answer may come.
    """

    installation: Installation
    processors: Processors
    folder: Folder
    office: Office
    give_up: Callable[[], None]
    _stopping: threading.Event = field(default_factory=threading.Event)
    _failures: list[Exception] = field(default_factory=list)
    _thread: threading.Thread | None = None

    def start(self) -> None:
        """Give our public key to whoever verifies us, and begin."""
        key = b64encode(
            self.installation.keys.signing_key.public_key().public_bytes_raw()
        ).decode("ascii")
        for account in TEAM_KEYS:
            if account in self.processors.accounts:
                self.processors.tell(account, "trusts", key)
        self._thread = threading.Thread(
            target=self._run, args=(self._turns(),), name="elsewhere", daemon=True
        )
        self._thread.start()

    def stop(self) -> None:
        """End the thread; raises what ended it before."""
        self.end()
        if self._failures:
            raise self._failures[0]

    def end(self) -> None:
        """End the thread, whatever became of it."""
        self._stopping.set()
        if self._thread is not None:
            self._thread.join()

    def _turns(self) -> Sequence[Turn]:
        accounts = self.processors.accounts
        turns: list[Turn] = [self.office.turn]
        turns += [
            partial(self.processors.tell, account, verb)
            for account, verb in _BEHIND
            if account in accounts
        ]
        if CALLING_BACK in accounts:
            turns.append(Platform(self.processors, self._callback_url()).turn)
        if PARTICIPANT in accounts:
            turns.append(Returns(self.installation, self.processors).turn)
        if DESKS.intersection(accounts):
            turns.append(Desks(self.installation, self.processors, self.folder).turn)
        return turns

    def _callback_url(self) -> str:
        bind = self.installation.settings.callback_bind
        return f"http://{bind}/callbacks/{CALLING_BACK}"

    def _run(self, turns: Sequence[Turn]) -> None:
        while not self._stopping.wait(_EVERY):
            try:
                for turn in turns:
                    # Nobody listens yet, or not any more: they come again.
                    with suppress(httpx.ConnectError):
                        turn()
            except Exception as error:  # noqa: BLE001 (told by the main thread)
                self._failures.append(error)
                self.give_up()
                return
