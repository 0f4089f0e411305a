"""`erasure connector`, as its user types it."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from connectors.fakes import hubspot
from connectors.fakes.every import Street, every_fake
from connectors.fakes.serving import serve
from connectors.kit.shapes import Shape
from tests.support.command import Ran, erasure
from tests.support.installation import ROOT, AnInstallation
from tests.support.site_register import RegisterText

NEW = ("connector", "new")
HOW = ("--auth", "bearer", "--shape", "direct")
ERASURE = "from orchestrator.entrypoints.cli import main; main()"

WITHOUT_PYTEST = """
import importlib.util as util, sys
sys.modules["pytest"] = None
find = util.find_spec
util.find_spec = lambda name, *more: None if name == "pytest" else find(name, *more)
"""


def in_a_process(*words: str, folder: Path, program: str = ERASURE) -> Ran:
    """Run a command that imports a package, so that the next one sees it changed."""
    ran = subprocess.run(
        [sys.executable, "-c", program, *words],
        cwd=folder,
        env={"PYTHONPATH": str(ROOT), "PATH": "", "PYTHONDONTWRITEBYTECODE": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    return Ran(ran.returncode, ran.stdout, ran.stderr)


@pytest.fixture
def package(tmp_path: Path) -> Path:
    """Write a package to work on."""
    erasure(*NEW, "acme-mail", *HOW, "--into", str(tmp_path), env={})
    return tmp_path / "acme-mail"


def edit(file: Path, before: str, after: str) -> None:
    """Change a package as its author would."""
    text = file.read_text(encoding="utf-8")
    assert before in text
    file.write_text(text.replace(before, after), encoding="utf-8")


def test_new_writes_a_package_and_says_what_comes_next(tmp_path: Path) -> None:
    """The answer is a folder, and what to type in it."""
    ran = erasure(*NEW, "acme-mail", *HOW, "--into", str(tmp_path), env={})

    assert (ran.code, ran.err) == (0, "")
    assert (tmp_path / "acme-mail" / "pyproject.toml").is_file()
    assert f"cd {tmp_path / 'acme-mail'}\n    make check test" in ran.out


def test_vendor_with_an_api_is_told_who_asks(tmp_path: Path) -> None:
    """Only manual work needs no credentials; nothing is written without them."""
    into = ("--into", str(tmp_path))

    direct = erasure(*NEW, "acme-mail", "--shape", "direct", *into, env={})
    manual = erasure(*NEW, "acme-desk", "--shape", "manual", *into, env={})

    assert (direct.code, manual.code) == (2, 0)
    assert "--auth is missing" in direct.err
    assert [path.name for path in tmp_path.iterdir()] == ["acme-desk"]


@pytest.mark.parametrize("name", ["Acme", "hubspot", "class"])
def test_bad_name_is_one_sentence(name: str, tmp_path: Path) -> None:
    """A name that cannot be is refused before anything is written."""
    ran = erasure(*NEW, name, *HOW, "--into", str(tmp_path / "deep"), env={})

    assert ran.code == 2
    assert len(ran.sentences) == 1
    assert list(tmp_path.iterdir()) == []


def test_folder_in_the_way_is_one_sentence(tmp_path: Path) -> None:
    """The second `new` of a name leaves the first one alone."""
    erasure(*NEW, "acme", *HOW, "--into", str(tmp_path), env={})
    page = tmp_path / "acme" / "README.md"
    page.write_text("mine", encoding="utf-8")

    ran = erasure(*NEW, "acme", *HOW, "--into", str(tmp_path), env={})

    assert ran.code == 2
    assert "is there already" in ran.err
    assert page.read_text(encoding="utf-8") == "mine"


@pytest.mark.parametrize("place", ["here", "above"])
def test_package_is_tested_without_being_installed(place: str, package: Path) -> None:
    """Its folder, or the one it was made in, is enough; the checks are sentences."""
    folder = package if place == "here" else package.parent
    words = ("connector", "test", "acme-mail", "--only", "ping")

    ran = in_a_process(*words, folder=folder)

    assert ran.code == 0, ran.err
    assert ran.out.splitlines() == [
        "yes  The account says its own name, which must match before any write.",
        "",
        "1 checks: 1 yes, 0 no.",
    ]


def test_failed_check_says_what_to_change(package: Path) -> None:
    """Somebody who never saw the suite reads what it saw and what to do."""
    edit(
        package / "acme_mail" / "connector.py",
        "raise answer.unexpected()\n        return Done",
        "pass\n        return Done",
    )
    words = ("connector", "test", "acme-mail", "--only", "[garbage]")

    ran = in_a_process(*words, folder=package)

    assert ran.code == 1, ran.err
    told = ran.out.splitlines()
    first = told.index(
        "NO   A write whose answer was lost leaves once and is reported as lost"
        " (garbage)."
    )
    check, seen, *rest = told[first + 1 :]
    title = "test_lost_answer_is_never_repeated_by_itself[garbage]"
    assert check == f"       check   {title}"
    assert seen == "       seen    AnswerLost should be raised, and is not"
    assert "       asked   search 200, erase 200" in rest
    assert any("change  declare the operation's effect as `WRITE`" in it for it in rest)
    assert told[-1] == "2 checks: 1 yes, 1 no."


def test_report_can_be_read_by_programs(package: Path) -> None:
    """`--json` has every field, and the exit code says the same."""
    words = ("connector", "test", "acme-mail", "--only", "ping", "--json")

    (report,) = json.loads(in_a_process(*words, folder=package).out)

    assert report["check"] == "test_ping_names_the_installation"
    assert report["passed"] is True
    assert report["requests"] == ["account 200"]


@pytest.mark.parametrize("shape", Shape)
def test_suite_of_every_shape_runs_without_pytest(shape: Shape, tmp_path: Path) -> None:
    """An installation that only runs has no pytest, and may test its connectors."""
    how = ("--auth", "oauth2", "--shape", shape.value, "--into", str(tmp_path))
    erasure(*NEW, "acme-mail", *how, env={})
    words = ("connector", "test", "acme-mail", "--only", "takes_the_person")

    ran = in_a_process(*words, folder=tmp_path, program=WITHOUT_PYTEST + ERASURE)

    assert (ran.code, ran.err) == (0, "")
    assert ran.out.endswith("1 checks: 1 yes, 0 no.\n")


def test_no_check_at_all_is_no_success(package: Path) -> None:
    """A misspelt `--only` must not look like a good connector."""
    words = ("connector", "test", "acme-mail", "--only", "no-such-check")

    assert in_a_process(*words, folder=package).code == 1


@pytest.mark.parametrize(
    ("file", "before", "after", "sentence"),
    [
        ("pyproject.toml", "[project]", "[project", "is not TOML"),
        ("pyproject.toml", "acme_mail:", "acme_mial:", "acme_mial cannot be imported"),
        ("pyproject.toml", "acme-mail = ", "other = ", "There is no connector"),
        ("acme_mail/connector.py", "class ", "clas ", "SyntaxError: invalid syntax"),
        ("acme_mail/connector.py", 'name="acme-mail"', 'name="x"', "calls itself 'x'"),
        ("tests/test_acme_mail.py", "import CANARY", "import NOBODY", "ImportError"),
        ("tests/test_acme_mail.py", "    connector =", "    c =", "no acceptance"),
    ],
    ids=["toml", "module", "name", "syntax", "other-name", "import", "no-suite"],
)
def test_mistake_in_a_package_is_one_sentence(
    file: str, before: str, after: str, sentence: str, package: Path
) -> None:
    """Whatever does not fit together is told without a traceback."""
    edit(package / file, before, after)

    ran = in_a_process("connector", "test", "acme-mail", folder=package)

    assert ran.code == 2
    assert sentence in ran.err
    assert len(ran.sentences) == 1


def test_page_of_a_new_package_says_what_it_declares(package: Path) -> None:
    """The page comes with the package, and `--check` agrees with it."""
    ran = in_a_process("connector", "docs", "acme-mail", "--check", folder=package)

    assert (ran.code, ran.err) == (0, "")
    page = (package / "docs" / "acme-mail.md").read_text(encoding="utf-8")
    assert "| `erase` | `DELETE /v1/people/{id}` | **write** | `id` |" in page


def test_page_follows_the_spec_and_keeps_what_was_written_by_hand(
    package: Path,
) -> None:
    """Only the part between the marks is the command's."""
    page = package / "docs" / "acme-mail.md"
    edit(page, "# Acme Mail\n", "# Acme Mail\n\nBy hand above.\n")
    page.write_text(f"{page.read_text('utf-8')}\nBy hand below.\n", encoding="utf-8")
    edit(package / "acme_mail" / "connector.py", "Rate(10,", "Rate(77,")

    before = in_a_process("connector", "docs", "acme-mail", "--check", folder=package)
    written = in_a_process("connector", "docs", "acme-mail", folder=package)

    text = page.read_text(encoding="utf-8")
    assert (before.code, written.code) == (1, 0)
    assert "| limits | 77 in 1s |" in text
    assert "By hand above." in text
    assert text.endswith("\nBy hand below.\n")


