"""What a program that calls the command can rely on."""

from __future__ import annotations

from tests.support.installation import AnInstallation


def test_mistakes_of_the_register_are_json_for_who_asks_for_it(
    installation: AnInstallation,
) -> None:
    """A program reads the mistakes where it reads the warnings."""
    text = installation.register.read_text()
    wrong = text.replace('connector = "klaviyo"', 'connector = "klavio"')
    installation.register.write_text(wrong)

    ran = installation("register", "check", "--json")

    assert ran.code == 2
    assert any("accounts.klaviyo.connector" in one for one in ran.data["mistakes"])


def test_register_without_mistakes_has_an_empty_list(
    installation: AnInstallation,
) -> None:
    """The member is always there."""
    assert installation("register", "check", "--json").data["mistakes"] == []


def test_program_says_its_version(installation: AnInstallation) -> None:
    """The same as receipts print."""
    ran = installation("--version")

    assert (ran.code, ran.out) == (0, f"erasure {installation.parts.software}\n")


def test_status_without_an_answering_broker_is_a_wrong_set_up(
    installation: AnInstallation,
) -> None:
    """What the database knows is shown; exit 2 says that the lag is unknown."""
    ran = installation("status", "--json", ERASURE_KAFKA="127.0.0.1:9")

    assert ran.code == 2
    assert ran.data["lag"] is None
