"""
The composition root: from settings to the parts of one process.

The only place that knows every adapter.  Parts are built when first asked for, so that
a command opens only what it needs; `Installation.close` closes what was opened.
"""

from __future__ import annotations

import socket
from collections.abc import Callable, Collection, Mapping
from datetime import timedelta
from functools import cached_property
from importlib.metadata import version

import structlog

from connectors.registry import ConnectorSetupError, connectors
from connectors.sealing import unseal
from orchestrator.adapters.artifacts import SqlArtifacts
from orchestrator.adapters.calendars import calendar_of
from orchestrator.adapters.claims import SqlClaims
from orchestrator.adapters.clock import SystemClock
from orchestrator.adapters.database import Database
from orchestrator.adapters.done_rows import SqlDoneRows
from orchestrator.adapters.embedded_log import EmbeddedLog, Sealing
from orchestrator.adapters.evidence import SqlEvidence
from orchestrator.adapters.inbox import SqlInbox
from orchestrator.adapters.kafka import (
    KafkaPublisher,
    KafkaSettings,
    KafkaTopics,
)
from orchestrator.adapters.keys import KeyRing, load_keys
from orchestrator.adapters.outbox import SqlOutbox
from orchestrator.adapters.own_systems import Desks, ReceivingKey
from orchestrator.adapters.packing import ZipPacking
from orchestrator.adapters.pseudonyms import Pseudonyms
from orchestrator.adapters.quarantine import SqlQuarantine
from orchestrator.adapters.register import (
    AccountEntry,
    ConnectorFacts,
    Register,
    load_register,
    planned_account,
    sharing,
)
from orchestrator.adapters.signing import DsseSigner
from orchestrator.adapters.store import SqlStore
from orchestrator.adapters.vault import Vault
from orchestrator.adapters.vault_cipher import Cipher
from orchestrator.bootstrap_log import kafka_settings, open_consumer
from orchestrator.configuring import config_of
from orchestrator.core.words import AccountId
from orchestrator.engine import Engine, Step
from orchestrator.errors import SetUpError
from orchestrator.event_log import Consumer, Publisher, TopicAdmin
from orchestrator.ports import Clock
from orchestrator.settings import Settings
from orchestrator.stages.collect import Collect, CollectParts
from orchestrator.stages.forget import Forget
from orchestrator.stages.gather import Gatherer, Habits
from orchestrator.stages.ingest import Ingest, IngestParts
from orchestrator.stages.relay import Relay
from orchestrator.stages.seal import Seal, SealParts
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
from schemas.instructions import PUBLISHES
from schemas.topics import REQUESTS, Topic, instructions_topic, topics_with

log = structlog.get_logger()

SOURCE = "erasure-orchestrator"  # ce_source of everything we say
QUARANTINE = "quarantine"
INBOX = "inbox"
EMBEDDED_REQUESTS = "embedded-requests"
MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)
UNFINISHED = timedelta(days=2)  # how long a copy may take to come

Bell = Callable[[], None]


def catalog() -> Mapping[str, ConnectorFacts]:
    """Return what the register must know of every connector."""
    try:
        found = connectors()
    except ConnectorSetupError as error:
        raise SetUpError(str(error)) from error
    return {name: ConnectorFacts(it.spec, it.options) for name, it in found.items()}


