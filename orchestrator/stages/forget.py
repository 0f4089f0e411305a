"""
Forget: destroy the keys of what is no longer needed.

The identity key goes once the case is answered; before that, the locators of records
the law keeps move under keys of their own, one an account and due year, and an erased
person's identifiers leave keyed digests, by which a restored backup is checked.  The
export key goes at its own expiry, and the others once nothing is owed under them.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime

import structlog

from orchestrator.core.afterwards.owed import IDENTITY, ObligationKind
from orchestrator.core.afterwards.reading_back import identifiers_go_at
from orchestrator.core.answer.dossier import (
    ALL_IDENTIFIERS,
    dump_identifiers,
    dump_items,
    identifiers_name,
    items_name,
    load_identifiers,
    load_items,
)
from orchestrator.core.cases import Case, Wants
from orchestrator.core.events import ExportShredded
from orchestrator.core.keyed import IdentityForgotten, OwedForgotten
from orchestrator.core.words import AccountId
from orchestrator.engine import Engine, Step
from orchestrator.engine.apart import Apart
from orchestrator.errors import (
    CannotStore,
    Conflict,
    OrchestratorError,
    SetUpError,
    Unavailable,
)
from orchestrator.ports import (
    Clock,
    DestroyKey,
    ForgetRequestRecord,
    OpenVault,
    PutTombstone,
    Store,
    Tombstones,
    Vault,
    Write,
)
from schemas.connecting import ItemId

log = structlog.get_logger()

AT_ONCE = 200
FORGETS = frozenset({Wants.FORGET_IDENTITY, Wants.SHRED_EXPORT, Wants.FORGET_OWED})
TRUNCATE_EVERY = 2.0  # seconds

Open = Callable[[Sequence[Case]], OpenVault]


class Forget:
    """Destroys keys; several may run, because forgetting twice is forgetting."""

    def __init__(
        self,
        store: Store,
        engine: Engine,
        vault: Vault,
        clock: Clock,
        tombstones: Tombstones,
        truncate: Callable[[], bool],
    ) -> None:
        """
        Keep the parts; *truncate* empties logs that may still hold deleted text.

        It answers whether it could.  It is owed once at the start, because a process
        may have died between forgetting and truncating.  It follows within a few
        seconds rather than at once, because nobody can write meanwhile.
        """
        self._store = store
        self._engine = engine
        self._vault = vault
        self._clock = clock
        self._tombstones = tombstones
        self._truncate = truncate
        self._owes_truncation = True
        self._truncated_at = -TRUNCATE_EVERY
        self._apart = Apart("forget")

    def turn(self) -> int:
        """Forget whom we need no longer; returns how many keys were destroyed."""
        wanted, destroyed = self._store.wanted(FORGETS), 0
        if Wants.FORGET_IDENTITY in wanted:
            destroyed += self._forget_identities()
        if Wants.SHRED_EXPORT in wanted:
            cases = self._store.cases_wanting(Wants.SHRED_EXPORT, AT_ONCE)
            destroyed += self._destroyed(cases, self._shredding)
        if Wants.FORGET_OWED in wanted:
            cases = self._store.cases_wanting(Wants.FORGET_OWED, AT_ONCE)
            destroyed += self._destroyed(cases, self._forgetting_owed)
        if destroyed:
            self._owes_truncation = True
            log.info("keys_destroyed", count=destroyed)
        present = self._clock.monotonic()
        if present - self._truncated_at >= TRUNCATE_EVERY:
            self._truncate_if_owed()
            self._truncated_at = present
        return destroyed

    def close(self) -> None:
        """Leave no deleted text behind."""
        self._truncate_if_owed()

    def _truncate_if_owed(self) -> None:
        """Empty the logs if something was deleted since."""
        if self._owes_truncation:
            self._owes_truncation = not self._truncate()

    def _destroyed(
        self, cases: Sequence[Case], stepping: Callable[[Case], Step]
    ) -> int:
        """Destroy the keys that *cases* want destroyed; returns of how many."""
        steps = list(self._apart.each(cases, stepping))
        applied = self._engine.apply([step for _, step in steps])
        for _, step in steps:
            for write in step.writes:
                if isinstance(write, DestroyKey):
                    self._vault.forget(write.owner, write.purpose)
        return sum(applied)

    def _forget_identities(self) -> int:
        """Destroy identity keys; what is read before for the last time, all at once."""
        cases = self._store.cases_wanting(Wants.FORGET_IDENTITY, AT_ONCE)
        try:
            identities = self._identities(cases)
        except (Unavailable, Conflict, CannotStore, SetUpError):
            raise
        except OrchestratorError:
            # One is damaged: each by itself, so that it stops no other.
            return self._destroyed(
                cases, lambda case: self._forgetting(case, self._identities)
            )
        return self._destroyed(
            cases, lambda case: self._forgetting(case, lambda _: identities)
        )

    def _identities(self, cases: Sequence[Case]) -> OpenVault:
        """Open what forgetting reads of *cases*."""
        owing = {
            owed.account for case in cases for owed in case.obligations if owed.items
        }
        names = {ALL_IDENTIFIERS, *map(items_name, owing)}
        return self._vault.open([case.id for case in cases], IDENTITY, sorted(names))

    def _forgetting(self, case: Case, opened: Open) -> Step:
        """Return the step that destroys a case's identity key."""
        now = self._clock.now()
        writes: list[Write] = [
            *self._kept_locators(case, opened),
            *self._kept_identifiers(case, opened, now),
            *self._tombstones_of(case, opened, now),
            DestroyKey(case.id, IDENTITY),
            ForgetRequestRecord(case.request_id),
        ]
        return Step(case.id, IdentityForgotten(now), tuple(writes))

    def _tombstones_of(
        self, case: Case, opened: Open, now: datetime
    ) -> Sequence[PutTombstone]:
        """Remember an erased person's identifiers by digests, the last time we can."""
        try:
            values = opened([case]).named(case.id, ALL_IDENTIFIERS).values()
        except (Unavailable, Conflict, CannotStore, SetUpError):
            raise
        except OrchestratorError:
            # Forgetting matters more than what cannot be read any more.
            log.exception("tombstones_not_kept", case=case.id)
            return ()
        return self._tombstones.of(case, load_identifiers(values), now)

    def _kept_locators(self, case: Case, opened: Open) -> Sequence[Write]:
        """Seal the references of kept records, under a key an account and due year."""
        wanted: dict[tuple[str, AccountId], set[ItemId]] = defaultdict(set)
        for owed in (one for one in case.obligations if one.items):
            wanted[owed.sealed_under, owed.account].update(owed.items)
        if not wanted:
            return ()
        identity = opened([case])
        writes: list[Write] = []
        for (purpose, account), ids in sorted(wanted.items()):
            kept, put_key = self._vault.new_owner(case.id, purpose)
            found = load_items(identity.get(case.id, items_name(account)))
            items = [item for id_, item in found.items() if id_ in ids]
            sealed = kept.seal(case.id, items_name(account), dump_items(items))
            writes += [put_key, sealed]
        return writes

    def _kept_identifiers(
        self, case: Case, opened: Open, now: datetime
    ) -> Iterator[Write]:
        """
        Yield what seals the identifiers by which accounts are searched again.

        Each account's apart, only of the types that it accepts, and for a time.
        """
        goes_at = identifiers_go_at(case)
        looks = {
            one.account: one.sealed_under
            for one in case.obligations
            if one.kind is ObligationKind.READ_BACK
        }
        if goes_at is None or goes_at <= now:
            return
        values = opened([case]).named(case.id, ALL_IDENTIFIERS).values()
        identifiers = load_identifiers(values)
        for account, purpose in sorted(looks.items()):
            accepts = case.plan.account(account).accepts
            known = [one for one in identifiers if one.type in accepts]
            kept, put_key = self._vault.new_owner(case.id, purpose, goes_at)
            value = dump_identifiers(known)
            yield put_key
            yield kept.seal(case.id, identifiers_name(account), value)

    def _forgetting_owed(self, case: Case) -> Step:
        """Return the step that destroys keys under which nothing is owed any more."""
        purposes = case.spent_keys
        return Step(
            case.id,
            OwedForgotten(self._clock.now(), purposes),
            tuple(DestroyKey(case.id, purpose) for purpose in sorted(purposes)),
        )

    def _shredding(self, case: Case) -> Step:
        """Return the step that destroys a copy whose time is over."""
        return Step(
            case.id,
            ExportShredded(self._clock.now()),
            (DestroyKey(case.id, "export"),),
        )
