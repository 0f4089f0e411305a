"""An account at which something is owed stays in the register as it was."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

from orchestrator.core.afterwards.owed import Obligation
from orchestrator.core.words import AccountId
from schemas.connecting import ItemId
from tests.support.installation import AnInstallation
from tests.support.people import Human
from tests.support.site_register import RegisterText

Edit = Callable[[str], str]

INVOICES = Obligation(
    AccountId("commercetools"), "order", "fr-orders", date(2033, 4, 5), (ItemId("i1"),)
)


@pytest.fixture
def owing(tmp_path: Path) -> Iterator[AnInstallation]:
    """Lend an installation with a case that owes something at commercetools."""
    named = {"commercetools": {"installation": '"a-shop"'}}
    made = AnInstallation(tmp_path, register=RegisterText(extra=named))
    id_ = made.a_case(Human(1))
    with made.parts.store.transaction() as transaction:
        before = transaction.load_cases([id_])[id_]
        transaction.save_cases([(before, replace(before, obligations=(INVOICES,)))])
    yield made
    made.close()


def _gone(text: str) -> str:
    """Take the account out of a register, and its recipient."""
    parts = re.split(r"(?m)^(?=\[)", text)
    its = ("[accounts.commercetools", "[recipients.commercetools")
    return "".join(part for part in parts if not part.startswith(its))


def _another_shop(text: str) -> str:
    """Let the account be another project of the same vendor."""
    return text.replace('installation = "a-shop"', 'installation = "another"')


def _another_connector(text: str) -> str:
    """Let another connector speak for the account."""
    own = re.search(r"(?s)\[accounts\.hubspot\.secrets\].*?\n\n", text)
    assert own is not None
    head, tail = text.split("[accounts.commercetools.secrets]")
    head = head.replace('connector = "commercetools"', 'connector = "hubspot"')
    secrets = 'token = "env:HUBSPOT_TOKEN"\n'
    return f"{head}[accounts.commercetools.secrets]\n{secrets}{_others(tail)}"


def _others(tail: str) -> str:
    """Leave out what belongs to the account itself."""
    after = re.search(r"(?m)^\[(?!accounts\.commercetools)", tail)
    return tail[after.start() :] if after else ""


@pytest.mark.parametrize(
    ("edit", "said"),
    [
        pytest.param(_gone, "is gone from the register", id="gone"),
        pytest.param(
            _another_shop,
            "was the installation a-shop and is to be another now",
            id="installation",
        ),
        pytest.param(
            _another_connector,
            "had the connector commercetools and has hubspot now",
            id="connector",
        ),
    ],
)
def test_register_without_an_account_that_is_owed_to_is_refused(
    owing: AnInstallation, edit: Edit, said: str
) -> None:
    """The sentence says how much, until when and what to do; at each door."""
    text = owing.register.read_text(encoding="utf-8")
    owing.register.write_text(edit(text), encoding="utf-8")

    doors = [owing(*words) for words in (("register", "check"), ("config", "check"))]

    for ran in doors:
        assert ran.code == 2, ran.err
        told = ran.err + ran.out
        assert said in told
        assert "1 erasure of what had to stay is owed there" in told
        assert "the last after 2033-04-05: put it back as it was" in told


def test_register_as_it_was_is_right(owing: AnInstallation) -> None:
    """Nothing is said of what stayed, whatever else the register says."""
    assert "owed" not in owing("register", "check").err
    assert owing("config", "check").code == 0


@pytest.mark.parametrize("mode", ["off", "dry_run"])
def test_account_that_is_live_no_more_is_told_with_what_is_owed(
    owing: AnInstallation, mode: str
) -> None:
    """It starts, for a person can do it; but nobody learns of it only years later."""
    text = owing.register.read_text(encoding="utf-8")
    head, tail = text.split("[accounts.commercetools]")
    tail = tail.replace('mode = "live"', f'mode = "{mode}"', 1)
    owing.register.write_text(f"{head}[accounts.commercetools]{tail}", encoding="utf-8")

    doors = [owing(*words) for words in (("register", "check"), ("config", "check"))]

    assert [ran.code for ran in doors] == [1, 0]
    for ran in doors:
        assert "accounts.commercetools.mode: 1 erasure of what had to stay" in ran.err
        assert (
            f'the last after 2033-04-05, and nothing is erased while it is "{mode}"'
            in (ran.err)
        )
