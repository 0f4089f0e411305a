"""
One measured process: run as `python -m benchmarks.subject WHAT ARGUMENTS…`.

Its last line on stdout is what it measured, as JSON; its log goes to stderr.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import asdict

from benchmarks.running import Watched, peak_bytes

WARM_UP = 20
_PAUSE = 0.02  # seconds, so that everybody idles before the next case

Result = Mapping[str, object]


def throughput(prefix: str, cases: str) -> Result:
    """Handle so many cases as fast as possible."""
    watched = Watched()
    watched.start()
    watched.handle([f"{prefix}w{n}" for n in range(WARM_UP)])
    with watched.using() as uses:
        watched.handle([f"{prefix}{n}" for n in range(int(cases))])
    watched.stop()
    return {"cases": int(cases), **asdict(uses[0]), "peak_bytes": peak_bytes()}


def idle(prefix: str, cases: str) -> Result:
    """Handle one case at a time, each after a pause."""
    watched = Watched()
    watched.start()
    watched.handle([f"{prefix}w{n}" for n in range(WARM_UP)])
    seconds = []
    for number in range(int(cases)):
        time.sleep(_PAUSE)
        seconds.append(watched.answer(f"{prefix}{number}"))
    watched.stop()
    return {"seconds": seconds}


def memory(prefix: str, cases: str) -> Result:
    """Open so many cases, which nothing closes meanwhile."""
    watched = Watched()
    watched.installation.publisher.publish([])
    return {"prefix": prefix, "cases": cases}


def start(began: str) -> Result:
    """Start, and say how long ago the parent began to start us."""
    watched = Watched()
    watched.start()
    held = watched.installation.claims.accounts
    watched.wait_until(lambda: all(one.owner for one in held()))
    seconds = time.monotonic() - float(began)
    watched.stop()
    return {"seconds": seconds}


_SUBJECTS: Mapping[str, Callable[..., Result]] = {
    "throughput": throughput,
    "idle": idle,
    "start": start,
}


if __name__ == "__main__":
    what, *arguments = sys.argv[1:]
    print(json.dumps(_SUBJECTS[what](*arguments)))
