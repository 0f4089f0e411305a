"""`erasure brake`: what two people see, say and end."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from orchestrator.adapters.intake.brakes import SAMPLE, Said
from tests.support.installation import AnInstallation
from tests.support.people import Human, a_submission
from tests.support.site_register import RegisterText

CAP = "[brake]\ncap_per_hour = 2\n"
SOURCE = ("--source", "/portal/test")


@pytest.fixture
def pulled(tmp_path: Path) -> Iterator[AnInstallation]:
    """Lend an installation to which five people came where two may."""
    made = AnInstallation(tmp_path, register=RegisterText(more=CAP))
    made.publish(*(a_submission(Human(number)) for number in range(1, 6)))
    made.ingest()
    yield made
    made.close()


def test_nothing_counted_is_said(installation: AnInstallation) -> None:
    """A fresh installation has no brake to show."""
    shown = installation("brake", "status")

    assert (shown.code, shown.out) == (0, "No erasure was counted so far.\n")


def test_status_shows_counts_limits_and_what_is_held(pulled: AnInstallation) -> None:
    """By source and by all of them, with the earliest date among the held."""
    found = pulled("brake", "status", "--json").data
    shown = pulled("brake", "status").out
    screen = pulled("status", "--json").data

    source, every = found["sources"]
    assert (source["source"], every["source"]) == ("/portal/test", "all")
    assert (source["this_hour"], source["allowed_this_hour"]) == (2, 2)
    assert (source["is_pulled"], source["held"], every["is_pulled"]) == (True, 3, False)
    assert source["next_due_at"] is not None
    assert found["pulls"][0]["cause"] == "hourly_cap"
    assert "2 of 2" in shown
    assert screen["pulled_brakes"] == 1


def test_status_tells_people_from_requests(pulled: AnInstallation) -> None:
    """Two requests of one person count twice, and as one among the people."""
    once_more = {"type": "email", "value": "another@example.com"}
    subject = {"customer_id": Human(5).customer_id, "identifiers": [once_more]}
    pulled.publish(a_submission(Human(6), subject=subject))
    pulled.ingest()

    data = pulled("brake", "status", "--json").data
    shown = pulled("brake", "status").out

    assert (data["sources"][0]["held"], data["sources"][0]["held_people"]) == (4, 3)
    assert data["pulls"][0]["people"] == 3
    assert shown.count("4 of 3 people") == 2


def test_sample_shows_nobody(pulled: AnInstallation) -> None:
    """What a person needs to judge, and nothing that identifies."""
    shown = pulled("brake", "sample", *SOURCE, "--by", "dpo-1", "--count", 2, "--json")
    kept = pulled("brake", "status", "--json").data["pulls"][0]["said"]

    assert len(shown.data) == 2
    assert shown.data[0]["identifier_types"] == ["customer_id", "email", "phone"]
    assert shown.data[0]["level"] == "substantial"
    assert kept[0]["cases"] == sorted(one["case"] for one in shown.data)
    assert "@" not in shown.out
    assert "+33" not in shown.out


def _say(pulled: AnInstallation, *words: str) -> list[str]:
    """Let two people look and say the same; returns what they are told."""
    told = []
    for by in ("dpo-1", "dpo-2"):
        assert pulled("brake", "sample", *SOURCE, "--by", by).code == 0
        ran = pulled("brake", *words, *SOURCE, "--by", by)
        assert ran.code == 0, ran.err
        told.append(ran.out)
    return told


def test_two_people_release(pulled: AnInstallation) -> None:
    """The first is noted, the second ends it; the brake is off at once."""
    first, second = _say(pulled, "release")

    found = pulled("brake", "status", "--json").data
    assert "a second, different person" in first
    assert "The brake is off. 3 cases are released, 0 were over before." in second
    assert (found["pulls"], [one["held"] for one in found["sources"]]) == ([], [0, 0])


def test_status_tells_a_stranger_what_to_do_next(pulled: AnInstallation) -> None:
    """Who said what so far, what stays held, and which words end it."""
    before = pulled("brake", "status").out
    pulled("brake", "sample", *SOURCE, "--by", "dpo-1", "--count", 2)
    pulled("brake", "release", *SOURCE, "--by", "dpo-1")

    after = pulled("brake", "status").out

    assert "/portal/test holds 3 open cases, and every new erasure." in before
    assert (
        "erasure brake sample --source /portal/test --controller maison-exemple"
        in before
    )
    assert "nothing" in before
    assert "dpo-1 saw 2, dpo-1 says released" in after


def test_sweep_goes_on_where_the_command_was_killed(pulled: AnInstallation) -> None:
    """What two people decided reaches every case, whoever ends the work."""
    parts = pulled.parts
    (pull,) = parts.brakes.pulls()
    for by in ("dpo-1", "dpo-2"):
        parts.brakes.note(pull.id, Said(by, parts.clock.now(), SAMPLE))
        parts.brakes.decide(pull.id, Said(by, parts.clock.now(), "released"))
    (waiting,) = parts.brakes.pulls()

    parts.sweep(lambda: None).turn()

    assert (waiting.state, waiting.held) == ("released", 3)
    assert list(parts.brakes.pulls()) == []


def test_two_people_refuse(pulled: AnInstallation) -> None:
    """Each case has both names on its ruling."""
    _, second = _say(pulled, "refuse", "--ground", "identity_unconfirmed")

    cases = [
        pulled("case", "show", one["id"], "--json").data
        for one in pulled("case", "list", "--json").data
    ]
    refused = [one for one in cases if one["refused_for"]]
    assert "The brake is off. 3 cases are refused, 0 were over before." in second
    assert len(refused) == 3
    assert {tuple(case["rulings"][0]["by"]) for case in refused} == {("dpo-1", "dpo-2")}


@pytest.mark.parametrize(
    ("args", "sentence"),
    [
        pytest.param(("release", *SOURCE), "no sample", id="nothing-seen"),
        pytest.param(("release", "--source", "/x"), "not pulled", id="another-source"),
        pytest.param(
            ("release", *SOURCE, "--controller", "x"), "not pulled", id="controller"
        ),
        pytest.param(
            ("refuse", *SOURCE, "--ground", "because"), "no ground", id="free-text"
        ),
        pytest.param(
            ("refuse", *SOURCE, "--ground", "unfounded"),
            "under every law",
            id="ground-of-some",
        ),
    ],
)
def test_what_does_not_fit_is_refused_with_a_sentence(
    pulled: AnInstallation, args: tuple[str, ...], sentence: str
) -> None:
    """Whoever tries learns why, and nothing changes."""
    told = pulled("brake", *args, "--by", "dpo-1")

    assert told.code != 0
    assert sentence in told.err
    assert pulled("brake", "status", "--json").data["pulls"][0]["said"] == []