def test_page_whose_end_is_lost_is_left_alone(package: Path) -> None:
    """Without its second mark nobody knows what is whose."""
    page = package / "docs" / "acme-mail.md"
    edit(page, "<!-- end of facts -->", "")
    before = page.read_text(encoding="utf-8")

    ran = in_a_process("connector", "docs", "acme-mail", folder=package)

    assert ran.code == 2
    assert "write it where the facts end" in ran.err
    assert page.read_text(encoding="utf-8") == before


@pytest.fixture
def answering(tmp_path: Path) -> Iterator[AnInstallation]:
    """Lend an installation whose accounts answer."""
    with serve(Street(every_fake())) as url:
        portal = RegisterText(
            extra={"hubspot": {"installation": f'"{hubspot.PORTAL_ID}"'}}
        )
        made = AnInstallation(tmp_path, url=url, register=portal)
        yield made
        made.close()


def test_check_says_what_was_asked_and_that_nothing_was_changed(
    answering: AnInstallation,
) -> None:
    """A good account is told in a few lines, without an address in them."""
    ran = answering("connector", "check", "hubspot")

    assert (ran.code, ran.err) == (0, "")
    assert [" ".join(line.split()) for line in ran.out.splitlines()] == [
        "hubspot",
        "account GET /account-info/v3/details 200",
        "search POST /crm/v3/objects/contacts/search 200",
        f"its name is {hubspot.PORTAL_ID}",
        "a search for nobody: nothing found, where somebody looked",
        "nothing has to be mended, and nothing was changed",
    ]


def test_check_of_what_must_be_mended_is_no(answering: AnInstallation) -> None:
    """The account that the register does not name yet says its name."""
    ran = answering("connector", "check", "klaviyo", "--account", "klaviyo")

    assert ran.code == 1
    assert (
        'NO  The register does not say what it is called; write installation = "'
        in (ran.out)
    )


def test_check_can_be_read_by_programs(answering: AnInstallation) -> None:
    """`--json` names each account and what was asked of it."""
    found = answering("connector", "check", "hubspot", "--json").data

    assert found["hubspot"]["installation"] == str(hubspot.PORTAL_ID)
    assert found["hubspot"]["asked"][0]["operation"] == "account"
    assert found["hubspot"]["problems"] == []


@pytest.mark.parametrize(
    "words", [("zendesk",), ("hubspot", "--account", "klaviyo"), ("nope",)]
)
def test_check_without_an_account_is_one_sentence(
    words: tuple[str, ...], answering: AnInstallation
) -> None:
    """Only what the register names can be asked."""
    ran = answering("connector", "check", *words)

    assert (ran.code, ran.out, len(ran.sentences)) == (2, "", 1)
    assert f"uses the connector {words[0]}" in ran.err
