"""Accounts by the command: seen, pinged, paused, resumed."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from connectors.fakes.every import Street, every_fake
from connectors.fakes.serving import serve
from orchestrator.core.words import AccountId
from orchestrator.stages.work.windows import Windows
from tests.support.finished import running, until
from tests.support.installation import AnInstallation
from tests.support.people import Human, settle_in
from tests.support.site_register import RegisterText

HUBSPOT = AccountId("hubspot")


@pytest.fixture
def answering(tmp_path: Path) -> Iterator[AnInstallation]:
    """Lend an installation whose accounts answer."""
    fakes = every_fake()
    settle_in(fakes, [Human(1)])
    with serve(Street(fakes)) as url:
        made = AnInstallation(tmp_path, url=url)
        yield made
        made.close()


def _line(installation: AnInstallation, account: str) -> dict[str, Any]:
    """Return an account's line."""
    lines = installation("account", "list", "--json").data
    (line,) = [one for one in lines if one["id"] == account]
    return dict(line)


def test_every_account_of_the_register_is_listed(installation: AnInstallation) -> None:
    """Also those that nobody has worked for yet."""
    lines = installation("account", "list", "--json").data

    assert [line["id"] for line in lines] == [
        *("commercetools", "hubspot", "klaviyo", "mixpanel"),
    ]
    assert {line["state"] for line in lines} == {"nobody works for it"}


@pytest.mark.parametrize("account", ["hubspot", "klaviyo", "mixpanel", "commercetools"])
def test_ping_says_what_an_account_calls_itself(
    answering: AnInstallation, account: str
) -> None:
    """The name is shown, remembered, and what to write into the register."""
    ran = answering("account", "ping", account)

    assert (ran.code, ran.err) == (0, "")
    line = _line(answering, account)
    assert line["installation"]
    assert line["pinged_at"]
    assert ran.sentences == []
    assert f"{account} answers as {line['installation']}." in ran.out
    assert f'Write installation = "{line["installation"]}"' in ran.out


def test_ping_of_another_installation_is_no(answering: AnInstallation) -> None:
    """The register expects another name: exit 1 and what to correct."""
    text = RegisterText(extra={"klaviyo": {"installation": '"AbC123"'}})
    url = answering.register.read_text().split('base_url = "')[1].split("/hubspot")[0]
    answering.register.write_text(text.at(url))

    ran = answering("account", "ping", "klaviyo")

    assert (ran.code, ran.out, len(ran.sentences)) == (1, "", 1)
    assert "answers under another name" in ran.err


def test_ping_with_a_refused_secret_is_no(answering: AnInstallation) -> None:
    """The sentence names the account, never the secret."""
    ran = answering("account", "ping", "hubspot", HUBSPOT_TOKEN="wrong-secret")

    assert (ran.code, ran.out, len(ran.sentences)) == (1, "", 1)
    assert ran.err.startswith("hubspot: it refuses our credentials;")
    assert "wrong-secret" not in ran.err


def test_ping_of_nobody_is_no(installation: AnInstallation) -> None:
    """An account that does not answer is tried again later."""
    ran = installation("account", "ping", "mixpanel")

    assert (ran.code, ran.out, len(ran.sentences)) == (1, "", 1)
    assert ran.err.startswith("mixpanel: it does not answer now (")


def test_ping_without_a_secret_is_a_wrong_set_up(answering: AnInstallation) -> None:
    """The sentence says where the secret should be."""
    del answering.env["KLAVIYO_TOKEN"]

    ran = answering("account", "ping", "klaviyo")

    assert (ran.code, ran.out) == (2, "")
    assert ran.sentences == [
        "The environment variable KLAVIYO_TOKEN is not set; set it."
    ]


def test_good_ping_ends_a_pause_for_credentials(answering: AnInstallation) -> None:
    """What the processor refused before is mended."""
    claims, now = answering.parts.claims, answering.parts.clock.now()
    claims.register([HUBSPOT])
    claims.pause(HUBSPOT, "credentials_refused", "work", now)

    ran = answering("account", "ping", "hubspot")

    assert ran.code == 0
    assert "Its pause is over." in ran.out
    assert _line(answering, "hubspot")["state"] == "nobody works for it"


def test_good_ping_leaves_a_persons_pause(answering: AnInstallation) -> None:
    """Only a person ends what a person paused."""
    answering("account", "pause", "hubspot", "--by", "ops-1")

    ran = answering("account", "ping", "hubspot")

    assert ran.code == 0
    assert "It stays paused (by_hand)" in ran.out
    line = _line(answering, "hubspot")
    assert (line["state"], line["reason"]) == ("paused", "by_hand")


