"""What was heard is stored, and what is next is claimed, in one transaction."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
from pydantic import SecretBytes

from orchestrator.adapters.keys.pseudonyms import Pseudonyms
from orchestrator.core.cases import TaskStatus
from orchestrator.ports import Claimed, Heard
from orchestrator.stages.gather import Gatherer, Habits
from schemas.connecting import Action, Item, ItemId, Located
from tests.core.builders import CASE, MAIL, a_plan, an_account, an_opening
from tests.stages.an_office import Office

_FOUND = Located((Item(ItemId("r1"), "r1", "record", "profile", None),))


@pytest.fixture
def gather(office: Office) -> Gatherer:
    """Open a case of one account, which is ours."""
    office.open([an_opening()], a_plan(an_account()))
    now = office.clock.now()
    office.claims.register([MAIL])
    office.claims.acquire([MAIL], "worker", now, now + timedelta(hours=1))
    names = Pseudonyms(SecretBytes(bytes(32)))
    habits = {MAIL: Habits(frozenset())}
    return Gatherer(
        office.engine, office.vault, names, office.clock, habits, lambda: None
    )


def _claiming(office: Office, claimed: list[Claimed]) -> Callable[[], None]:
    """Return what claims all that is ready."""

    def claim() -> None:
        now = office.clock.now()
        rooms, epochs = {MAIL: 8}, {MAIL: 1}
        claimed[:] = office.claims.claim(rooms, epochs, "worker", now, lambda _: [], {})

    return claim


def test_what_a_report_frees_is_claimed_with_it(
    office: Office, gather: Gatherer
) -> None:
    """The erasure is claimed in the transaction that stores the end of its search."""
    claimed: list[Claimed] = []
    claim = _claiming(office, claimed)
    claim()
    (search,) = claimed

    rode = gather([Heard(search, _FOUND)], claim)

    assert rode
    assert [one.task.action for one in claimed] == [Action.ERASE]
    (erasure,) = office.case(CASE).tasks_of(Action.ERASE)
    assert erasure.status is TaskStatus.CALLED


def test_claim_that_fails_takes_no_report_along(
    office: Office, gather: Gatherer
) -> None:
    """What was heard is stored without it, and what it had claimed is free."""
    claimed: list[Claimed] = []
    claim = _claiming(office, claimed)
    claim()
    (search,) = claimed

    def fail() -> None:
        claim()
        raise ValueError("a value of the vault does not open")

    rode = gather([Heard(search, _FOUND)], fail)

    assert not rode
    (located,) = office.case(CASE).tasks_of(Action.LOCATE)
    (erasure,) = office.case(CASE).tasks_of(Action.ERASE)
    assert (located.is_settled, erasure.status) == (True, TaskStatus.READY)


def test_nothing_rides_where_nothing_is_stored(
    office: Office, gather: Gatherer
) -> None:
    """Without a report there is no transaction to ride in, and the caller is told."""
    claimed: list[Claimed] = []

    assert not gather([], _claiming(office, claimed))
    assert claimed == []
