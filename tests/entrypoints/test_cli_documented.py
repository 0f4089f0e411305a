"""docs/cli.md says what the command says."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.cli_doc import PAGE, commands, rewritten
from tests.support.command import erasure
from tests.support.installation import ROOT

PROMISED = """
demo; run; status; report; request example; request validate; request sign;
request publish; request send; request events;
case list; case show; case extend; case ask-identity; case identity-received;
case withdraw; case unlock;
case approve; case refuse; case hold; case release; case notice; case answered;
task open-gate;
case use-stopped;
task list; task show; task choose; task retry; task close; task returned;
task brief; task assign; task attest; task evidence;
brake status; brake sample; brake release; brake refuse;
quarantine list; quarantine show; quarantine release; quarantine drop;
quarantine unkept; hold list; inbox list;
inbox show; receipt list; receipt show;
receipt download; receipt verify; log checkpoint; log key; log prove; log verify;
log check; log recover; log missing; log release; log prove-growth; log verify-growth;
export download; account list; account ping;
account pause; account resume; connector new; connector test; connector docs;
connector dev; connector check;
register check; register graph;
topics list; topics create; db upgrade; privacy inventory; tombstones check;
keys init; keys dpo;
keys add-test-key; keys rotate; keys prune; keys export-public; keys show;
config show; config check
"""


def test_page_is_written_from_the_command() -> None:
    """Run `python -m tests.support.cli_doc` after changing a command."""
    page = PAGE.read_text(encoding="utf-8")

    assert rewritten(page) == page


def test_every_promised_command_is_there() -> None:
    """No more and no fewer."""
    there = [" ".join(words[1:]) for words, _ in commands()]

    assert sorted(there) == sorted(one.strip() for one in PROMISED.split(";"))


@pytest.mark.parametrize(
    "words", [pytest.param(words[1:], id=" ".join(words)) for words, _ in commands()]
)
def test_every_command_explains_itself(words: tuple[str, ...]) -> None:
    """`--help` needs no installation; each option has a sentence."""
    ran = erasure(*words, "--help", env={})

    assert (ran.code, ran.err) == (0, "")
    assert ran.out.startswith(f"Usage: erasure {' '.join(words)}")
    (command,) = [one for name, one in commands() if name[1:] == words]
    assert command.help
    assert all(one.help for one in command.params if one.name != "help")


def test_every_read_takes_json() -> None:
    """What shows something shows it to programs too."""
    reads = {"list", "show", "status", "check", "verify"}

    without = [
        words
        for words, command in commands()
        if words[-1] in reads
        and not any("--json" in one.opts for one in command.params)
    ]

    assert without == []


def test_help_imports_nothing_slow() -> None:
    """Help and completion answer at once: no database, no HTTP, no Kafka."""
    slow = ["sqlalchemy", "httpx", "aiohttp", "kafka", "structlog", "rich.table"]
    code = (
        "import sys\n"
        "from orchestrator.entrypoints.cli import main\n"
        "try: main(['case', '--help'])\n"
        f"finally: print([m for m in {slow!r} if m in sys.modules], file=sys.stderr)"
    )

    ran = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        cwd=ROOT,
        check=True,
    )

    assert ran.stderr.strip() == "[]"


def test_reads_import_no_connector_and_no_kafka(tmp_path: Path) -> None:
    """A read of the database does without what only the stages need."""
    code = (
        "import sys\n"
        "from orchestrator.entrypoints.cli import main\n"
        "try: main(['db', 'upgrade'])\n"
        "except SystemExit: pass\n"
        "try: main(['case', 'list', '--json'])\n"
        "finally: print([m for m in ('httpx', 'aiohttp', 'kafka', 'cryptography')"
        " if m in sys.modules], file=sys.stderr)"
    )

    ran = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        cwd=tmp_path,
        env={"PYTHONPATH": str(ROOT), "PATH": ""},
        check=True,
    )

    assert ran.stdout.endswith("[]\n")
    assert ran.stderr.strip() == "[]"


def _mentions() -> Iterator[tuple[str, str]]:
    """Yield every command that a page or a sentence of the code names, and where."""
    pages = [ROOT / "README.md", *ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")]
    code = [
        path
        for part in ("orchestrator", "connectors", "schemas", "examples")
        for path in (ROOT / part).rglob("*.*")
        if path.suffix in {".py", ".toml", ".md"}
    ]
    for path in [*pages, *code]:
        for words in _MENTION.findall(path.read_text(encoding="utf-8")):
            yield words, str(path.relative_to(ROOT))


_MENTION = re.compile(r"`erasure ([a-z]+(?: [a-z]+(?:-[a-z]+)*)?)")


def test_every_command_that_is_named_exists() -> None:
    """Advice that names a command which is not there helps nobody."""
    there = {words[1:] for words, _ in commands()}
    nouns = {words[0] for words in there}
    alone = {(noun,) for noun in nouns}
    named = [(tuple(words.split()), where) for words, where in _mentions()]

    strangers = {
        (words, where)
        for words, where in named
        if words not in there | alone and words[:1] not in there
    }

    assert len(named) > 30
    assert strangers == set()
