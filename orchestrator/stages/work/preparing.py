"""Claim due tasks, and open of the vault just what their connectors may read."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any

from orchestrator.core.cases import Step
from orchestrator.core.dossier import (
    ALL_IDENTIFIERS,
    items_name,
    load_identifiers,
    load_items,
    ticket_name,
)
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
from orchestrator.stages.work.calling import CallGroup, Prepared
from orchestrator.stages.work.claiming import Bundle, Bundling
from orchestrator.stages.work.sink import RowSink
from schemas.connecting import Action


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

    def claim(self, rooms: Mapping[AccountId, int], owner: str) -> Sequence[CallGroup]:
        """Claim what is due within *rooms* and return it as calls, ready to be made."""
        now = self._clock.now()
        specs = {id_: account.config.spec for id_, account in self._accounts.items()}
        bundling = Bundling(specs, lambda: CallId(self._clock.new_id("k")), now)
        made: list[Bundle] = []

        def calls_for(claimed: Sequence[Claimed]) -> Sequence[Call]:
            made.extend(bundling.bundles(claimed))
            return [bundle.call for bundle in made if bundle.call is not None]

        epochs = {id_: self._accounts[id_].lease.epoch for id_ in rooms}
        windows = {id_: self._accounts[id_].windows.snapshot() for id_ in rooms}
        self._claims.claim(rooms, epochs, owner, now, calls_for, windows)
        return self._opened(made) if made else []

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

    def _opened(self, made: Sequence[Bundle]) -> list[CallGroup]:
        """Open the vault for all bundles in one go."""
        owners = sorted({claim.case for bundle in made for claim in bundle.claims})
        names = {ALL_IDENTIFIERS}
        for bundle in made:
            names.add(items_name(bundle.account))
            if bundle.polled is not None:
                names.add(ticket_name(bundle.polled))
        opened = self._vault.open(owners, "identity", sorted(names))
        return [self._group(bundle, opened) for bundle in made]

    def _group(self, bundle: Bundle, opened: OpenVault) -> CallGroup:
        """Return one call with what its connector declared, and no more."""
        account = self._accounts[bundle.account]
        members = tuple(
            self._prepared(bundle, claim, opened, account) for claim in bundle.claims
        )
        return CallGroup(account, bundle.action, bundle.step, members)

    def _prepared(
        self, bundle: Bundle, claim: Claimed, opened: OpenVault, account: Account
    ) -> Prepared:
        """Open one claim's identifiers, items and ticket."""
        known = load_identifiers(opened.named(claim.case, ALL_IDENTIFIERS).values())
        accepted = account.config.accepts
        found = load_items(opened.get(claim.case, items_name(bundle.account)))
        wanted = bundle.items.get(claim.task.id, ())
        ticket = None
        if bundle.step is Step.POLL and bundle.polled is not None:
            ticket = opened.get(claim.case, ticket_name(bundle.polled))
        call = bundle.call.id if bundle.call is not None else bundle.polled
        return Prepared(
            claimed=claim,
            identifiers=tuple(one for one in known if one.type in accepted),
            items=()
            if bundle.action is Action.LOCATE
            else tuple(found[id_] for id_ in wanted if id_ in found),
            call=call,
            idempotency_key=bundle.call.idempotency_key if bundle.call else "",
            ticket=ticket.decode() if ticket is not None else None,
        )
