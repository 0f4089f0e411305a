"""The demo's parts that can be wrong without the whole demo showing it."""

from __future__ import annotations

import tomllib
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from connectors.registry import names
from orchestrator.core.cases import Case, Gate, GateReason, Step, Task, TaskStatus
from orchestrator.entrypoints.demo import run_demo
from orchestrator.entrypoints.demo.cells import cell_of
from orchestrator.entrypoints.demo.example_files import (
    REQUEST_FILES,
    register_text,
    requests_of_today,
)
from orchestrator.entrypoints.demo.folder import make_folder
from orchestrator.entrypoints.demo.forgotten import holders
from orchestrator.entrypoints.demo.people import PEOPLE, REFUSED
from orchestrator.entrypoints.demo.processors import open_processors
from orchestrator.entrypoints.demo.register_text import (
    quoted,
    with_accounts,
    with_values,
)
from orchestrator.entrypoints.demo.systems import ALL, FOUR, SYSTEMS
from orchestrator.errors import SetUpError
from schemas.connecting import Action, Evidence
from schemas.outcomes import Done, NeedsHuman, NothingFound
from tests.core.builders import BOTH, MAIL, T0, a_case

NOW = datetime(2031, 2, 28, 23, 59, tzinfo=UTC)
REGISTER = """\
[accounts.shop] # Ours.
mode = "dry_run" # Reads only.
region = "eu"

[[retention]]
mode = "stays"
"""


# --- the register -----------------------------------------------------------------


def test_values_are_replaced_and_the_rest_is_kept() -> None:
    """A key of the named table gets its value; other tables and keys keep theirs."""
    text = with_values(REGISTER, {"accounts.shop": {"mode": '"live"'}})

    read = tomllib.loads(text)
    assert read["accounts"]["shop"] == {"mode": "live", "region": "eu"}
    assert read["retention"] == [{"mode": "stays"}]
    assert "# Ours." in text


def test_missing_keys_and_tables_are_added() -> None:
    """A key that the table lacks, and a table that is not there, come in."""
    changes = {
        "accounts.shop": {"url": quoted('a"b')},
        "accounts.shop.waits": {"n": "1"},
    }

    read = tomllib.loads(with_values(REGISTER, changes))

    assert read["accounts"]["shop"]["url"] == 'a"b'
    assert read["accounts"]["shop"]["waits"] == {"n": 1}
    assert read["accounts"]["shop"]["mode"] == "dry_run"


TWO_ACCOUNTS = """\
# --- Recipients ---

[recipients.a]
role = "processor"

# Nobody else is theirs.
[recipients.b]
role = "processor"

# --- Accounts ---

[accounts.shop]
recipient = "a"
fed_by = ["mail", "till"] # In this order.

[accounts.mail]
recipient = "b"

[accounts.mail.options]
fed_by_hand = true

[accounts.till]
recipient = "a"

# --- Rules ---

[[retention]]
id = "r"
"""


def test_other_accounts_are_dropped_with_all_that_is_theirs() -> None:
    """Their tables, comments, recipients and places in the order go; rules stay."""
    text = with_accounts(TWO_ACCOUNTS, ["shop", "till"])

    read = tomllib.loads(text)
    assert list(read["accounts"]) == ["shop", "till"]
    assert read["accounts"]["shop"]["fed_by"] == ["till"]
    assert list(read["recipients"]) == ["a"]
    assert read["retention"] == [{"id": "r"}]
    assert "Nobody else" not in text
    assert [line for line in text.splitlines() if line.startswith("# ---")] == [
        "# --- Recipients ---",
        "# --- Accounts ---",
        "# --- Rules ---",
    ]


def test_nothing_is_dropped_where_every_account_is_kept() -> None:
    """The example comes out as it went in, to the letter."""
    text = register_text()

    assert with_accounts(text, list(tomllib.loads(text)["accounts"])) == text


def test_example_register_ships_with_the_software() -> None:
    """The register that the demo changes is the commented example itself."""
    assert "[accounts.hubspot]" in register_text()


# --- the requests -----------------------------------------------------------------


def test_requests_are_of_today() -> None:
    """Every time of the examples moves by as much, so that none lies in the future."""
    for request in requests_of_today(NOW):
        data = request.submitted.request

        assert NOW - timedelta(hours=1) < data.received_at < NOW
        assert data.received_at < data.verification.verified_at < NOW


def test_people_of_the_demo_are_those_of_the_examples() -> None:
    """Each example request names one seeded person, by everything it says."""
    by_id = {person.customer_id: person for person in PEOPLE}

    for request in requests_of_today(NOW):
        subject = request.submitted.request.subject
        person = by_id[subject.customer_id or ""]
        assert person.asks != "nothing"
        known = person.identifiers(ALL)
        assert {it.value for it in subject.identifiers} <= set(known)
        assert request.submitted.request.jurisdiction == person.lives_in
        rights = request.submitted.request.rights
        asks_erasure = person.is_erased or person is REFUSED
        assert ("erasure" in rights) is asks_erasure


def test_every_example_request_is_published() -> None:
    """No file of the examples' folder is left out."""
    folder = Path(__file__).parents[2] / "examples" / "requests"

    assert {path.stem for path in folder.glob("*.json")} == set(REQUEST_FILES)


