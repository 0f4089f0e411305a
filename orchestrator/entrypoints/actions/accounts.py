"""What people do with an account: see it, ask its name, pause it, let it go on."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import structlog

from orchestrator.adapters.reading.queries import Queries
from orchestrator.adapters.reading.views import AccountLine
from orchestrator.adapters.register import AccountEntry
from orchestrator.bootstrap.installation import Installation
from orchestrator.core.cases import TaskStatus
from orchestrator.core.words import AccountId
from orchestrator.errors import NotPossible, SetUpError
from orchestrator.ports import AccountState
from orchestrator.stages.work.pausing import ADVICE, OUR_PAUSES, mended_by_ping
from orchestrator.stages.work.pinging import ping_once
from orchestrator.stages.work.windows import held_until
from schemas.connecting import Mode

log = structlog.get_logger()

_CODE = re.compile(r"[a-z][a-z0-9_]{0,63}")


@dataclass(frozen=True, slots=True)
class Pinged:
    """What an account calls itself, and what that changed."""

    name: str
    is_anonymous: bool  # the register does not expect a name yet
    is_resumed: bool
    still_paused: str | None  # why it stays paused


class Accounts:
    """The register's accounts with what the database knows of them."""

    def __init__(self, installation: Installation) -> None:
        """Keep the parts; nothing is opened yet."""
        self._parts = installation

    def lines(self) -> Sequence[AccountLine]:
        """Return every account of the register, by name."""
        queries = Queries(self._parts.database)
        waiting = queries.tasks_by_account(TaskStatus.READY, TaskStatus.WAITING)
        people = queries.tasks_by_account(
            TaskStatus.NEEDS_HUMAN, TaskStatus.WITH_PERSON
        )
        states = {state.id: state for state in self._parts.claims.accounts()}
        return [
            self._line(entry, states.get(id_), waiting.get(id_, 0), people.get(id_, 0))
            for id_, entry in sorted(self._parts.register.accounts.items())
        ]

    def ping(self, name: str) -> Pinged:
        """Ask an account for its own name; a good answer ends a pause it mends."""
        entry = self._entry(name)
        parts = self._parts
        account = parts.account(entry)
        answer = asyncio.run(ping_once(account, parts.clock.monotonic()))
        parts.claims.register([entry.id])
        parts.claims.note_ping(entry.id, answer, parts.clock.now())
        mended = mended_by_ping(entry.installation)
        is_resumed = parts.claims.resume(entry.id, only=mended)
        still = self._paused_reason(entry.id)
        return Pinged(answer, entry.installation is None, is_resumed, still)

    def pause(self, name: str, reason: str, by: str) -> None:
        """
        Stop calling an account until a person resumes it.

        A worker's own pause gives way.  Raises `NotPossible` if a person paused it.
        """
        if not _CODE.fullmatch(reason):
            raise SetUpError("--reason takes one word of small letters, such as audit.")
        if reason in OUR_PAUSES:
            raise SetUpError(
                f"--reason {reason} is a worker's own word; write another, such as"
                " audit."
            )
        entry = self._entry(name)
        claims = self._parts.claims
        claims.register([entry.id])
        now = self._parts.clock.now()
        if not claims.pause(entry.id, reason, by, now, over=OUR_PAUSES):
            before = self._paused_reason(entry.id)
            raise NotPossible(f"{name} is paused already ({before}).")
        log.warning("account_paused", account=name, reason=f"{reason} by {by}")

    def resume(self, name: str, by: str) -> None:
        """Go on calling an account; raises `NotPossible` if it is not paused."""
        entry = self._entry(name)
        if not self._parts.claims.resume(entry.id):
            raise NotPossible(f"{name} is not paused.")
        log.warning("account_resumed", account=name, reason=f"by {by}")

    def _entry(self, name: str) -> AccountEntry:
        """Return an account's entry; raises `SetUpError` for a stranger."""
        known = self._parts.register.accounts
        entry = known.get(AccountId(name))
        if entry is None:
            raise SetUpError(
                f"There is no account {name} in the register; it has"
                f" {', '.join(sorted(known))}."
            )
        return entry

    def _paused_reason(self, id_: AccountId) -> str | None:
        """Return why an account is paused."""
        for state in self._parts.claims.accounts():
            if state.id == id_:
                return state.paused_reason
        return None

    def _line(
        self, entry: AccountEntry, state: AccountState | None, waiting: int, people: int
    ) -> AccountLine:
        """Return one account as people see it."""
        until = state.lease_until if state else None
        reason = state.paused_reason if state else None
        is_owned = until is not None and until > self._parts.clock.now()
        return AccountLine(
            id=entry.id,
            connector=entry.connector,
            environment=entry.environment,
            mode=entry.mode.value,
            state=_state(entry, state, is_owned=is_owned),
            reason=reason,
            paused_by=state.paused_by if state else None,
            paused_at=state.paused_at if state else None,
            owner=state.owner if state and is_owned else None,
            installation=state.installation if state else None,
            pinged_at=state.pinged_at if state else None,
            waiting_tasks=waiting,
            tasks_needing_people=people,
            advice=_advice(entry.id, reason),
            held_until=_held_until(state, self._parts.clock.now()),
        )


def _held_until(state: AccountState | None, now: datetime) -> datetime | None:
    """Return until when the processor asked not to be called, if that is ahead."""
    if state is None or state.windows is None or state.windows_at is None:
        return None
    until = held_until(state.windows, state.windows_at)
    return until if until > now else None


def _advice(account: AccountId, reason: str | None) -> str | None:
    """Say what ends a pause."""
    if reason is None:
        return None
    return ADVICE.get(reason, f"a person paused it: `erasure account resume {account}`")


def _state(entry: AccountEntry, state: AccountState | None, *, is_owned: bool) -> str:
    """Say in a word whether an account is worked for."""
    if entry.mode is Mode.OFF:
        return "off"
    if state is not None and state.paused_reason is not None:
        return "paused"
    return "running" if is_owned else "nobody works for it"
