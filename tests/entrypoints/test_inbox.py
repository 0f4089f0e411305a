"""What people see of callbacks that nobody could apply."""

from __future__ import annotations

import json

import pytest

from orchestrator.core.words import AccountId
from orchestrator.ports import Letter
from tests.support.installation import AnInstallation
from tests.support.people import Human

ADA = Human(1)
BODY = {"subject_request_id": "6f9619ff", "person": {ADA.email: ADA.name}}


def _letter(installation: AnInstallation, state: str | None = None) -> str:
    """Take a callback that holds what it should not; end it in *state*."""
    parts = installation.parts
    letter = Letter(
        parts.clock.new_id("b"),
        AccountId("mixpanel"),
        "callback",
        parts.clock.now(),
        {"x-opendsr-signature": "c2lnbmF0dXJl"},
        json.dumps(BODY).encode(),
    )
    parts.inbox.put(letter)
    if state is not None:
        parts.inbox.end(letter.id, state, "unknown_call", parts.clock.now())  # type: ignore[arg-type]
    return letter.id


def test_unmatched_callback_is_counted_listed_and_shown(
    installation: AnInstallation,
) -> None:
    """The status tells of it, the list names it, and its code says why."""
    id_ = _letter(installation, "unmatched")

    (line,) = installation("inbox", "list", "--json").data
    shown = installation("inbox", "show", id_, "--json").data

    assert installation("status", "--json").data["unmatched_callbacks"] == 1
    assert (line["id"], line["account"]) == (id_, "mixpanel")
    assert (shown["state"], shown["code"]) == ("unmatched", "unknown_call")
    assert shown["content"]["headers"] == ["x-opendsr-signature"]


@pytest.mark.parametrize("extra", [[], ["--json"]])
def test_content_is_shown_masked(
    installation: AnInstallation, extra: list[str]
) -> None:
    """Its shape, the names that protocols have, and no value of it."""
    id_ = _letter(installation, "unmatched")

    ran = installation("inbox", "show", id_, *extra)

    assert ran.code == 0
    assert "subject_request_id" in ran.out
    for value in (*ADA.traits.values(), "c2lnbmF0dXJl", "6f9619ff"):
        assert value not in ran.out + ran.err


@pytest.mark.parametrize("state", ["applied", "refused"])
def test_what_is_over_is_listed_on_demand_and_empty(
    installation: AnInstallation, state: str
) -> None:
    """The content is destroyed; that something came stays known for a while."""
    id_ = _letter(installation, state)

    assert installation("inbox", "list", "--json").data == []
    (line,) = installation("inbox", "list", "--all", "--json").data
    assert line["state"] == state
    assert installation("inbox", "show", id_, "--json").data["content"] == {
        "headers": [],
        "body": None,
    }


def test_empty_inbox_says_so(installation: AnInstallation) -> None:
    """Nothing to do is an answer too."""
    assert "Everything that came in was applied." in installation("inbox", "list").out


def test_stranger_is_told_where_to_look(installation: AnInstallation) -> None:
    """An id that nothing has is no traceback."""
    ran = installation("inbox", "show", "b-1")

    assert (ran.code, ran.out) == (1, "")
    assert "erasure inbox list" in ran.err
