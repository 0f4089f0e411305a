"""
What proves: signers, the log of statements, and what is kept of it elsewhere.

Signing keys may be exchanged while a process runs: whoever signs asks the key directory
before each signature or batch.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import cached_property

from orchestrator.adapters.cases.outbox import SqlOutbox
from orchestrator.adapters.inbox.own_systems import Desks
from orchestrator.adapters.keys.live_signing import LiveSigner
from orchestrator.adapters.keys.rotation import SigningFolder
from orchestrator.adapters.receipts.certificates import Trusted, load_trusted
from orchestrator.adapters.receipts.checkpoint_file import CheckpointFile
from orchestrator.adapters.receipts.log_book import LogBook
from orchestrator.adapters.receipts.log_watch import LogWatch
from orchestrator.adapters.receipts.lost_statements import SqlLostStatements
from orchestrator.adapters.receipts.notes import LogSigner
from orchestrator.adapters.receipts.published import TAIL, heads_in
from orchestrator.adapters.receipts.restore_hold import SqlRestoreHold
from orchestrator.adapters.receipts.stamped_log import SqlStamps
from orchestrator.adapters.receipts.statement_log import SqlStatementLog
from orchestrator.bootstrap.log import read_topic
from orchestrator.bootstrap.parts import Parts
from orchestrator.ports.event_log import Record
from schemas.checkpoints import LogCheckpointed
from schemas.topics import CASE_EVENTS, RECEIPTS


class Proof(Parts):
    """The parts of one process that sign, and that watch what was signed."""

    @cached_property
    def keys_now(self) -> SigningFolder:
        """The signing keys, read again when they are exchanged."""
        return SigningFolder(self.settings.keys_dir)

    @cached_property
    def desks(self) -> Desks:
        """What signs, publishes and unseals for systems of one's own."""
        outbox = SqlOutbox(self.database)
        signer = LiveSigner(self.keys_now)
        return Desks(signer, self.clock, outbox, self.receiving)

    @cached_property
    def signer(self) -> LiveSigner:
        """What signs statements; of one stage."""
        return LiveSigner(self.keys_now)

    @cached_property
    def test_signer(self) -> LiveSigner:
        """What signs the statements of tests and dry runs; of one stage."""
        return LiveSigner(self.keys_now, of_tests=True)

    @cached_property
    def statement_log(self) -> SqlStatementLog:
        """The log of statements, whose heads the receipts' key signs."""
        return SqlStatementLog(self.database, lambda: self.log_signer)

    @property
    def log_signer(self) -> LogSigner:
        """What signs the heads of the log now, and what signed them before."""
        keys, name = self.keys_now(), self.settings.log_name
        return LogSigner(
            name, keys.signing_key, keys.signing_key_id, keys.retired_signing
        )

    @property
    def checkpoint_file(self) -> CheckpointFile | None:
        """Where checkpoints are kept outside the database, if anywhere."""
        path = self.settings.checkpoints_in
        return None if path is None else CheckpointFile(path)

    @cached_property
    def stamps(self) -> SqlStamps:
        """The time stamps of checkpoints; in a folder beside their file as well."""
        file = self.settings.checkpoints_in
        folder = None if file is None else file.with_name(f"{file.name}.stamps")
        return SqlStamps(self.database, folder)

    @cached_property
    def stamp_roots(self) -> Trusted | None:
        """The certificates that stamps must lead to; raises `SetUpError`."""
        path = self.settings.tsa_ca_file
        return None if path is None else load_trusted(path)

    @cached_property
    def restore_hold(self) -> SqlRestoreHold:
        """What holds everything irreversible after a restore."""
        return SqlRestoreHold(self.database)

    @cached_property
    def lost_statements(self) -> SqlLostStatements:
        """What two people let the log go on without."""
        return SqlLostStatements(self.database)

    @cached_property
    def log_watch(self) -> LogWatch:
        """What compares our log with what was published."""
        return LogWatch(
            LogBook(self.database),
            self.restore_hold,
            self.clock,
            self.checkpoint_file,
            told=lambda: self.heads_in(self.published(TAIL)),
        )

    def heads_in(self, records: Iterable[Record]) -> list[LogCheckpointed]:
        """Return the heads of our log among records of the topic of receipts."""
        keys = self.keys_now().public_signing
        return heads_in(records, self.settings.log_name, keys)

    def published(self, most: int | None = None) -> Iterable[Record]:
        """Read the topic of receipts: its last records, or all of it."""
        return self._read(RECEIPTS, most)

    def told(self) -> Iterable[Record]:
        """Read all that the topic of case events still keeps."""
        return self._read(CASE_EVENTS, None)

    def _read(self, topic: str, most: int | None) -> Iterable[Record]:
        embedded = self.embedded_log if self.is_embedded else None
        return read_topic(topic, most, self.settings, embedded)
