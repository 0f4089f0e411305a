"""Claim due tasks, and open of the vault just what their connectors may read."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import (
    Awaitable,
    Callable,
    Collection,
    Iterator,
    Mapping,
    Sequence,
)
from datetime import datetime
from functools import partial
from typing import Any

from orchestrator.core.answer.dossier import (
    ALL_IDENTIFIERS,
    items_name,
    load_identifiers,
    load_items,
    ticket_name,
)
from orchestrator.core.cases import Step
from orchestrator.core.words import AccountId, CallId
from orchestrator.ports import (
    Artifact,
    Artifacts,
    Call,
    Claimed,
    Claims,
    Clock,
    OpenVault,
    Packing,
    Vault,
)
from orchestrator.stages.work.accounts import Account
from orchestrator.stages.work.batching import Batching, Habit
from orchestrator.stages.work.calling import CallGroup, Prepared
from orchestrator.stages.work.claiming import (
    Bundle,
    Bundling,
    Size,
    items_of,
    size_of,
)
from orchestrator.stages.work.sink import RowSink
from orchestrator.stages.work.windows import Windows
from schemas.connecting import Action, Identifier


class Unsealed:
    """The open vault, read with the key of each claim's own purpose."""

    def __init__(self, opened: Mapping[str, OpenVault]) -> None:
        """Keep what is open, by purpose."""
        self._opened = opened

    def get(self, claim: Claimed, name: str) -> bytes | None:
        """Return one value."""
        return self._opened[claim.task.sealed_under].get(claim.case, name)

    def named(self, claim: Claimed, prefix: str) -> Mapping[str, bytes]:
        """Return the values whose names begin with *prefix*."""
        return self._opened[claim.task.sealed_under].named(claim.case, prefix)


class _Snapshots(Mapping[AccountId, str]):
    """The windows of accounts as text, written when one is asked for."""

    def __init__(self, windows: Mapping[AccountId, Windows]) -> None:
        self._windows = windows

    def __getitem__(self, account: AccountId) -> str:
        return self._windows[account].snapshot()

    def __iter__(self) -> Iterator[AccountId]:
        return iter(self._windows)

    def __len__(self) -> int:
        return len(self._windows)


