"""`erasure connector dev`: a connector at work on its fake, watched by its author."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from queue import Queue
from threading import Thread

import pytest

from connectors.testing import BYSTANDER, CANARY
from tests.entrypoints.test_connector import ERASURE, edit, in_a_process
from tests.support.command import erasure
from tests.support.installation import ROOT
from tests.support.patience import PATIENCE

DEV = ("connector", "dev", "acme-mail")


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Write one package that nobody edits."""
    return _made(tmp_path_factory.mktemp("dev"))


def _made(folder: Path) -> Path:
    how = ("--auth", "bearer", "--shape", "direct", "--into", str(folder))
    erasure("connector", "new", "acme-mail", *how, env={})
    return folder / "acme-mail"


def test_every_exchange_is_shown_and_nobody_named(shared: Path) -> None:
    """One run shows what a case would send, without a value that identifies."""
    ran = in_a_process(*DEV, "--once", folder=shared)

    assert (ran.code, ran.err) == (0, "")
    lines = [" ".join(line.split()) for line in ran.out.splitlines()]
    assert lines[1:] == [
        "ping",
        "account GET /v1/account 200",
        "= installation acme-mail-1",
        "locate",
        "search POST /v1/people/search 200",
        "= located 1 person; learned acme-mail.person_id",
        "export",
        "read GET /v1/people/{id: •••} 200",
        "events GET /v1/people/{id: •••}/events?after= 200",
        "= exported 3 rows",
        "1 rows of profile",
        "2 rows of events",
        "erase",
        "erase DELETE /v1/people/{id: •••} 204",
        "= done: deleted, E2",
        "the fake forgot the person",
        "the fake still holds the other one",
        "look",
        "read GET /v1/people/{id: •••} 404",
        "= absent: the erasure is proven (E4)",
    ]
    identifying = {*CANARY.values(), *BYSTANDER.values(), "an-invented-token"}
    assert [value for value in identifying if value in ran.out] == []


def test_fault_strikes_where_it_was_aimed(shared: Path) -> None:
    """A lost answer is shown with what the workflow does next; the exit code is 1."""
    words = ("--once", "--action", "erase", "--fault", "lose_answer:erase")

    ran = in_a_process(*DEV, *words, folder=shared)

    assert ran.code == 1
    assert "204  fault lose_answer: done, and the answer is lost" in ran.out
    assert "= AnswerLost(connection_lost): A write left and no usable" in ran.out
    assert "goes on so: look first, repeat only what is still there" in ran.out
    assert "the fake forgot the person" in ran.out


@pytest.mark.parametrize(
    ("fault", "sentence"),
    [("nope", "There is no fault 'nope'"), ("lie:x", "has no operation 'x'")],
)
def test_unknown_fault_is_one_sentence(fault: str, sentence: str, shared: Path) -> None:
    """A misspelt fault does not run as if there were none."""
    ran = in_a_process(*DEV, "--once", "--fault", fault, folder=shared)

    assert ran.code == 2
    assert sentence in ran.err


def test_identifier_in_an_undeclared_place_is_pointed_at(tmp_path: Path) -> None:
    """A parameter that names somebody, and is not declared so, stays masked too."""
    package = _made(tmp_path)
    edit(
        package / "acme_mail" / "connector.py",
        'call("search", json={"email": email})',
        'call("search", query={"q": email}, json={"email": email})',
    )

    ran = in_a_process(*DEV, "--once", "--action", "locate", folder=package)

    assert "search?q=•••" in ran.out
    assert "q identifies somebody: declare it in `identifies`" in ran.out
    assert CANARY.email not in ran.out


def test_mistakes_of_connector_and_fake_are_told_with_their_place(
    tmp_path: Path,
) -> None:
    """A forgotten route and an exception of one's own are lines, not tracebacks."""
    package = _made(tmp_path)
    edit(package / "acme_mail" / "fake.py", '"/v1/account"', '"/v9/account"')
    edit(
        package / "acme_mail" / "connector.py",
        "        if not found:\n",
        "        if not found[0]:\n",
    )

    ping = in_a_process(*DEV, "--once", "--action", "ping", folder=package)
    locate = in_a_process(*DEV, "--once", "--action", "locate", folder=package)

    assert (ping.code, locate.code) == (1, 1)
    assert "account: the fake has no route for GET and this path" in ping.out
    assert "= a mistake in the connector: KeyError: 0 (connector.py:" in locate.out


def test_what_a_connector_lets_out_is_told_and_not_repeated(tmp_path: Path) -> None:
    """A log line or an error with an address in it is a no, and stays masked."""
    package = _made(tmp_path)
    connector = package / "acme_mail" / "connector.py"
    edit(connector, "from datetime import", "import logging\nfrom datetime import")
    edit(
        connector,
        "        if not found:\n",
        "        logging.getLogger().debug(person.identifiers[0].value)\n"
        "        raise KeyError(person.identifiers[0].value)\n        if not found:\n",
    )

    ran = in_a_process(*DEV, "--once", "--action", "locate", folder=package)

    assert ran.code == 1
    assert "= a mistake in the connector: KeyError: '•••'" in ran.out
    assert "NO: personal data or a secret got out." in ran.out
    assert CANARY.email not in ran.out + ran.err


class Watched:
    """A command whose lines can be waited for."""

    def __init__(self, folder: Path) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-u", "-c", ERASURE, *DEV, "--action", "ping"],
            cwd=folder,
            env={"PYTHONPATH": str(ROOT), "PATH": "", "PYTHONDONTWRITEBYTECODE": "1"},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        self._lines: Queue[str] = Queue()
        Thread(target=self._read, daemon=True).start()

    def wait_for(self, words: str) -> str:
        """Return the next line with these words."""
        while words not in (line := self._lines.get(timeout=PATIENCE)):
            pass
        return line

    def type(self, line: str) -> None:
        """Type a line."""
        assert self._process.stdin is not None
        self._process.stdin.write(f"{line}\n")
        self._process.stdin.flush()

    def end(self) -> int:
        """Return the exit code."""
        return self._process.wait(PATIENCE)

    def close(self) -> None:
        """End it whatever it does."""
        self._process.kill()
        self._process.wait()
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe is not None:
                pipe.close()

    def _read(self) -> None:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            self._lines.put(line)


@pytest.fixture
def package(tmp_path: Path) -> Path:
    """Write a package to edit."""
    return _made(tmp_path)


@pytest.fixture
def watched(package: Path) -> Iterator[Watched]:
    """Watch a session on it."""
    watched = Watched(package)
    yield watched
    watched.close()


def test_session_obeys_and_begins_anew_after_a_change(
    watched: Watched, package: Path
) -> None:
    """Orders are typed; an edited file is loaded, and a broken one may be mended."""
    fake = package / "acme_mail" / "fake.py"

    watched.wait_for("= installation acme-mail-1")
    watched.type("fault throttle search")
    watched.type("locate")
    watched.wait_for("429  fault throttle")
    watched.wait_for("= located 1 person")
    edit(fake, 'ACCOUNT = "acme-mail-1"', 'ACCOUNT = "another')
    watched.wait_for("--- fake.py changed ---")
    watched.wait_for("cannot be imported: SyntaxError")
    edit(fake, 'ACCOUNT = "another', 'ACCOUNT = "another"')
    watched.wait_for("= installation another")
    watched.type("quit")

    assert watched.end() == 0
