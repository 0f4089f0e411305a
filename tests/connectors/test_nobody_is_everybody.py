"""An empty filter, or a switch that means all, reaches nobody at any connector."""

from __future__ import annotations

from dataclasses import replace

import pytest

from connectors.testing import BYSTANDER, CANARY, TASK
from schemas.connecting import Done, Identifier, JobAccepted, Located, Work
from tests.connectors.in_memory import at_its_fake, contracts, said, writes

every = pytest.mark.parametrize("name", sorted(contracts()))


@every
def test_work_without_items_writes_nothing(name: str) -> None:
    """Nothing to erase is not everything to erase."""
    with at_its_fake(name) as place:
        empty = Work(TASK, (), tuple(place.identifiers), "call-1")
        reply = said(lambda: place.bench.erase_once(empty))

    assert writes(place) == []
    assert not isinstance(reply, Done | JobAccepted)


@every
@pytest.mark.parametrize("reference", ["", " ", "*", "%", ".", "..", "/", "null"])
def test_item_without_a_name_erases_nobody(name: str, reference: str) -> None:
    """A reference that could mean all of them means none of them."""
    with at_its_fake(name) as place:
        place.contract.seed(place.fake, BYSTANDER)
        work = place.bench.find(place.identifiers)
        (first, *_) = work.items
        odd = replace(
            work, items=(replace(first, reference=reference),), identifiers=()
        )
        said(lambda: place.bench.erase_once(odd))

        assert place.contract.holds(place.fake, CANARY)
        assert place.contract.holds(place.fake, BYSTANDER)


@every
@pytest.mark.parametrize("value", ["", " ", "*", "%", '"', "' or 1=1"])
def test_search_for_nothing_finds_nobody(name: str, value: str) -> None:
    """A filter without a value would match everybody."""
    with at_its_fake(name) as place:
        place.contract.seed(place.fake, BYSTANDER)
        blank = [Identifier(it.type, value) for it in place.identifiers]
        finding = said(lambda: place.bench.locate(blank))

    if isinstance(finding, Located):
        assert not any(item.proven for item in finding.items)
