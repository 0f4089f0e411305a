"""`erasure demo`, as somebody runs it: a process of its own, judged from outside."""

from __future__ import annotations

import json
import re
import signal
import subprocess
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.demo_runs import (
    ERASURE,
    PEOPLE,
    VERDICT,
    Ran,
    pasted,
    run,
    run_on_terminal,
    script,
)
from tests.support.patience import PATIENCE

# It says that a contact is deleted: our look finds out, and asks for a person.
CAUGHT_LIAR = """
    lie = Fault(kind=FaultKind.LIE, operation="gdpr_delete", times=None)
    fakes["hubspot"].faults.add(lie)
"""
UNNOTICED = """
    # It says that a job is done: nobody can look, so the receipt repeats it.
    fakes["mixpanel"].data["steps"] = 1
    lie = Fault(kind=FaultKind.LIE, operation="read_deletion", times=None)
    fakes["mixpanel"].faults.add(lie)
    # It loses somebody who never asked.
    fakes["klaviyo"].data["profiles"].popitem()
    # It stands beside our database.
    Path("demo-out/erasure.db-leak").write_text("Ada.Moreau@example.com")
"""


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Ran:
    """Run the demo once for every test that only reads what it left."""
    return run(tmp_path_factory.mktemp("demo"))


def test_demo_ends_well_in_any_folder(demo: Ran) -> None:
    """The demo exits 0 and says so, wherever it is started."""
    assert demo.status == 0, demo.said
    assert VERDICT in demo.said
    assert "✗" not in demo.said


def test_output_is_plain_where_nobody_watches(demo: Ran) -> None:
    """Without a terminal each case and account is a line, with no control codes."""
    assert "\x1b" not in demo.said
    assert demo.said.count("answered, receipt signed") == 6
    assert (
        len(re.findall(r"^  \w+ \w+ +[a-z +]+ Mixpanel: ", demo.said, re.MULTILINE))
        == 6
    )


def test_cases_are_not_overdue_whenever_the_demo_runs(demo: Ran) -> None:
    """The examples of 2026 are moved to now, so each is due about a month from now."""
    answers, _, _ = demo.said.partition("What people and laws decided")
    found = re.findall(r"due (\d{4}-\d\d-\d\d)", answers)

    assert len(found) == 6
    assert pasted(f"test $(date +%F) \\< {min(found)}", demo.where).returncode == 0


def test_pasted_command_verifies_a_receipt(demo: Ran) -> None:
    """The printed `erasure receipt verify` works as it stands."""
    done = pasted(demo.command("receipt verify"), demo.where)

    assert done.returncode == 0, done.stderr


def test_pasted_openssl_verifies_a_receipt(demo: Ran) -> None:
    """The printed openssl command works as it stands, without this program."""
    done = pasted(demo.command("openssl pkeyutl"), demo.where)

    assert done.returncode == 0, done.stderr
    assert "Signature Verified Successfully" in done.stdout


def test_every_receipt_verifies_and_no_changed_one(demo: Ran) -> None:
    """Six receipts lie there; each verifies, and none after a change."""
    files = sorted((demo.out / "receipts").glob("*.dsse.json"))
    key = ("--key", str(demo.out / "public.pem"))

    assert len(files) == 6
    for file in files:
        good = subprocess.run(
            [ERASURE, "receipt", "verify", str(file), *key],
            capture_output=True,
            check=False,
        )
        assert good.returncode == 0, good.stderr
    changed = demo.where / "changed.dsse.json"
    changed.write_bytes(files[0].read_bytes().replace(b'"sig":"', b'"sig":"A', 1))
    bad = subprocess.run(
        [ERASURE, "receipt", "verify", str(changed), *key],
        capture_output=True,
        check=False,
    )
    assert bad.returncode == 1


def test_pasted_command_verifies_a_receipt_in_the_log(demo: Ran) -> None:
    """The printed `erasure log verify` finds the proof that lies beside the receipt."""
    done = pasted(demo.command("log verify"), demo.where)

    assert done.returncode == 0, done.stderr
    assert "it is in the log" in done.stdout


@pytest.mark.parametrize(
    ("words", "more", "shown"),
    [
        # Its year, unless told, is another one at the turn of the year.
        pytest.param(
            "report)", " --from 2020-01-01 --to 2099-12-31", "EE erasure", id="report"
        ),
        pytest.param("register graph)", "", "in this order", id="graph"),
    ],
)
def test_pasted_commands_show_the_whole(
    demo: Ran, words: str, more: str, shown: str
) -> None:
    """The printed commands count what was done, and draw the order."""
    done = pasted(demo.command(words).removesuffix(")") + f"{more})", demo.where)

    assert done.returncode == 0, done.stderr
    assert shown in done.stdout


def test_pasted_command_lists_the_cases(demo: Ran) -> None:
    """The settings that the demo leaves open its database to the other commands."""
    command = demo.command("case list").removesuffix(")") + " --json)"

    done = pasted(command, demo.where)

    assert done.returncode == 0, done.stderr
    assert len(json.loads(done.stdout)) == 6


def test_pasted_command_lists_what_was_turned_away(demo: Ran) -> None:
    """Both forged requests lie in quarantine, each with the rule that it broke."""
    command = demo.command("quarantine list").removesuffix(")") + " --json)"

    done = pasted(command, demo.where)

    assert done.returncode == 0, done.stderr
    codes = sorted(line["code"] for line in json.loads(done.stdout))
    assert codes == ["bad_signature", "unknown_key"]


