"""
A stranger's walk through docs/add-a-connector.md: every command, every edit.

The page is read block by block: `console` is typed and its output compared (`…` stands
for anything), `diff` is edited by hand, `toml` is a file whose first line is its name.
Two things are the test's own: the network is away, and the vendor is played by the fake
that the walk has made.
"""

from __future__ import annotations

import os
import re
import subprocess
import sysconfig
import venv
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path

import pytest

from connectors.fakes.frame import FakeProcessor
from connectors.fakes.serving import serve

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "add-a-connector.md").read_text(encoding="utf-8")
BLOCKS = re.findall(
    r"^```(console|diff|toml(?=\n# \.\./))\n(.*?)^```", PAGE, re.DOTALL | re.MULTILINE
)
ERASURE = """#!{python}
from orchestrator.entrypoints.cli import main
main()
"""


@dataclass
class Stranger:
    """Somebody with an empty folder, a terminal and an editor."""

    folder: Path
    environment: dict[str, str]
    stack: ExitStack
    prelude: list[str] = field(default_factory=list)

    @property
    def package(self) -> Path:
        """Where the package is."""
        return self.folder / "acme-mail"

    def read(self, kind: str, text: str) -> None:
        """Do what one block of the page says."""
        if kind == "diff":
            self.edit(text)
            return
        if kind == "toml":
            self.write(text)
            return
        for command, expected in _commands(text):
            self.type(command, expected)

    def type(self, command: str, expected: str) -> None:
        """Type a command and compare what is shown; places and exports are kept."""
        if command.startswith("erasure connector check"):
            self._play_the_vendor()
        script = "\n".join(["set -e", *self.prelude, command])
        ran = subprocess.run(
            ["/bin/bash", "-c", script],
            cwd=self.folder,
            env=self.environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
        if command.startswith(("cd ", "export ")):
            self.prelude.append(command)
        assert _looks_like(expected, ran.stdout), f"$ {command}\n{ran.stdout}"

    def edit(self, text: str) -> None:
        """Make the edits of a diff, each where its lines stand once."""
        name, *hunks = re.split(r"^@@\n", text, flags=re.MULTILINE)
        first, _, rest = name.partition("\n")
        file = self.package / first.removeprefix("--- ")
        after = file.read_text(encoding="utf-8")
        for hunk in (rest, *hunks):
            lines = hunk.splitlines(keepends=True)
            old = "".join(line[1:] or "\n" for line in lines if line[0] != "+")
            new = "".join(line[1:] or "\n" for line in lines if line[0] != "-")
            assert after.count(old) == 1, f"{file.name} has not once:\n{old}"
            after = after.replace(old, new)
        file.write_text(after, encoding="utf-8")

    def write(self, text: str) -> None:
        """Write a new file, whose name stands in its first line."""
        first, _, rest = text.partition("\n")
        file = self.package / first.removeprefix("# ")
        assert not file.exists()
        file.write_text(rest, encoding="utf-8")

    def _play_the_vendor(self) -> None:
        """Let the register's address lead to the fake, once."""
        register = self.folder / "register.toml"
        text = register.read_text(encoding="utf-8")
        if "base_url" in text:
            return
        url = self.stack.enter_context(serve(_fake(self.package)))
        address = (
            f'base_url = "{url}"\nallow_http = true\nallow_hosts = ["127.0.0.1"]\n'
        )
        text = text.replace('mode = "dry_run"', f'{address}mode = "dry_run"')
        register.write_text(text, encoding="utf-8")


@pytest.fixture
def stranger(tmp_path: Path) -> Iterator[Stranger]:
    """Lend a stranger whose Python has our packages, and a place for their own."""
    own = tmp_path / "python"
    venv.create(own, with_pip=False)
    python = own / "bin" / "python"
    (site,) = (own / "lib").glob("python3*/site-packages")
    (site / "ours.pth").write_text(sysconfig.get_path("purelib"), encoding="utf-8")
    _program(own / "bin" / "erasure", ERASURE.format(python=python))
    _program(own / "bin" / "pip", f'#!/bin/sh\nexec {python} -m pip "$@"\n')
    folder = tmp_path / "work"
    folder.mkdir()
    environment = {
        "PATH": f"{own / 'bin'}:{os.defpath}",
        "PYTHONPATH": str(ROOT),
        "PYTHONDONTWRITEBYTECODE": "1",
        "MYPYPATH": str(ROOT),
        "MYPY_CACHE_DIR": str(tmp_path / "mypy"),
        "RUFF_NO_CACHE": "true",
        "LC_ALL": "C.UTF-8",
        # Nothing is fetched.
        "PIP_NO_INDEX": "1",
        "PIP_NO_DEPS": "1",
        "PIP_NO_BUILD_ISOLATION": "0",
        "PIP_ROOT_USER_ACTION": "ignore",
    }
    with ExitStack() as stack:
        yield Stranger(folder, environment, stack)


def test_stranger_who_follows_the_page_has_a_connector(stranger: Stranger) -> None:
    """From `new` to `check`, nothing on the page is wrong or left out."""
    for kind, text in BLOCKS:
        stranger.read(kind, text)

    assert len(BLOCKS) > 10
    page = (stranger.package / "docs" / "acme-mail.md").read_text(encoding="utf-8")
    assert "| `erase` | `DELETE /v3/contacts/{id}` | **write** |" in page


@pytest.mark.parametrize(
    ("expected", "seen", "fits"),
    [
        ("a\n", "a\n", True),
        ("a\n", "b\n", False),
        ("a\n…\nc\n", "a\nb\nb\nc\n", True),
        ("a\n…\nc\n", "a\nc\n", True),
        ("a … c\n", "a b c\n", True),
        ("a … c\n", "a b\nc\n", False),
        ("a\n", "a\nb\n", False),
        ("", "b\n", False),
        ("", "", True),
    ],
)
def test_output_is_compared_line_by_line(
    expected: str, seen: str, *, fits: bool
) -> None:
    """`…` stands for lines where it stands alone, and else for a part of one."""
    assert _looks_like(expected, seen) == fits


def _commands(text: str) -> Iterator[tuple[str, str]]:
    """Yield each command of a console with the output below it."""
    for part in re.split(r"^\$ ", text, flags=re.MULTILINE)[1:]:
        command, _, expected = part.partition("\n")
        yield command, expected


def _looks_like(expected: str, seen: str) -> bool:
    """Compare an output with what the page shows of it."""
    pattern = "".join(
        r"(?:.*\n)*" if line == "…" else f"{re.escape(line).replace('…', '.*')}\n"
        for line in expected.splitlines()
    )
    return re.fullmatch(pattern, seen) is not None


def _program(file: Path, text: str) -> None:
    file.write_text(text, encoding="utf-8")
    file.chmod(0o755)


def _fake(package: Path) -> FakeProcessor:
    """Return a fresh account at the fake that the stranger has written."""
    file = package / "acme_mail" / "fake.py"
    spec = spec_from_file_location("_fake_of_a_stranger", file)
    assert spec is not None
    assert spec.loader is not None
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    fake = module.app()
    assert isinstance(fake, FakeProcessor)
    return fake
