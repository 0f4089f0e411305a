"""Every measure: what is run, how often, and which number counts."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from statistics import median
from typing import Any

from benchmarks.filling import fill
from benchmarks.parts import Bench, Result, embedded
from benchmarks.places import ACCOUNTS

MICROSECONDS = 1_000_000
MEGABYTE = 1_000_000


@dataclass(frozen=True, slots=True)
class Sizes:
    """How much is measured."""

    rounds: int
    cases: int  # in a round
    idle_cases: int
    open_cases: int  # for memory
    many_cases: int  # for throughput beside them
    starts: int
    batched_cases: int  # in a round of batches


FULL = Sizes(3, 200, 100, 10_000, 200_000, 3, 800)
QUICK = Sizes(1, 10, 5, 100, 1_000, 1, 60)

Figures = Mapping[str, float]


def speed(bench: Bench, sizes: Sizes, bare_loop: str = "throughput") -> Figures:
    """Compare with the bare loop, round by round: machines are shared and noisy."""
    ours, bare = [], []
    for number in range(sizes.rounds):
        one = bench.run("subject", "throughput", f"r{number}-", sizes.cases)
        ours.append(one)
        bare.append(bench.bare(bare_loop, f"b{number}-", sizes.cases, one["commits"]))
    pairs = list(zip(ours, bare, strict=True))
    return {
        "cases_per_second": median(map(_pace, ours)),
        "bare_cases_per_second": median(map(_pace, bare)),
        "ratio": median(_pace(one) / _pace(loop) for one, loop in pairs),
        "cpu_us_per_case": median(map(_cpu, ours)),
        "bare_cpu_us_per_case": median(map(_cpu, bare)),
        "cpu_ratio": median(_cpu(loop) / _cpu(one) for one, loop in pairs),
        "commits_per_case": median(one["commits"] / one["cases"] for one in ours),
        "peak_mb": max(one["peak_bytes"] for one in ours) / MEGABYTE,
    }


def batches(stub: str, sizes: Sizes) -> Figures:
    """Compare batches with their own bare loop, and with single calls beside them."""
    many = replace(sizes, cases=sizes.batched_cases)
    with embedded(stub, "bench-batches") as together:
        found = speed(together, many, "in_batches")
    with embedded(stub) as alone:
        single = [
            _single(alone, f"s{number}-", sizes) for number in range(sizes.rounds)
        ]
    times = found["cases_per_second"] / median(single)
    return {**found, "single_cases_per_second": median(single), "times_single": times}


def _single(bench: Bench, prefix: str, sizes: Sizes) -> float:
    """Return the cases a second of one run with single calls."""
    return _pace(bench.run("subject", "throughput", prefix, sizes.cases))


def latency(bench: Bench, sizes: Sizes) -> Figures:
    """Return what is added to the same calls made bare, one case at a time."""
    ours = sorted(bench.run("subject", "idle", "i-", sizes.idle_cases)["seconds"])
    bare = median(bench.bare("idle", "bi-", sizes.idle_cases)["seconds"])
    return {
        "bare_ms": bare * 1000,
        "added_p50_ms": (_quantile(ours, 0.5) - bare) * 1000,
        "added_p99_ms": (_quantile(ours, 0.99) - bare) * 1000,
    }


def memory(stub: str, sizes: Sizes) -> Figures:
    """Open many cases in one process and look at its peak."""
    with embedded(stub) as bench:
        bench.run("subject", "publish", "m-", sizes.open_cases)
        found = bench.run("subject", "open_many", sizes.open_cases)
    return {"open_cases": found["open"], "peak_mb": found["peak_bytes"] / MEGABYTE}


def fullness(stub: str, sizes: Sizes) -> Figures:
    """Compare throughput beside many open cases with that of an empty database."""
    full: list[Result] = []
    empty: list[Result] = []
    with embedded(stub) as crowded, embedded(stub) as fresh:
        crowded.run("subject", "stuck")
        fill(crowded.database, sizes.many_cases)
        for number in range(sizes.rounds):
            for bench, found in ((crowded, full), (fresh, empty)):
                name = f"f{number}-{len(full)}{len(empty)}-"
                found.append(bench.run("subject", "throughput", name, sizes.cases))
    pairs = list(zip(full, empty, strict=True))
    return {
        "open_cases": sizes.many_cases,
        "cases_per_second": median(map(_pace, full)),
        "share_of_empty": median(_pace(one) / _pace(other) for one, other in pairs),
        "cpu_share_of_empty": median(_cpu(other) / _cpu(one) for one, other in pairs),
    }


def start(stub: str, sizes: Sizes) -> Figures:
    """Time `erasure run` from its call until it owns every account."""
    with embedded(stub) as bench:
        return {"seconds": median(_one_start(bench) for _ in range(sizes.starts))}


def _one_start(bench: Bench) -> float:
    """Return the seconds until the process has said that it is ready and works."""
    began = time.perf_counter()
    with bench.run_command() as process:
        assert process.stderr is not None
        owned, is_ready = 0, False
        for line in process.stderr:
            event = _event(line)
            owned += event == "account_owned"
            is_ready = is_ready or event == "process_ready"
            if is_ready and owned == len(ACCOUNTS):
                return time.perf_counter() - began
    raise RuntimeError("`erasure run` ended before it was ready.")


def _event(line: bytes) -> str:
    """Return the fact that a log line states."""
    try:
        said: dict[str, Any] = json.loads(line)
    except ValueError:
        return ""
    return str(said.get("event", ""))


def _pace(found: Result) -> float:
    """Return cases a second."""
    return float(found["cases"] / found["seconds"])


def _cpu(found: Result) -> float:
    """Return microseconds of CPU a case."""
    return float(found["cpu_seconds"] / found["cases"] * MICROSECONDS)


def _quantile(ordered: Sequence[float], share: float) -> float:
    """Return the value below which so great a share lies."""
    return ordered[min(len(ordered) - 1, int(len(ordered) * share))]