@pytest.mark.parametrize(
    "line",
    [
        pytest.param(
            "Dmitri Ilves held for review, approved by dpo-1 and dpo-2", id="review"
        ),
        pytest.param(
            "Olga Ilves refused by dpo-1 and dpo-2: legal_claims, GDPR Art 17(3)(e);"
            " notice refusal, send by DATE",
            id="refusal",
        ),
        pytest.param(
            "Ada Moreau invoice kept until DATE: Code de commerce, art. L123-22",
            id="retention",
        ),
        pytest.param(
            "Chiara Conti extended (complexity): was due DATE, now DATE;"
            " notice extension, send by DATE",
            id="extension",
        ),
        pytest.param(
            "Eva Novak a request signed with another key was quarantined: unknown_key"
            " a request that was altered on its way was quarantined: bad_signature",
            id="forgery",
        ),
    ],
)
def test_decisions_are_shown_with_their_reasons_and_dates(demo: Ran, line: str) -> None:
    """Review, refusal, retention, extension and forgery each have their lines."""
    said = re.sub(r"\d{4}-\d\d-\d\d", "DATE", " ".join(demo.said.split()))

    assert line in said


def test_copies_hold_their_person_and_nobody_else(demo: Ran) -> None:
    """Three ZIP files lie there, each with one person's data from all four systems."""
    files = sorted((demo.out / "copies").glob("*.zip"))

    assert len(files) == 3
    for file in files:
        with zipfile.ZipFile(file) as archive:
            names = archive.namelist()
            text = b"".join(archive.read(name) for name in names).decode()
        assert {name.partition("/")[0] for name in names} == {
            "commercetools",
            "hubspot",
            "klaviyo",
            "mixpanel",
            "manifest.json",
            "recipients.json",
        }
        assert sum(f"{person}@" in text for person in PEOPLE) == 1


def test_nothing_but_the_copies_names_a_person(demo: Ran) -> None:
    """No file that the demo leaves holds an address, but for the copies."""
    files = [it for it in demo.out.rglob("*") if it.is_file() and it.suffix != ".zip"]
    holders = [
        file.name
        for file in files
        if any(f"{person}@".encode() in file.read_bytes() for person in PEOPLE)
    ]

    assert (demo.out / "erasure.log").stat().st_size > 0
    assert holders == []


def test_second_run_begins_anew_and_draws_on_a_terminal(demo: Ran) -> None:
    """Nothing of the first run is left; the table is drawn in 80 columns."""
    before = {file.name for file in (demo.out / "receipts").iterdir()}

    again = run_on_terminal(demo.where, columns=80)

    after = {file.name for file in (demo.out / "receipts").iterdir()}
    drawn = re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", again.said)
    tables = re.split(r"[\r\n]+", drawn.partition("Try it yourself")[0])
    assert again.status == 0, drawn
    assert len(after) == len(before)
    assert not before & after
    assert any("✓ Ada Moreau" in line and "erased, kept" in line for line in tables)
    assert max(map(len, tables)) <= 80
    assert "…" not in drawn


@pytest.fixture(scope="module")
def spoilt(tmp_path_factory: pytest.TempPathFactory) -> Ran:
    """Run a demo, in ASCII, in which all was answered and three things are not true."""
    where = tmp_path_factory.mktemp("spoilt")
    return run(where, script(UNNOTICED), encoding="ascii")


def test_output_needs_no_more_than_ascii(spoilt: Ran) -> None:
    """Where signs cannot be written, ASCII says the same: yes, no, before and now."""
    assert spoilt.said.isascii()
    assert "+ Genuine" in spoilt.said
    assert "! Gone" in spoilt.said
    assert "1 > 1" in spoilt.said


@pytest.mark.parametrize(
    "finding",
    [
        pytest.param("Mixpanel: one of people of Ada Moreau is still there", id="lie"),
        pytest.param(
            "Klaviyo: one of profiles of Olga Ilves was changed or is missing",
            id="loss",
        ),
        pytest.param("a record of Olga Ilves was changed or erased", id="refused"),
        pytest.param("erasure.db-leak holds an identifier in clear", id="leak"),
    ],
)
def test_demo_fails_and_says_what_is_not_true(spoilt: Ran, finding: str) -> None:
    """What no receipt can know, the demo looks up: exit 1, each finding named."""
    assert spoilt.status == 1, spoilt.said
    assert finding in " ".join(spoilt.said.split())
    assert VERDICT not in spoilt.said


def test_demo_fails_soon_if_a_case_needs_a_person(tmp_path: Path) -> None:
    """A deletion that a look disproves is not answered, and the demo says why."""
    ran = run(tmp_path, script(CAUGHT_LIAR))

    said = " ".join(ran.said.split())
    assert ran.status == 1, ran.said
    assert "Ada Moreau: not answered (HubSpot erase: still_present)" in said
    assert VERDICT not in said


def test_demo_leaves_a_strange_folder_alone(tmp_path: Path) -> None:
    """A folder that no demo made is never emptied: exit 2 and a sentence."""
    mine = tmp_path / "demo-out" / "thesis.txt"
    mine.parent.mkdir()
    mine.write_text("years of work")

    ran = run(tmp_path)

    assert ran.status == 2
    assert "no demo made it" in " ".join(ran.said.split())
    assert mine.read_text() == "years of work"


@pytest.fixture
def _interruptible() -> Iterator[None]:
    """Let what is started be interrupted; a job in the background could not be."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.mark.usefixtures("_interruptible")
def test_demo_ends_at_once_when_interrupted(tmp_path: Path) -> None:
    """Ctrl-C stops everything, says where what it left lies, and exits 130."""
    with subprocess.Popen(
        [ERASURE, "demo"], cwd=tmp_path, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        said = ""
        while "arrive from the portal" not in said:
            line = process.stdout.readline()
            assert line, said
            said += line
        process.send_signal(signal.SIGINT)
        rest, _ = process.communicate(timeout=PATIENCE)

    assert process.returncode == 130
    assert "Stopped" in rest
    assert "Traceback" not in rest
