"""`erasure privacy inventory`: what is held now, for a data protection officer."""

from __future__ import annotations

from tests.support.installation import AnInstallation
from tests.support.people import Human

ADA = Human(1)


def test_inventory_shows_what_there_is(installation: AnInstallation) -> None:
    """A case's identifiers are there, and no kind of which there is nothing."""
    installation.a_case(ADA)

    shown = installation("privacy", "inventory").out
    everything = installation("privacy", "inventory", "--all").out

    (line,) = [one for one in shown.splitlines() if one.startswith("identifiers ")]
    assert line.split()[:4] == ["identifiers", "identifying", "table", "vault"]
    assert "tickets of processors' jobs" not in shown
    assert "tickets of processors' jobs" in everything
    assert "anything else" not in shown
    for trait in ADA.traits.values():
        assert trait not in everything


def test_inventory_in_json_has_every_kind(installation: AnInstallation) -> None:
    """A program sees the zeros as well, and what cannot be counted as null."""
    installation.a_case(ADA)

    held = {
        one["kind"]: one for one in installation("privacy", "inventory", "--json").data
    }

    assert held["identifiers"]["count"] == 1
    assert held["identifiers"]["oldest"]
    assert held["identifiers"]["goes"].startswith("once its case is answered")
    assert held["tickets of processors' jobs"]["count"] == 0
    assert held["copies that were downloaded"]["count"] is None
    assert all(one["goes"] and one["sealed_by"] for one in held.values())
