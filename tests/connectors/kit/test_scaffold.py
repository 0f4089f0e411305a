"""What `erasure connector new` writes, as text and as files."""

from __future__ import annotations

import ast
import subprocess
import sys
import tomllib
from itertools import product
from pathlib import Path

import pytest

from connectors.kit.errors import KitError
from connectors.kit.naming import LONGEST, Name, a_new_name
from connectors.kit.scaffold import files_of, write_package
from connectors.kit.shapes import Auth, Shape

EVERY = list(product(Auth, Shape))


@pytest.mark.parametrize(("auth", "shape"), EVERY)
def test_every_package_can_be_read(auth: Auth, shape: Shape) -> None:
    """Every combination gives Python and TOML, and says how its vendor is asked."""
    files = files_of(Name("acme-mail"), auth, shape)

    for path, text in files.items():
        if path.endswith(".py"):
            ast.parse(text)
        if path.endswith(".toml"):
            tomllib.loads(text)
    entries = tomllib.loads(files["pyproject.toml"])["project"]["entry-points"]
    assert entries == {"erasure.connectors": {"acme-mail": "acme_mail:AcmeMail"}}


@pytest.mark.parametrize("name", ["a", "a" * LONGEST, "a" + "-b" * 14])
def test_every_package_is_linted_and_formatted(name: str, tmp_path: Path) -> None:
    """The shortest and the longest names leave no line for the formatter."""
    for auth, shape in EVERY:
        write_package(a_new_name(name), auth, shape, tmp_path / f"{auth}-{shape}")

    for order in (["check"], ["format", "--check"]):
        ran = subprocess.run(
            [sys.executable, "-m", "ruff", *order, "--no-cache", "."],
            cwd=tmp_path,
            capture_output=True,
            text=True,
            check=False,
        )
        assert ran.returncode == 0, ran.stdout


def test_package_is_never_written_over(tmp_path: Path) -> None:
    """A folder that is there stays as it is."""
    mine = tmp_path / "acme" / "notes.txt"
    mine.parent.mkdir()
    mine.write_text("mine", encoding="utf-8")

    with pytest.raises(KitError, match="is there already"):
        write_package(Name("acme"), Auth.BEARER, Shape.DIRECT, tmp_path)

    assert [path.name for path in tmp_path.rglob("*")] == ["acme", "notes.txt"]


def test_place_that_cannot_be_written_to_is_told(tmp_path: Path) -> None:
    """A file in the way is a sentence, and nothing is left behind."""
    (tmp_path / "file").write_text("", encoding="utf-8")

    with pytest.raises(KitError, match="Nothing was written"):
        write_package(Name("acme"), Auth.BEARER, Shape.DIRECT, tmp_path / "file")

    assert [path.name for path in tmp_path.iterdir()] == ["file"]


def test_nothing_is_left_of_a_package_that_could_not_be_finished(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A full disk in the middle leaves no half of a package."""

    def fail(_self: Path, _target: Path) -> Path:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "rename", fail)

    with pytest.raises(KitError, match="No space left"):
        write_package(Name("acme"), Auth.BEARER, Shape.DIRECT, tmp_path)

    assert list(tmp_path.iterdir()) == []
