"""`make bench` measures what docs/performance.md speaks of."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

from benchmarks.report import LINES

ROOT = Path(__file__).parents[2]
EMBEDDED = ("embedded", "batches", "memory", "fullness", "start")


def test_every_measure_works_on_little() -> None:
    """The quick bench measures every figure of its table, on real work."""
    run = subprocess.run(
        [sys.executable, "-m", "benchmarks", "--quick", "--json"],
        check=False,
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=900,
    )

    assert run.returncode == 0, run.stderr
    found = json.loads(run.stdout)
    assert {name: set(found[name]) for name in EMBEDDED} == {
        name: set(LINES[name]) for name in EMBEDDED
    }
    assert all(found["embedded"][name] > 0 for name in ("cases_per_second", "ratio"))