class Installation:
    """The parts of one process, made of *settings*."""

    def __init__(self, settings: Settings, clock: Clock | None = None) -> None:
        """Keep the settings; nothing is read or opened yet."""
        self.settings = settings
        self.clock: Clock = clock or SystemClock()
        self.owner = self.clock.new_id(settings.instance or socket.gethostname())
        self._opened: list[Callable[[], None]] = []

    # --- what is read from files ------------------------------------------------

    @cached_property
    def register(self) -> Register:
        """The register; raises `SetUpError` with every mistake in it."""
        return load_register(self.settings.register_path, catalog())

    @cached_property
    def keys(self) -> KeyRing:
        """The keys; raises `SetUpError` with what to do."""
        return load_keys(self.settings.keys_dir)

    @cached_property
    def software(self) -> str:
        """The version that receipts print."""
        return version("erasure-orchestrator")

    # --- the database and what lies on it ---------------------------------------

    @property
    def is_embedded(self) -> bool:
        """Whether the event log is the embedded one: one process, no Kafka."""
        return not self.settings.kafka

    @cached_property
    def database(self) -> Database:
        """The database; not asked anything yet."""
        database = Database(self.settings.database_url.get_secret_value())
        self._opened.append(database.close)
        return database

    @cached_property
    def store(self) -> SqlStore:
        """Cases, tasks, history and offsets."""
        return SqlStore(self.database)

    @cached_property
    def claims(self) -> SqlClaims:
        """Leases, claims and calls."""
        return SqlClaims(self.database)

    @cached_property
    def cipher(self) -> Cipher:
        """What wraps data keys."""
        return Cipher(self.keys.kek)

    @cached_property
    def vault(self) -> Vault:
        """The only home of what identifies."""
        return Vault(self.store, self.cipher)

    @cached_property
    def artifacts(self) -> SqlArtifacts:
        """Encrypted copies."""
        return SqlArtifacts(self.database)

    @cached_property
    def evidence(self) -> SqlEvidence:
        """The files that people brought as evidence."""
        return SqlEvidence(self.database, self.vault)

    @cached_property
    def quarantine(self) -> SqlQuarantine:
        """Events that may not go on."""
        return SqlQuarantine(self.database)

    @cached_property
    def inbox(self) -> SqlInbox:
        """What processors say by themselves."""
        kept_for = timedelta(days=self.settings.quarantine_keep_days)
        return SqlInbox(self.database, self.cipher.derived(INBOX), kept_for)

    @cached_property
    def pseudonyms(self) -> Pseudonyms:
        """Keyed names and digests."""
        return Pseudonyms(self.keys.pseudonym_key)

    @cached_property
    def desks(self) -> Desks:
        """What signs, publishes and unseals for systems of one's own."""
        receiving = ReceivingKey(self.cipher, unseal)
        return Desks(self.signer, self.clock, SqlOutbox(self.database), receiving)

    @cached_property
    def signer(self) -> DsseSigner:
        """What signs statements and instructions."""
        return DsseSigner(self.keys.signing_key, self.keys.signing_key_id)

    @cached_property
    def test_signer(self) -> DsseSigner:
        """What signs the statements of tests and dry runs."""
        keys = self.keys
        return DsseSigner(keys.test_signing_key, keys.test_signing_key_id)

    @cached_property
    def engine(self) -> Engine:
        """The one transaction."""
        return Engine(self.store, self.clock.now, _tell_failure)

    # --- the event log --------------------------------------------------------------

    @cached_property
    def kafka(self) -> KafkaSettings:
        """How to reach Kafka; raises `SetUpError` if the parts do not fit."""
        return kafka_settings(self.settings)

    @cached_property
    def embedded_log(self) -> EmbeddedLog:
        """The event log in our own database."""
        sealer = self.cipher.derived(EMBEDDED_REQUESTS)
        return EmbeddedLog(
            self.database, self.clock, Sealing(frozenset({REQUESTS}), sealer)
        )

    @cached_property
    def publisher(self) -> Publisher:
        """Appends to the event log."""
        if self.is_embedded:
            return self.embedded_log
        publisher = KafkaPublisher(self.kafka)
        self._opened.append(publisher.close)
        return publisher

    @cached_property
    def topics(self) -> TopicAdmin:
        """Looks after topics."""
        return self.embedded_log if self.is_embedded else self.kafka_topics

    @cached_property
    def kafka_topics(self) -> KafkaTopics:
        """Looks after topics on Kafka; asked only where Kafka is used."""
        return KafkaTopics(self.kafka)

    def consumer(self, topic: str = REQUESTS) -> Consumer:
        """Open a reader of *topic* that goes on where the database says."""
        embedded = self.embedded_log if self.is_embedded else None
        consumer = open_consumer(topic, self.settings, self.store, embedded)
        self._opened.append(consumer.close)
        return consumer

    @cached_property
    def participants(self) -> frozenset[AccountId]:
        """The accounts that are instructed by topic."""
        entries = self.register.accounts.items()
        return frozenset(id_ for id_, one in entries if PUBLISHES in one.spec.deeds)

    @property
    def wanted_topics(self) -> tuple[Topic, ...]:
        """Every topic that must be there."""
        return topics_with(self.participants)

    # --- stages -----------------------------------------------------------------------

    def ingest(self, consumer: Consumer | None, on_applied: Bell) -> Ingest:
        """Return the stage that opens cases; without a consumer it only releases."""
        parts = IngestParts(
            store=self.store,
            engine=self.engine,
            vault=self.vault,
            pseudonyms=self.pseudonyms,
            plan_for=self.register.plan_for,
            calendar_for=calendar_of,
            seal_quarantined=self.cipher.derived(QUARANTINE).seal,
            clock=self.clock,
            quarantine_for=timedelta(days=self.settings.quarantine_keep_days),
            on_applied=on_applied,
            owns_log=self.is_embedded,
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
        )
        return Collect(consumer, parts)

    def sweep(self, on_applied: Bell) -> Sweep:
        """Return the stage that lets time pass."""
        kept_for = timedelta(days=self.settings.sent_keep_days)
        done = SqlDoneRows(self.database)
        chores = (
            Chore("quarantine", self.quarantine.expire),
            Chore("inbox", self.inbox.expire, every=MINUTE),
            Chore("unfinished", self.artifacts.drop_unfinished, UNFINISHED, MINUTE),
            Chore("done", done.drop, kept_for, HOUR),
            Chore("evidence", self.evidence.shred, every=MINUTE),
        )
        return Sweep(self.store, self.engine, self.clock, on_applied, chores)

    def seal(self, on_applied: Bell) -> Seal:
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
        return Seal(parts, on_applied)

    def relay(self) -> Relay:
        """Return the stage that sends the outbox."""
        outbox = SqlOutbox(self.database)
        lease = None if self.is_embedded else self.settings.lease
        others = [instructions_topic(one) for one in sorted(self.participants)]
        relay = Relay(outbox, self.publisher, self.clock, self.owner, SOURCE, lease)
        return relay.also(others)

    def forget(self) -> Forget:
        """Return the stage that destroys keys."""
        return Forget(
            self.store,
            self.engine,
            self.vault,
            self.clock,
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

    # --- the end ----------------------------------------------------------------------

    def close(self) -> None:
        """Close what was opened, last first."""
        while self._opened:
            self._opened.pop()()


def _tell_failure(step: Step, error: Exception) -> None:
    """Log a step that could not be applied; its task goes to a person."""
    log.error(
        "step_failed",
        case=step.case,
        kind=type(step.event).__name__,
        cause=type(error).__name__,
    )
