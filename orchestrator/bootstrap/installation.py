"""
The composition root: from the parts of one process to its stages.

With `bootstrap_parts`, `bootstrap_proof` and `bootstrap_log` the only place that knows
every adapter.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from datetime import timedelta
from functools import cached_property, partial

from connectors.registry import connectors
from connectors.signed.sealing import seal, unseal
from orchestrator.adapters.calendars import calendar_of
from orchestrator.adapters.cases.done_rows import SqlDoneRows
from orchestrator.adapters.cases.heard_events import SqlHeardEvents
from orchestrator.adapters.cases.outbox import SqlOutbox
from orchestrator.adapters.copies.packing import ZipPacking
from orchestrator.adapters.receipts.authority_http import post_query
from orchestrator.adapters.receipts.log_retention import SqlLogRetention
from orchestrator.adapters.receipts.stamps import Authority
from orchestrator.adapters.register import (
    AccountEntry,
    planned_account,
    sharing,
)
from orchestrator.adapters.vault.locked_keys import SqlLockedKeys
from orchestrator.bootstrap.configuring import config_of
from orchestrator.bootstrap.parts import INBOX, QUARANTINE, catalog
from orchestrator.bootstrap.proof import Proof
from orchestrator.core.words import AccountId
from orchestrator.ports.event_log import Consumer
from orchestrator.stages.alarm import QuarantineAlarm
from orchestrator.stages.collect import Collect, CollectParts
from orchestrator.stages.forget import Forget
from orchestrator.stages.gather import Gatherer, Habits
from orchestrator.stages.ingest import Ingest, IngestParts
from orchestrator.stages.let_go import LettingGo
from orchestrator.stages.lock import Lock
from orchestrator.stages.relay import Relay
from orchestrator.stages.seal import Seal, SealParts
from orchestrator.stages.sequence import Sequencer
from orchestrator.stages.stamp import Stamper
from orchestrator.stages.sweep import Chore, Sweep
from orchestrator.stages.work import (
    Account,
    Worker,
    WorkParts,
    WorkSettings,
    open_account,
)
from orchestrator.stages.work.ownership import Owner, Ownership
from orchestrator.stages.work.preparing import Preparing
from orchestrator.stages.work.windows import Windows
from schemas.topics import instructions_topic

SOURCE = "erasure-orchestrator"  # ce_source of everything we say
MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)
UNFINISHED = timedelta(days=2)  # how long a copy may take to come

Bell = Callable[[], None]


class Installation(Proof):
    """One process, made of its settings: what it stands on, and its stages."""

    # --- stages -----------------------------------------------------------------------

    def ingest(self, consumer: Consumer | None, on_applied: Bell) -> Ingest:
        """Return the stage that opens cases; without a consumer it only releases."""
        parts = IngestParts(
            store=self.store,
            engine=self.engine,
            vault=self.vault,
            pseudonyms=self.pseudonyms,
            requests=self.requests,
            plan_for=self.register.plan_for,
            calendar_for=calendar_of,
            limits_for=self.register.limits_for,
            seal_quarantined=self.cipher.derived(QUARANTINE).seal,
            clock=self.clock,
            quarantine_for=timedelta(days=self.settings.quarantine_keep_days),
            on_applied=on_applied,
            owns_log=self.is_embedded,
            bounds=self.quarantine_bounds,
            doubts=self.lost_statements.doubts,
        )
        return Ingest(consumer, parts)

    def worker(
        self, accounts: Collection[AccountId] | None, on_applied: Bell
    ) -> Worker:
        """Return the stage that calls processors, for these accounts or for all."""
        shared: dict[frozenset[AccountId], Windows] = {}
        held = {
            id_: self._account(entry, shared)
            for id_, entry in self.register.accounts.items()
            if accounts is None or id_ in accounts
        }
        self.claims.register(held.keys())
        owner = Owner(self.owner, self.settings.lease, is_alone=self.is_embedded)
        parts = WorkParts(
            accounts=held,
            claims=self.claims,
            gather=self.gatherer(on_applied),
            inbox=self.inbox,
            ownership=Ownership(held, self.claims, self.engine, self.clock, owner),
            preparing=Preparing(
                held, self.claims, self.vault, self.artifacts, ZipPacking(), self.clock
            ),
            clock=self.clock,
        )
        settings = WorkSettings(
            owner=self.owner,
            lease=self.settings.lease,
            grace=self.settings.grace.total_seconds(),
        )
        return Worker(parts, settings)

    def gatherer(self, on_applied: Bell) -> Gatherer:
        """Return the stage that makes durable facts of what was heard."""
        habits = {
            id_: Habits(
                entry.yields, entry.waits.check_after, planned_account(entry, [])
            )
            for id_, entry in self.register.accounts.items()
        }
        return Gatherer(
            self.engine,
            self.vault,
            self.pseudonyms,
            self.clock,
            habits,
            on_applied,
            claims=self.claims,
        )

    def collect(self, consumer: Consumer | None, on_letter: Bell) -> Collect:
        """Return the stage that takes the answers of systems of one's own."""
        parts = CollectParts(
            store=self.store,
            inbox=self.inbox,
            participants=self.participants,
            seal_quarantined=self.cipher.derived(QUARANTINE).seal,
            clock=self.clock,
            quarantine_for=timedelta(days=self.settings.quarantine_keep_days),
            on_letter=on_letter,
            owns_log=self.is_embedded,
            bounds=self.quarantine_bounds,
        )
        return Collect(consumer, parts)

    def sweep(self, on_applied: Bell) -> Sweep:
        """Return the stage that lets time pass."""
        kept_for = timedelta(days=self.settings.sent_keep_days)
        done = SqlDoneRows(self.database)
        chores = (
            Chore("quarantine", self.quarantine.expire),
            Chore("due", QuarantineAlarm(self.quarantine.near).tell, every=HOUR),
            Chore("unkept", self.quarantine_room.expire, every=HOUR),
            Chore("inbox", self.inbox.expire, every=MINUTE),
            Chore("unfinished", self.artifacts.drop_unfinished, UNFINISHED, MINUTE),
            Chore("done", done.drop, kept_for, HOUR),
            Chore("case_records", self.case_records.drop, every=HOUR),
            Chore("statistics", self.statistics.expire, every=HOUR),
            Chore("log_records", SqlLogRetention(self.database).drop, every=HOUR),
            Chore("tombstones", self.tombstones.expire, every=MINUTE),
            Chore("heard_events", SqlHeardEvents(self.database).forget, every=HOUR),
            Chore("evidence", self.evidence.shred, every=MINUTE),
            Chore("read_backs", self.expired_keys.destroy, every=MINUTE),
            Chore("identifiers", self.lock().all, every=MINUTE),
            Chore("brake_counts", self.brakes.expire, every=HOUR),
            Chore("braked", self.letting_go().all, every=MINUTE),
        )
        return Sweep(self.store, self.engine, self.clock, on_applied, chores)

    @cached_property
    def locked_keys(self) -> SqlLockedKeys:
        """Data keys of stuck cases, which the officers hold."""
        return SqlLockedKeys(
            self.database, self.cipher, lambda: self.register.officers, seal, unseal
        )

    def lock(self) -> Lock:
        """Return the stage that puts stuck cases under the officer's key."""
        return Lock(
            self.locked_keys, self.engine, self.vault, self.database.truncate_wal
        )

    def letting_go(self) -> LettingGo:
        """Return the stage that ends what the brake held, once two have decided."""
        return LettingGo(self.brakes, self.store, self.engine, self.clock)

    def seal(self, on_signed: Bell) -> Seal:
        """Return the stage that seals copies and signs statements."""
        parts = SealParts(
            store=self.store,
            engine=self.engine,
            vault=self.vault,
            artifacts=self.artifacts,
            packing=ZipPacking(),
            signer=self.signer,
            test_signer=self.test_signer,
            clock=self.clock,
            software=self.software,
        )
        return Seal(parts, on_signed)

    def relay(self) -> Relay:
        """Return the stage that sends the outbox."""
        outbox = SqlOutbox(self.database)
        lease = None if self.is_embedded else self.settings.lease
        others = [instructions_topic(one) for one in sorted(self.participants)]
        relay = Relay(outbox, self.publisher, self.clock, self.owner, SOURCE, lease)
        return relay.also(others).while_held(self.restore_hold.is_held)

    def sequencer(self, on_appended: Bell) -> Sequencer:
        """Return the stage that appends statements to the log."""
        file = self.checkpoint_file
        put = None if file is None else file.append
        is_held = self.log_watch.is_held
        return Sequencer(self.statement_log, self.clock, on_appended, put, is_held)

    def stamper(self) -> Stamper | None:
        """Return what has checkpoints stamped, where there is an authority for it."""
        url, trusted = self.settings.tsa_url, self.stamp_roots
        if url is None or trusted is None:
            return None
        authority = Authority(partial(post_query, url), trusted)
        return Stamper(self.stamps, authority, self.clock)

    def unless_held(self, turn: Callable[[], int]) -> Callable[[], int]:
        """Let a stage wait while a restored backup lacks what was published."""
        is_held = self.restore_hold.is_held
        return lambda: 0 if is_held() else turn()

    def forget(self) -> Forget:
        """Return the stage that destroys keys."""
        return Forget(
            self.store,
            self.engine,
            self.vault,
            self.clock,
            self.tombstones,
            self.database.truncate_wal,
        )

    def account(self, entry: AccountEntry) -> Account:
        """Open one account's API, as `erasure account ping` needs it."""
        return self._account(entry, {})

    def _account(
        self, entry: AccountEntry, shared: dict[frozenset[AccountId], Windows]
    ) -> Account:
        """Open an account's API behind its gate, its windows *shared* by credential."""
        together = sharing(self.register.accounts.values())[entry.id]
        config = config_of(entry, connectors()[entry.connector], together)
        own, windows = self.desks.of(entry.id), shared.get(together)
        account = open_account(config, self.clock.monotonic, own, windows)
        shared[together] = account.windows
        return account


__all__ = ["INBOX", "QUARANTINE", "Installation", "catalog"]
