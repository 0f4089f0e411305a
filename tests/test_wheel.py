"""What the built package carries beside its modules."""

from __future__ import annotations

import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
FIND = """
from datetime import UTC, datetime
from orchestrator.entrypoints.demo import example_files
print(example_files.__file__)
print(len(example_files.requests_of_today(datetime.now(UTC))))
print("[accounts.hubspot]" in example_files.register_text())
"""


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Build the wheel and unpack it where nothing else lies."""
    folder = tmp_path_factory.mktemp("wheel")
    build = (
        "import sys; from hatchling.build import build_wheel; build_wheel(sys.argv[1])"
    )
    subprocess.run(
        [sys.executable, "-c", build, str(folder)],
        cwd=ROOT,
        check=True,
        capture_output=True,
    )
    (wheel,) = folder.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(folder / "site")
    return folder / "site"


def test_wheel_finds_the_examples_without_a_checkout(installed: Path) -> None:
    """An installed package has the register and the requests that the demo needs."""
    done = subprocess.run(
        [sys.executable, "-c", FIND],
        cwd=installed.parent,
        env={"PYTHONPATH": str(installed)},
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 0, done.stderr
    where, requests, register = done.stdout.split()
    assert Path(where).is_relative_to(installed)
    assert (requests, register) == ("6", "True")


def test_wheel_writes_the_package_of_a_connector(installed: Path) -> None:
    """The templates of the kit are in the wheel, and so are the types."""
    code = "from orchestrator.entrypoints.cli import main; main()"
    order = ["connector", "new", "acme-mail", "--auth", "bearer", "--shape", "direct"]

    subprocess.run(
        [sys.executable, "-c", code, *order],
        cwd=installed.parent,
        env={"PYTHONPATH": str(installed)},
        capture_output=True,
        check=True,
    )

    made = installed.parent / "acme-mail"
    assert "class AcmeMail" in (made / "acme_mail" / "connector.py").read_text("utf-8")
    assert (installed / "connectors" / "py.typed").is_file()
    assert (installed / "schemas" / "py.typed").is_file()


def test_wheel_carries_no_test_and_no_example_code(installed: Path) -> None:
    """Only the three packages are installed; of the examples only data."""
    assert {path.name for path in installed.iterdir() if "-" not in path.name} == {
        "connectors",
        "orchestrator",
        "schemas",
    }
    examples = installed / "orchestrator" / "entrypoints" / "demo" / "examples"
    kinds = {path.suffix for path in examples.rglob("*") if path.is_file()}
    assert kinds == {".json", ".md", ".toml"}