class Preparing:
    """Claims in the database thread, and opens sinks for the event loop."""

    def __init__(
        self,
        accounts: Mapping[AccountId, Account],
        claims: Claims,
        vault: Vault,
        artifacts: Artifacts,
        packing: Packing,
        clock: Clock,
    ) -> None:
        """Keep the parts."""
        self._accounts = accounts
        self._claims = claims
        self._vault = vault
        self._artifacts = artifacts
        self._packing = packing
        self._clock = clock
        self._batching = Batching(
            {
                id_: Habit(account.config.spec, account.config.linger)
                for id_, account in accounts.items()
            }
        )

    def claim(
        self, free: Mapping[AccountId, int], owner: str
    ) -> Callable[[], Sequence[CallGroup]]:
        """
        Claim what fits into so many *free* calls; returns what prepares the calls.

        That may wait until the transaction is over which this is part of.
        """
        now = self._clock.now()
        made: list[Bundle] = []
        opened: Unsealed | None = None

        def calls_for(claimed: Sequence[Claimed]) -> Sequence[Call]:
            nonlocal opened
            # Opened before the calls are made, because their size may depend on it.
            opened = self._opened(claimed)
            made.extend(self._bundling(opened, now).bundles(claimed))
            return [bundle.call for bundle in made if bundle.call is not None]

        epochs = {id_: self._accounts[id_].lease.epoch for id_ in free}
        windows = _Snapshots({id_: self._accounts[id_].windows for id_ in free})
        capped = [id_ for id_ in free if self._accounts[id_].config.spec.jobs_at_once]
        jobs = self._claims.jobs(capped) if capped else {}
        rooms = self._batching.begin(free, now, jobs)
        choose = self._batching.choose
        self._claims.claim(rooms, epochs, owner, now, calls_for, windows, choose=choose)
        return partial(self._groups, made, opened)

    @property
    def is_held_back(self) -> bool:
        """Whether the last claim left something for a full queue of jobs."""
        return self._batching.is_held_back

    def lingers_for(self, accounts: Collection[AccountId]) -> float | None:
        """Return the seconds until the first batch of *accounts* waits no longer."""
        return self._batching.lingers_for(accounts)

    async def open_sink(
        self,
        member: Prepared,
        in_database: Callable[[Callable[[], Any]], Awaitable[Any]],
    ) -> RowSink:
        """Open an artifact under the case's export key for one task's rows."""
        case, task = member.claimed.case, member.claimed.task
        new_id = self._clock.new_id("a")
        artifact = Artifact(new_id, case, "rows", task.account, task.id, 0, None)

        def begin() -> OpenVault:
            self._artifacts.begin(artifact, self._clock.now())
            return self._vault.open([case], "export", [])

        opened = await in_database(begin)
        allowed = {one.value for one in member.identifiers}
        allowed |= {item.reference for item in member.items}

        return RowSink(
            artifact,
            frozenset(allowed),
            opened.keys[case],
            self._packing,
            self._artifacts.put,
            in_database,
        )

    def _opened(self, claimed: Sequence[Claimed]) -> Unsealed:
        """Open the vault for all claims in one go, purpose by purpose."""
        names = {ALL_IDENTIFIERS}
        owners: dict[str, set[str]] = defaultdict(set)
        for claim in claimed:
            names.add(items_name(claim.task.account))
            owners[claim.task.sealed_under].add(claim.case)
            job = claim.task.due_job
            if claim.task.step in {Step.POLL, Step.CANCEL} and job is not None:
                names.add(ticket_name(job.id))
        return Unsealed(
            {
                purpose: self._vault.open(sorted(cases), purpose, sorted(names))
                for purpose, cases in owners.items()
            }
        )

    def _bundling(self, opened: Unsealed, now: datetime) -> Bundling:
        """Return what makes calls of claims whose vault is open."""
        specs = {id_: account.config.spec for id_, account in self._accounts.items()}

        def size(claim: Claimed) -> Size:
            task = claim.task
            if task.action is Action.LOCATE:
                return size_of(one.value for one in self._identifiers(claim, opened))
            found = load_items(opened.get(claim, items_name(task.account)))
            sent = items_of(task, specs[task.account])
            return size_of(found[id_].reference for id_ in sent if id_ in found)

        return Bundling(specs, lambda: CallId(self._clock.new_id("k")), now, size)

    def _identifiers(self, claim: Claimed, opened: Unsealed) -> tuple[Identifier, ...]:
        """Return what the connector may read of the person's identifiers."""
        known = load_identifiers(opened.named(claim, ALL_IDENTIFIERS).values())
        accepted = self._accounts[claim.task.account].config.accepts
        return tuple(one for one in known if one.type in accepted)

    def _groups(
        self, made: Sequence[Bundle], opened: Unsealed | None
    ) -> Sequence[CallGroup]:
        """Return the calls of what was claimed; nothing is open without a claim."""
        return [self._group(one, opened) for one in made] if opened is not None else []

    def _group(self, bundle: Bundle, opened: Unsealed) -> CallGroup:
        """Return one call with what its connector declared, and no more."""
        account = self._accounts[bundle.account]
        members = tuple(
            self._prepared(bundle, claim, opened) for claim in bundle.claims
        )
        return CallGroup(account, bundle.action, bundle.step, members)

    def _prepared(self, bundle: Bundle, claim: Claimed, opened: Unsealed) -> Prepared:
        """Open one claim's identifiers, items and ticket."""
        found = load_items(opened.get(claim, items_name(bundle.account)))
        wanted = bundle.items.get(claim.task.id, ())
        ticket, job = None, claim.task.due_job
        call = bundle.call.id if bundle.call is not None else None
        if bundle.step in {Step.POLL, Step.CANCEL} and job is not None:
            ticket = opened.get(claim, ticket_name(job.id))
            call = job.id
        return Prepared(
            claimed=claim,
            identifiers=self._identifiers(claim, opened),
            items=()
            if bundle.action is Action.LOCATE
            else tuple(found[id_] for id_ in wanted if id_ in found),
            call=call,
            idempotency_key=bundle.call.idempotency_key if bundle.call else "",
            ticket=ticket.decode() if ticket is not None else None,
            time_left=claim.task.dispatch_by - self._clock.now(),
        )
