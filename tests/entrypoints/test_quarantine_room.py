"""How operators see that the quarantine fills, and what had no room in it."""

from __future__ import annotations

import pytest

from orchestrator.bootstrap.installation import Installation
from tests.support.command import Ran
from tests.support.installation import AnInstallation
from tests.support.people import Human, a_submission


def status(installation: AnInstallation, *args: str) -> Ran:
    """Run `erasure status` with room for ten."""
    return installation("status", *args, ERASURE_QUARANTINE_MOST_EVENTS="10")


def flood(installation: AnInstallation, many: int) -> None:
    """Let somebody without a key write events, and take them in with room for ten."""
    parts = installation.parts
    forged = [a_submission(Human(number)) for number in range(many)]
    assert all(parts.publisher.publish(forged))
    few = parts.settings.model_copy(update={"quarantine_most_events": 10})
    process = Installation(few)
    try:
        process.ingest(process.consumer(), lambda: None).turn(0)
    finally:
        process.close()


def test_status_and_list_say_what_had_no_room(installation: AnInstallation) -> None:
    """In figures for programs, in sentences for people; `unkept` has the places."""
    flood(installation, 13)

    told = status(installation)
    data = status(installation, "--json").data
    listed = installation("quarantine", "list")
    (row,) = installation("quarantine", "unkept", "--json").data
    table = installation("quarantine", "unkept").out

    assert "10, 3 not kept in 24 hours" in told.out
    assert any("has 100 % of what it keeps" in one for one in told.sentences)
    assert (data["quarantine_percent"], data["unkept"]) == (100, 3)
    assert any("3 more were only counted" in one for one in listed.sentences)
    assert (row["code"], row["count"], row["first_offset"], row["last_offset"]) == (
        "not_signed",
        3,
        row["last_offset"] - 2,
        row["last_offset"],
    )
    assert f"{row['first_offset']} to {row['last_offset']}" in table


@pytest.mark.parametrize(
    ("many", "is_told"),
    [pytest.param(7, False, id="70"), pytest.param(8, True, id="80")],
)
def test_status_warns_from_80_percent_on(
    installation: AnInstallation, many: int, *, is_told: bool
) -> None:
    """Below it says nothing of room."""
    flood(installation, many)

    sentences = status(installation).sentences

    assert any("of what it keeps" in one for one in sentences) is is_told
    assert installation("quarantine", "unkept").out == (
        "Everything that was refused is kept.\n"
    )
