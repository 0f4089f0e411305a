"""
What every stage of one process stands on: files, the database, the event log.

Parts are built when first asked for, and closed last first.
"""

from __future__ import annotations

import socket
from collections.abc import Callable, Mapping
from datetime import timedelta
from functools import cached_property
from importlib.metadata import version

import structlog
from pydantic import TypeAdapter, ValidationError

from connectors.registry import ConnectorSetupError, connectors
from connectors.signed.public_keys import SealingKey
from connectors.signed.sealing import seal, unseal
from orchestrator.adapters.cases.case_records import SqlCaseRecords
from orchestrator.adapters.cases.claims import SqlClaims
from orchestrator.adapters.cases.statistics import SqlStatistics
from orchestrator.adapters.cases.store import SqlStore
from orchestrator.adapters.cases.tombstones import SqlTombstones
from orchestrator.adapters.clock import SystemClock
from orchestrator.adapters.embedded_log import SEALED_TOPICS, EmbeddedLog, Sealing
from orchestrator.adapters.inbox.inbox import SqlInbox
from orchestrator.adapters.inbox.own_systems import ReceivingKey
from orchestrator.adapters.intake.brakes import SqlBrakes
from orchestrator.adapters.intake.quarantine import SqlQuarantine
from orchestrator.adapters.intake.quarantine_room import SqlRoom
from orchestrator.adapters.intake.signed_requests import SignedRequests
from orchestrator.adapters.kafka import (
    KafkaPublisher,
    KafkaSettings,
    KafkaTopics,
)
from orchestrator.adapters.keys.directory import KeyRing, load_keys
from orchestrator.adapters.keys.pseudonyms import Pseudonyms
from orchestrator.adapters.keys.rotation import KekFolder
from orchestrator.adapters.reading.inventory import Periods, SqlInventory
from orchestrator.adapters.register import (
    ConnectorFacts,
    Register,
    load_register,
)
from orchestrator.adapters.sql.database import Database
from orchestrator.adapters.vault.artifacts import SqlArtifacts
from orchestrator.adapters.vault.cipher import Cipher
from orchestrator.adapters.vault.evidence import SqlEvidence
from orchestrator.adapters.vault.expired_keys import SqlExpiredKeys
from orchestrator.adapters.vault.rekeying import SqlRekeying
from orchestrator.adapters.vault.values import Vault
from orchestrator.bootstrap.log import kafka_settings, open_consumer
from orchestrator.core.words import AccountId
from orchestrator.engine import Engine, Step
from orchestrator.errors import SetUpError
from orchestrator.ports import Bounds, Clock
from orchestrator.ports.event_log import Consumer, Publisher, TopicAdmin
from orchestrator.settings import Settings, Unsigned
from schemas.instructions import PUBLISHES
from schemas.topics import REQUESTS, Topic, topics_with

log = structlog.get_logger()

QUARANTINE = "quarantine"
INBOX = "inbox"
EMBEDDED_REQUESTS = "embedded-requests"


def catalog() -> Mapping[str, ConnectorFacts]:
    """Return what the register must know of every connector."""
    try:
        found = connectors()
    except ConnectorSetupError as error:
        raise SetUpError(str(error)) from error
    return {name: ConnectorFacts(it.spec, it.options) for name, it in found.items()}


def sealing_to(key: str) -> Callable[[bytes], str]:
    """Return what seals to an X25519 public key; raises `SetUpError`."""
    try:
        known = TypeAdapter(SealingKey).validate_python(key)
    except ValidationError:
        known = None
    if known is None:
        raise SetUpError(
            "The key to seal to is no X25519 public key; write its 32 bytes in base64,"
            " as `erasure keys show` gives them."
        )
    return lambda plaintext: seal(plaintext, known)


class Parts:
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
        return Cipher(self.keys.kek, present=KekFolder(self.settings.keys_dir))

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
    def expired_keys(self) -> SqlExpiredKeys:
        """What ends the identifiers of read-backs on their day."""
        return SqlExpiredKeys(self.database, self.vault)

    @cached_property
    def quarantine(self) -> SqlQuarantine:
        """Events that may not go on."""
        return SqlQuarantine(self.database)

    @property
    def quarantine_bounds(self) -> Bounds:
        """How much of a cause is kept there that no publisher signed."""
        most = self.settings
        return Bounds(most.quarantine_most_events, most.quarantine_most_bytes)

    @cached_property
    def quarantine_room(self) -> SqlRoom:
        """How full the quarantine is of what nobody of ours sent."""
        return SqlRoom(self.database, self.settings.case_records_keep_years)

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
    def case_records(self) -> SqlCaseRecords:
        """What is left of closed cases."""
        return SqlCaseRecords(self.database, self.settings.case_records_keep_years)

    @cached_property
    def statistics(self) -> SqlStatistics:
        """Figures of cases, for reports."""
        return SqlStatistics(self.database, self.settings.statistics_keep_years)

    @cached_property
    def brakes(self) -> SqlBrakes:
        """What the brake on mass erasures counts and holds."""
        return SqlBrakes(self.database, self.settings.case_records_keep_years)

    @cached_property
    def tombstones(self) -> SqlTombstones:
        """Digests of whom we forgot."""
        kept_for = timedelta(days=self.settings.tombstones_keep_days)
        return SqlTombstones(self.database, self.pseudonyms, kept_for)

    @cached_property
    def rekeying(self) -> SqlRekeying:
        """What brings the database under the current key-encryption key."""
        labels = (QUARANTINE, INBOX, EMBEDDED_REQUESTS)
        return SqlRekeying(self.database, self.cipher, *labels)

    @cached_property
    def inventory(self) -> SqlInventory:
        """What personal data the database holds."""
        days = self.settings
        periods = Periods(
            quarantine_days=days.quarantine_keep_days,
            sent_days=days.sent_keep_days,
            tombstones_days=days.tombstones_keep_days,
            case_years=days.case_records_keep_years,
            statistics_years=days.statistics_keep_years,
        )
        return SqlInventory(self.database, periods)

    @cached_property
    def receiving(self) -> ReceivingKey:
        """What others seal to us with."""
        return ReceivingKey(self.cipher, unseal)

    @cached_property
    def requests(self) -> SignedRequests:
        """What listens to publishers."""
        return SignedRequests(
            self.register.publishers,
            self.settings.audience,
            self.receiving.unseal,
            controllers=self.register.controllers,
            takes_unsigned=self.settings.unsigned_requests is Unsigned.TAKE,
        )

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
        sealing = Sealing(SEALED_TOPICS, sealer)
        return EmbeddedLog(self.database, self.clock, sealing)

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
