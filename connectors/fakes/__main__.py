"""
Serve every fake of the tree on one port, each below its own name.

    python -m connectors.fakes --host 127.0.0.1 --port 8080

prints one line a fake: its name and its base URL.  Accounts of the register point
their base URLs there; `/_control/` lies below each.
"""

from __future__ import annotations

import argparse
import signal
import sys
from threading import Event

from connectors.fakes.every import Street, every_fake
from connectors.fakes.serving import serve


def main() -> int:
    """Serve until told to stop."""
    parser = argparse.ArgumentParser(prog="python -m connectors.fakes")
    parser.add_argument("--host", default="127.0.0.1", help="address to listen on")
    parser.add_argument("--port", type=int, default=8080, help="0 takes a free one")
    asked = parser.parse_args()
    stop = Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stop.set())
    street = Street(every_fake())
    with serve(street, asked.port, asked.host) as url:
        for name in street.fakes:
            print(f"{name:16}{url}/{name}", flush=True)  # noqa: T201 (its result)
        stop.wait()
    return 0


if __name__ == "__main__":
    sys.exit(main())
