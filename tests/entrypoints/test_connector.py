"""`erasure connector`, as its user types it."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.command import erasure

NEW = ("connector", "new")
HOW = ("--auth", "bearer", "--shape", "direct")


def test_new_writes_a_package_and_says_what_comes_next(tmp_path: Path) -> None:
    """The answer is a folder, and what to type in it."""
    ran = erasure(*NEW, "acme-mail", *HOW, "--into", str(tmp_path), env={})

    assert (ran.code, ran.err) == (0, "")
    assert (tmp_path / "acme-mail" / "pyproject.toml").is_file()
    assert f"cd {tmp_path / 'acme-mail'}\n    make check test" in ran.out


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
