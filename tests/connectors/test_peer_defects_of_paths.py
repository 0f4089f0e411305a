"""Two of the eleven defects seen in a peer (see `test_peer_defects.py`): its paths."""

from __future__ import annotations

from dataclasses import replace

import pytest

from connectors.opendsr.options import OpenDsrOptions
from connectors.testing import BYSTANDER, CANARY, work_of
from schemas.connecting import Done, Located, NeedsHuman
from tests.connectors.in_memory import at_its_fake, contracts, said

every = pytest.mark.parametrize("name", sorted(contracts()))


class TestIdsAreEncoded:
    """7. Ids went into URLs as they were: another resource was hit."""

    @every
    @pytest.mark.parametrize(
        "local",
        ["a/b", "a+b", "a?b=c", "a&b", "a%2Fb", "a#b", "..", "a;b", "ä", "a=b", "'a'"],
    )
    def test_odd_address_reaches_its_own_person_only(
        self, name: str, local: str
    ) -> None:
        """Whoever would be hit without encoding is still there."""
        odd = replace(CANARY, email=f"{local}@birds.example")
        near = replace(BYSTANDER, email="a@birds.example")
        with at_its_fake(name) as place:
            place.fake.reset()
            place.contract.seed(place.fake, near)
            identifiers = place.contract.seed(place.fake, odd)

            finding = place.bench.locate(identifiers)
            if isinstance(finding, NeedsHuman):
                return
            assert isinstance(finding, Located)
            replies = place.bench.erase(work_of(finding.items, identifiers))

            assert all(isinstance(it, Done) for it in replies)
            assert not place.contract.holds(place.fake, odd)
            assert place.contract.holds(place.fake, near)


class TestPathsAreData:
    """11. Two sources spelled one vendor's path differently, each in its code."""

    @pytest.mark.parametrize("path", ["opendsr_request", "opendsr_requests"])
    def test_register_may_spell_the_path(self, path: str) -> None:
        """Whichever source is right, nobody has to change a program for it."""
        with at_its_fake("opendsr") as place:
            options = place.bench.options
            assert isinstance(options, OpenDsrOptions)
            differs = options.differs.model_copy(update={"requests": path})
            place.bench.options = options.model_copy(update={"differs": differs})
            work = place.bench.find(place.identifiers)
            said(lambda: place.bench.erase_once(work))

        assert any(it.url.endswith(f"/{path}") for it in place.sent)