def test_persons_pause_takes_the_place_of_a_workers(answering: AnInstallation) -> None:
    """Whoever pauses an account that a 401 has paused is heard: no ping ends it."""
    claims, now = answering.parts.claims, answering.parts.clock.now()
    claims.register([HUBSPOT])
    claims.pause(HUBSPOT, "credentials_refused", "work", now)

    paused = answering("account", "pause", "hubspot", "--by", "ops-1")
    pinged = answering("account", "ping", "hubspot")

    assert (paused.code, pinged.code) == (0, 0)
    line = _line(answering, "hubspot")
    assert (line["reason"], line["paused_by"]) == ("by_hand", "ops-1")


def test_pause_that_the_processor_asked_for_is_shown(
    installation: AnInstallation,
) -> None:
    """Until when, as the windows have it that the next owner takes over."""
    parts = installation.parts
    windows = Windows(parts.clock.monotonic)
    windows.hold(3600)
    now = parts.clock.now()
    parts.claims.register([HUBSPOT, AccountId("klaviyo")])
    parts.claims.save_windows({HUBSPOT: windows.snapshot()}, now)
    long_ago = now - timedelta(hours=2)
    parts.claims.save_windows({AccountId("klaviyo"): windows.snapshot()}, long_ago)

    until = datetime.fromisoformat(_line(installation, "hubspot")["held_until"])

    assert abs(until - now - timedelta(hours=1)) < timedelta(seconds=5)
    assert _line(installation, "klaviyo")["held_until"] is None
    assert f"{until:%Y-%m-%d %H:%M}Z" in installation("account", "list").out


def test_refused_access_says_what_to_do_and_waits_for_a_person(
    answering: AnInstallation,
) -> None:
    """A ping proves nothing about a missing right, and `account list` says so."""
    claims, now = answering.parts.claims, answering.parts.clock.now()
    claims.register([HUBSPOT])
    claims.pause(HUBSPOT, "access_refused", "work", now)

    answering("account", "ping", "hubspot")
    listed = answering("account", "list")

    assert "hubspot: grant the missing right at the processor" in listed.out
    assert _line(answering, "hubspot")["state"] == "paused"
    assert answering("account", "resume", "hubspot").code == 0


def test_paused_account_is_shown_until_it_is_resumed(
    installation: AnInstallation,
) -> None:
    """Who paused it, why and when; `status` names it too."""
    paused = installation("account", "pause", "klaviyo", "--by", "ops-1")
    line = _line(installation, "klaviyo")
    status = installation("status", "--json").data
    resumed = installation("account", "resume", "klaviyo", "--by", "ops-2")

    assert (paused.code, resumed.code) == (0, 0)
    assert (line["state"], line["reason"], line["paused_by"]) == (
        *("paused", "by_hand"),
        "ops-1",
    )
    assert status["paused_accounts"] == ["klaviyo"]
    assert _line(installation, "klaviyo")["state"] == "nobody works for it"


@pytest.mark.parametrize(
    ("words", "code", "sentence"),
    [
        pytest.param(["resume", "klaviyo"], 1, "klaviyo is not paused.", id="resume"),
        pytest.param(["pause", "hubspot"], 1, "hubspot is paused already", id="pause"),
        pytest.param(["ping", "nobody"], 2, "There is no account nobody", id="ping"),
        pytest.param(
            ["pause", "nobody"], 2, "There is no account nobody", id="strange"
        ),
        pytest.param(
            ["pause", "klaviyo", "--reason", "Ada Moreau"],
            2,
            "--reason takes one word",
            id="reason",
        ),
        pytest.param(
            ["pause", "klaviyo", "--reason", "credentials_refused"],
            2,
            "--reason credentials_refused is a worker's own word",
            id="own_reason",
        ),
    ],
)
def test_what_cannot_be_is_one_sentence(
    installation: AnInstallation, words: list[str], code: int, sentence: str
) -> None:
    """Nothing is changed."""
    installation("account", "pause", "hubspot")

    ran = installation("account", *words)

    assert (ran.code, ran.out) == (code, "")
    assert ran.sentences[-1].startswith(sentence)
    assert len(ran.sentences) == 1


def test_account_without_its_secret_is_paused_alone(
    answering: AnInstallation,
) -> None:
    """The others settle; the missing secret is told; putting it there mends it."""
    del answering.env["HUBSPOT_TOKEN"]
    case = answering.a_case(Human(1))

    with running(answering) as process:
        until(
            lambda: _line(answering, "hubspot")["state"] == "paused",
            answering,
            process,
        )
        until(lambda: _is_settled(answering, case, "klaviyo"), answering, process)

    assert _line(answering, "hubspot")["reason"] == "secret_missing"
    log = (answering.folder / "process.log").read_text()
    assert "The environment variable HUBSPOT_TOKEN is not set; set it." in log
    assert _needs_nobody(answering)


def _is_settled(installation: AnInstallation, case: str, account: str) -> bool:
    """Tell whether an account's search is over."""
    task = installation("task", "show", f"{case}.{account}.locate", "--json").data
    return str(task["status"]) == "settled"


def _needs_nobody(installation: AnInstallation) -> bool:
    """Tell whether no task was handed to a person."""
    return not installation("task", "list", "--needs-human", "--json").data
