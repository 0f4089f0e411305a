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

from benchmarks.requests import requests
from benchmarks.running import Watched, peak_bytes
from benchmarks.stub import STUCK

WARM_UP = 20
_PAUSE = 0.02  # seconds, so that everybody idles before the next case
_WORKING = 3.0  # seconds of work beside many open cases
_AT_ONCE = 500

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


def publish(prefix: str, cases: str) -> Result:
    """Publish so many requests, and run nothing."""
    publisher = Watched().installation.publisher
    names = [f"{prefix}{n}" for n in range(int(cases))]
    for start in range(0, len(names), _AT_ONCE):
        publisher.publish(requests(names[start : start + _AT_ONCE]))
    return {"cases": int(cases)}


def open_many(cases: str) -> Result:
    """Open what is published, and work for a while with all that open."""
    watched = Watched()
    watched.start()
    watched.wait_until(lambda: watched.opened() >= int(cases))
    time.sleep(_WORKING)
    still_open = watched.opened() - watched.closed()
    watched.stop()
    return {"open": still_open, "peak_bytes": peak_bytes()}


def stuck() -> Result:
    """Bring one case so far that every erasure waits for another look."""
    watched = Watched()
    watched.start()
    watched.installation.publisher.publish(requests([f"{STUCK}1"]))
    watched.wait_until(watched.waits)
    watched.stop()
    return {}


_SUBJECTS: Mapping[str, Callable[..., Result]] = {
    "throughput": throughput,
    "idle": idle,
    "publish": publish,
    "open_many": open_many,
    "stuck": stuck,
}


if __name__ == "__main__":
    what, *arguments = sys.argv[1:]
    print(json.dumps(_SUBJECTS[what](*arguments)))
