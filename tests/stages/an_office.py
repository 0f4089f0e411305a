"""A store with its engine, vault and clock on a real database, for stages' tests."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from pydantic import SecretBytes

from orchestrator.adapters.claims import SqlClaims
from orchestrator.adapters.database import Database
from orchestrator.adapters.store import SqlStore
from orchestrator.adapters.tables import metadata
from orchestrator.adapters.vault import Vault
from orchestrator.adapters.vault_cipher import Cipher
from orchestrator.core.cases import Case
from orchestrator.core.opening import Opening
from orchestrator.core.plan import Plan
from orchestrator.core.words import CaseId
from orchestrator.engine import Engine, NewCase
from orchestrator.ports import PutKey
from tests.core.builders import T0
from tests.support.clock import FrozenClock


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

    def case(self, id_: str) -> Case:
        """Return a case as it is stored."""
        with self.store.transaction() as transaction:
            return transaction.load_cases([CaseId(id_)])[CaseId(id_)]

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
