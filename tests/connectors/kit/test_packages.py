"""A package of each shape passes its own checks, installed and not (they would rot)."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from connectors.kit.naming import Name
from connectors.kit.scaffold import write_package
from connectors.kit.shapes import Auth, Shape
from connectors.testing.running import checks

ROOT = Path(__file__).parents[3]
MADE = {
    Shape.DIRECT: Auth.BEARER,
    Shape.JOB: Auth.OAUTH2,
    Shape.BATCH: Auth.BASIC,
    Shape.MANUAL: Auth.BEARER,
}

# Tests of a package beside the suite, as its author writes them.
OWN = {Shape.JOB: 2, Shape.BATCH: 1}


@pytest.fixture(scope="module")
def environment(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """Return what makes a package use the orchestrator of this tree."""
    return {
        "PATH": os.defpath,
        "PYTHONPATH": str(ROOT),
        "MYPYPATH": str(ROOT),
        # One for all: each package needs the same modules of ours.
        "MYPY_CACHE_DIR": str(tmp_path_factory.mktemp("mypy")),
        "RUFF_NO_CACHE": "true",
    }


@pytest.mark.parametrize("shape", Shape)
def test_package_passes_its_own_checks(
    shape: Shape, tmp_path: Path, environment: dict[str, str]
) -> None:
    """`make check test` in a package that nobody edited says yes."""
    folder = write_package(Name("acme-mail"), MADE[shape], shape, tmp_path)

    ran = subprocess.run(
        ["make", "check", "test", f"PYTHON={sys.executable}"],  # noqa: S607 (PATH)
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )

    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert f"{len(checks()) + OWN.get(shape, 0)} passed" in ran.stdout


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Install a package as its user does, without a network, and return where."""
    folder = tmp_path_factory.mktemp("installed")
    name = Name("acme-mail")
    package = write_package(name, Auth.API_KEY, Shape.DIRECT, folder)
    options = ["--no-deps", "--no-build-isolation", "--no-index", "--quiet"]
    site = folder / "site"
    subprocess.run(
        [sys.executable, "-m", "pip", "install", *options, "--target", site, package],
        check=True,
        capture_output=True,
    )
    shutil.copy(package / "register.toml", folder)
    shutil.rmtree(package)
    return folder


def test_installed_package_is_found_and_its_register_entry_accepted(
    installed: Path,
) -> None:
    """With the package installed, the entry it brought makes a good register."""
    entry = (installed / "register.toml").read_text(encoding="utf-8")
    (installed / "register.toml").write_text(_CONTROLLER + entry, encoding="utf-8")

    ran = subprocess.run(
        [sys.executable, "-c", _ERASURE, "register", "check"],
        cwd=installed,
        env={"PYTHONPATH": f"{installed / 'site'}:{ROOT}"},
        capture_output=True,
        text=True,
        check=False,
    )

    assert "1 accounts" in ran.stdout, ran.stderr


_ERASURE = "from orchestrator.entrypoints.cli import main; main()"
_CONTROLLER = """
[controllers.maison]
legal_name = "Maison"
country = "FR"
time_zone = "Europe/Paris"
dpo_contact = "dpo@maison.example"
"""
