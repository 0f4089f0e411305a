"""The rows that an export says and those that it delivered are counted both."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import cast

import pytest

from connectors.base import OneAtATime, Options, Sink
from connectors.hubspot import HubSpot
from connectors.testing import MappingSecrets
from connectors.transport.http import Api
from orchestrator.adapters.copies.packing import ZipPacking
from orchestrator.core.cases import Step
from orchestrator.ports import Artifact, Claimed
from orchestrator.stages.work.accounts import Account, AccountConfig, Lease
from orchestrator.stages.work.calling import CallGroup, Prepared, call
from orchestrator.stages.work.sink import RowSink
from orchestrator.stages.work.windows import Windows
from schemas.connecting import (
    EMAIL,
    Action,
    Exported,
    HandedOver,
    Installation,
    Item,
    ItemId,
    Mode,
    NeedsHuman,
    NothingFound,
    Provenance,
    Reply,
    Row,
    Work,
)
from tests.core.builders import (
    ACCESS,
    CASE,
    MAIL,
    a_plan,
    an_account,
    an_opening,
    task_of,
)
from tests.stages.an_office import Office

ITEM = Item(ItemId("i-1"), "ref-1", "profile", "marketing_profile")
ROW = Row("profile", Provenance.PROVIDED, "ref-1", {"n": 1})


class Copying(OneAtATime):
    """Writes two rows and says what it is told to say."""

    spec = HubSpot.spec

    def __init__(self, says: Reply) -> None:
        super().__init__(cast("Api", None), Options())
        self._says = says

    async def ping(self) -> Installation:
        """Know itself."""
        return Installation("here")

    async def export(self, work: Work, sink: Sink) -> Reply:  # noqa: ARG002 (the protocol's)
        """Deliver two rows."""
        await sink.write(ROW)
        await sink.write(ROW)
        return self._says


class Memory:
    """Keeps chunks, so that a sink needs no database."""

    def __init__(self) -> None:
        self.chunks: list[bytes] = []

    def store(self, artifact: str, seq: int, sealed: bytes) -> None:
        """Keep one chunk."""
        assert (artifact, seq) == ("a-1", len(self.chunks))
        self.chunks.append(sealed)


def _an_account(says: Reply) -> Account:
    def time() -> float:
        return 1.0

    lease = Lease(time)
    lease.take(1, 1.0, 10)
    config = AccountConfig(
        id=MAIL,
        connector=HubSpot,
        spec=HubSpot.spec,
        options=Options(),
        secrets=MappingSecrets({}),
        bases={},
        mode=Mode.LIVE,
        accepts=frozenset({EMAIL}),
    )
    return Account(config, Copying(says), cast("Api", None), Windows(time), lease)


@pytest.mark.parametrize(
    ("says", "heard"),
    [
        pytest.param(Exported(2), Exported(2), id="as_delivered"),
        pytest.param(Exported(3), NeedsHuman("rows_do_not_match"), id="too_few"),
        pytest.param(Exported(1), NeedsHuman("rows_do_not_match"), id="too_many"),
        pytest.param(NothingFound(), NeedsHuman("rows_do_not_match"), id="of_nobody"),
        pytest.param(HandedOver(), NeedsHuman("rows_do_not_match"), id="handed_over"),
    ],
)
def test_copy_whose_rows_were_not_all_delivered_goes_to_a_person(
    office: Office, says: Reply, heard: object
) -> None:
    """What the connector counts is compared with what the sink was given."""
    office.open([an_opening(rights=ACCESS)], a_plan(an_account()))
    key = office.vault.open([CASE], "export", []).keys[CASE]
    memory = Memory()
    artifact = Artifact("a-1", CASE, "rows", MAIL, None, 0, None)

    async def run(job: Callable[[], None]) -> None:
        job()

    async def open_sink(member: Prepared) -> RowSink:  # noqa: ARG001 (the protocol's)
        allowed = frozenset({"ref-1"})
        return RowSink(artifact, allowed, key, ZipPacking(), memory.store, run)

    task = task_of(office.case(CASE), MAIL, Action.EXPORT)
    member = Prepared(Claimed(CASE, task, 1), (), (ITEM,))
    group = CallGroup(_an_account(says), Action.EXPORT, Step.ACT, (member,))

    (said,) = asyncio.run(call(group, open_sink))

    assert said.reply == heard