@pytest.mark.parametrize("accounts", [FOUR, ALL], ids=["four", "all"])
def test_everybody_has_records_of_their_own(accounts: Sequence[str]) -> None:
    """Wherever a person is known something is theirs, and nobody else's."""
    with open_processors(NOW, accounts) as processors:
        owners = processors.owners

    theirs = {(place[0], owner.name) for place, owner in owners.items()}
    assert theirs == {(at, it.name) for it in PEOPLE for at in it.known_at(accounts)}
    assert owners.keys() == processors.before.keys()


def test_every_connector_is_at_work_in_the_whole_demo() -> None:
    """A connector that is added to the tree, or to the example, joins it."""
    accounts = tomllib.loads(register_text())["accounts"]

    assert {name: it.connector for name, it in SYSTEMS.items()} == {
        name: it["connector"] for name, it in accounts.items()
    }
    assert {it.connector for it in SYSTEMS.values()} == set(names())


# --- what we keep -----------------------------------------------------------------

UUID = "d63e4c34-1a2b-4812-8f1b-2004fc703210"
BY_CHANCE = "d63e4c34-1a2b-4812-8f1c-1004fc703210"


@pytest.mark.parametrize(
    ("content", "is_held"),
    [
        pytest.param("\x13receivedC-1004FR", True, id="among-columns"),
        pytest.param(f"\x12{BY_CHANCE}\x11", False, id="in-a-uuid"),
        pytest.param(f"x{UUID.upper()}x", True, id="a-uuid-itself"),
        pytest.param("C-10 04", False, id="elsewhere"),
    ],
)
def test_identifier_in_clear_is_found(content: str, *, is_held: bool) -> None:
    """Even without blanks around it; but a random UUID of ours is nobody's."""
    found = holders({"erasure.db": content.encode()}, ["C-1004", UUID])

    assert found == (["erasure.db holds an identifier in clear"] if is_held else [])


# --- the cells --------------------------------------------------------------------


def _with(**changes: object) -> Case:
    """Build a case whose mail account has searched and copied, and erases so."""
    case = a_case(rights=BOTH)
    for action in (Action.LOCATE, Action.EXPORT):
        task = case.task(MAIL, action)
        assert task is not None
        settled = replace(task, status=TaskStatus.SETTLED, outcome=NothingFound())
        case = case.with_task(settled)
    task = case.task(MAIL, Action.ERASE)
    assert task is not None
    changed: Task = replace(task, gate=None, **changes)  # type: ignore[arg-type]
    return case.with_task(changed)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        pytest.param({"status": TaskStatus.READY}, "erasing", id="ready"),
        pytest.param(
            {"status": TaskStatus.CALLED, "step": Step.LOOK}, "looking", id="look"
        ),
        pytest.param(
            {"status": TaskStatus.WAITING, "reason": "throttled"},
            "slowed down",
            id="throttled",
        ),
        pytest.param(
            {"status": TaskStatus.WAITING, "step": Step.POLL}, "job running", id="job"
        ),
        pytest.param(
            {"status": TaskStatus.WAITING, "reason": "server_error"},
            "tries again",
            id="retry",
        ),
        pytest.param(
            {"status": TaskStatus.NEEDS_HUMAN}, "needs person", id="needs-human"
        ),
        pytest.param(
            {"status": TaskStatus.SETTLED, "outcome": Done("deleted", Evidence.E4)},
            "none, erased",
            id="done",
        ),
        pytest.param(
            {"status": TaskStatus.SETTLED, "outcome": NothingFound()},
            "not there",
            id="nothing-found",
        ),
        pytest.param(
            {"status": TaskStatus.SETTLED, "outcome": NeedsHuman("odd")},
            "none, failed",
            id="anything-else",
        ),
    ],
)
def test_cell_says_how_far_an_account_is(
    changes: dict[str, object], words: str
) -> None:
    """A few words a cell, and never more than its twelve columns."""
    cell = cell_of(_with(**changes), MAIL)

    assert cell.text == words
    assert cell.is_final is (changes["status"] is TaskStatus.SETTLED)
    assert len(cell.text) <= 12


@pytest.mark.parametrize("reason", GateReason)
def test_cell_names_every_gate(reason: GateReason) -> None:
    """Whatever a task waits for has its words."""
    case = _with()
    task = case.task(MAIL, Action.ERASE)
    assert task is not None
    planned = replace(task, status=TaskStatus.PLANNED, gate=Gate(reason, T0))

    cell = cell_of(case.with_task(planned), MAIL)

    assert 0 < len(cell.text) <= 12


# --- the folder -------------------------------------------------------------------


def test_folder_keeps_others_out(tmp_path: Path) -> None:
    """The folder holds copies and keys, so only its owner may enter."""
    folder = make_folder(tmp_path / "run")

    assert folder.root.stat().st_mode & 0o077 == 0


def test_folder_of_somebody_else_is_refused(tmp_path: Path) -> None:
    """A file, and a folder that no demo made, are refused before anything starts."""
    (tmp_path / "file").touch()
    (tmp_path / "folder").mkdir()
    (tmp_path / "folder" / "thesis.txt").touch()

    for name in ("file", "folder"):
        with pytest.raises(SetUpError, match="no demo made it"):
            run_demo(tmp_path / name)

    assert (tmp_path / "folder" / "thesis.txt").exists()
