"""A store with its engine, vault and clock on a real database, for stages' tests."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from pydantic import SecretBytes
from sqlalchemy import select

from orchestrator.adapters.cases.claims import SqlClaims
from orchestrator.adapters.cases.store import SqlStore
from orchestrator.adapters.cases.tombstones import SqlTombstones
from orchestrator.adapters.copies.packing import ZipPacking
from orchestrator.adapters.keys.directory import key_id_of
from orchestrator.adapters.keys.pseudonyms import Pseudonyms
from orchestrator.adapters.keys.signing import DsseSigner
from orchestrator.adapters.sql import tables as t
from orchestrator.adapters.sql.database import Database
from orchestrator.adapters.sql.tables import metadata
from orchestrator.adapters.vault.artifacts import SqlArtifacts
from orchestrator.adapters.vault.cipher import Cipher
from orchestrator.adapters.vault.values import Vault
from orchestrator.core.answer.dossier import FROM_PORTAL, dump_identifiers
from orchestrator.core.cases import Case
from orchestrator.core.intake.opening import Opening
from orchestrator.core.plan import Plan
from orchestrator.core.words import CaseId
from orchestrator.engine import Engine, NewCase
from orchestrator.ports import PutKey
from orchestrator.stages.forget import Forget
from orchestrator.stages.seal import Seal, SealParts
from schemas.connecting import Identifier, Mode
from tests.core.builders import DAY, T0, a_plan, an_account
from tests.support.clock import FrozenClock

NAMES = Pseudonyms(SecretBytes(bytes(32)))
TOMBSTONES_KEPT = 90 * DAY


@dataclass(frozen=True, slots=True)
class Office:
    """What stages share."""

    database: Database
    store: SqlStore
    claims: SqlClaims
    vault: Vault
    engine: Engine
    clock: FrozenClock

    def open(self, openings: Sequence[Opening], plan: Plan) -> None:
        """Open cases in one transaction, each with its keys, as ingest does."""
        with self.store.transaction() as transaction:
            work = self.engine.opening(transaction)
            work.load_siblings(openings)
            for opening in openings:
                work.open(NewCase(opening, plan, self._keys(opening.case)))
            work.save()

    @property
    def tombstones(self) -> SqlTombstones:
        """Return the digests of whom it forgot."""
        return SqlTombstones(self.database, NAMES, TOMBSTONES_KEPT)

    def forget(self, truncate: Callable[[], bool] = lambda: True) -> Forget:
        """Return the stage that forgets."""
        return Forget(
            self.store,
            self.engine,
            self.vault,
            self.clock,
            self.tombstones,
            truncate,
        )

    def answer(self, opening: Opening, *identifiers: Identifier) -> None:
        """Open a case of these identifiers with nothing to do; sign its receipt."""
        self.open([opening], a_plan(an_account(mode=Mode.OFF)))
        vault = self.vault.open([opening.case], "identity")
        known = vault.seal(opening.case, FROM_PORTAL, dump_identifiers(identifiers))
        with self.store.transaction() as transaction:
            transaction.write([known], T0)
        assert self.seal().turn() > 0

    def seal(self) -> Seal:
        """Return the stage that signs."""
        key = Ed25519PrivateKey.generate()
        signer = DsseSigner(key, key_id_of(key.public_key()))
        parts = SealParts(
            store=self.store,
            engine=self.engine,
            vault=self.vault,
            artifacts=SqlArtifacts(self.database),
            packing=ZipPacking(),
            signer=signer,
            test_signer=signer,
            clock=self.clock,
            software="1",
        )
        return Seal(parts, lambda: None)

    def case(self, id_: str) -> Case:
        """Return a case as it is stored."""
        with self.store.transaction() as transaction:
            return transaction.load_cases([CaseId(id_)])[CaseId(id_)]

    def cases(self) -> list[Case]:
        """Return every case in the order of opening."""
        with self.database.reading() as connection:
            ids = [*connection.execute(select(t.cases.c.id)).scalars()]
        with self.store.transaction() as transaction:
            found = transaction.load_cases([CaseId(id_) for id_ in ids])
        return [found[CaseId(id_)] for id_ in sorted(ids)]

    def _keys(self, case: CaseId) -> tuple[PutKey, ...]:
        purposes = ("identity", "export")
        return tuple(self.vault.new_owner(case, one)[1] for one in purposes)


def an_office(url: str) -> Office:
    """Make the tables at *url* and open an office on them."""
    database = Database(url)
    metadata.create_all(database.engine)
    store, clock = SqlStore(database), FrozenClock(T0)
    return Office(
        database=database,
        store=store,
        claims=SqlClaims(database),
        vault=Vault(store, Cipher(SecretBytes(bytes(32)))),
        engine=Engine(store, clock.now),
        clock=clock,
    )
