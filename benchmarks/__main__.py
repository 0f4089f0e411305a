"""
`python -m benchmarks [--quick] [--only NAME…] [--json]`: measure, print, compare.

`--quick` measures hardly anything, and only on the embedded parts: it shows that every
measure works.  Exits with 0 whether or not an aim is met: figures of a shared machine
are read, not obeyed.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import time
from collections.abc import Callable, Mapping

from benchmarks.measures import (
    FULL,
    QUICK,
    Figures,
    Sizes,
    batches,
    fullness,
    latency,
    memory,
    speed,
    start,
)
from benchmarks.parts import a_stub, embedded, kafka_and_postgres
from benchmarks.report import report


def on_embedded(stub: str, sizes: Sizes) -> Figures:
    """Measure speed and latency on SQLite and the embedded log."""
    with embedded(stub) as bench:
        return {**speed(bench, sizes), **latency(bench, sizes)}


def on_kafka(stub: str, sizes: Sizes) -> Figures:
    """Measure speed and latency on Kafka and PostgreSQL."""
    with kafka_and_postgres(stub) as bench:
        return {**speed(bench, sizes), **latency(bench, sizes)}


MEASURES: Mapping[str, Callable[[str, Sizes], Figures]] = {
    "embedded": on_embedded,
    "kafka": on_kafka,
    "batches": batches,
    "memory": memory,
    "fullness": fullness,
    "start": start,
}
SLOW_TO_START = frozenset({"kafka"})


def main() -> int:
    """Measure what the command line asks for."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks")
    parser.add_argument("--quick", action="store_true", help="only show that it works")
    parser.add_argument("--json", action="store_true", help="print figures as JSON")
    parser.add_argument("--only", nargs="+", choices=MEASURES, help="measure only this")
    asked = parser.parse_args()
    sizes = QUICK if asked.quick else FULL
    chosen = asked.only or [
        name for name in MEASURES if not (asked.quick and name in SLOW_TO_START)
    ]
    began = time.monotonic()
    found: dict[str, Figures] = {}
    with a_stub() as stub:
        for name in chosen:
            print(f"measuring {name} …", file=sys.stderr)
            found[name] = MEASURES[name](stub, sizes)
    if asked.json:
        print(json.dumps({"cores": os.cpu_count(), **found}, indent=2))
    else:
        report(found, time.monotonic() - began)
    return 0


if __name__ == "__main__":
    sys.exit(main())
