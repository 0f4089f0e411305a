"""`erasure register graph` on a small installation."""

from __future__ import annotations

from tests.support.installation import AnInstallation


def test_command_draws_json_too(installation: AnInstallation) -> None:
    """Programs get places and links."""
    found = installation("register", "graph", "--json").data

    assert {*found} == {"controller", "places", "links"}
    assert installation("register", "graph", "--format", "dot").out.startswith(
        "digraph"
    )
    assert installation("register", "graph", "--controller", "x").code == 2
