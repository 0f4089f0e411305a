"""Find the example files that ship with this software, and make them of today."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any, Final

from orchestrator.errors import SetUpError
from schemas.intake import RequestFile, read_request_file

# In an installed package they lie beside this file, in a checkout at its root.
_HERE: Final = Path(__file__).parent / "examples"
_CHECKOUT: Final = Path(__file__).parents[3] / "examples"

# In the order in which they are published and shown.
REQUEST_FILES: Final = (
    "erasure",
    "erasure-and-access",
    "erasure-second-person",
    "erasure-third-person",
    "access",
    "portability",
)


def register_text() -> str:
    """Return the example register."""
    return (_examples() / "register.toml").read_text(encoding="utf-8")


def requests_of_today(now: datetime) -> Sequence[RequestFile]:
    """
    Return the example requests, moved in time so that each was sent just now.

    Raises `SetUpError` if one of them is not a request any more.
    """
    return [as_request(name, event_of_today(name, now)) for name in REQUEST_FILES]


def event_of_today(name: str, now: datetime) -> dict[str, Any]:
    """Read one file and move all its times by as much as its own lies back."""
    path = _examples() / "requests" / f"{name}.json"
    event: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    by = now.replace(microsecond=0) - datetime.fromisoformat(event["time"])

    def moved(text: str) -> str:
        return (datetime.fromisoformat(text) + by).isoformat()

    data = event["data"]
    event["time"] = moved(event["time"])
    data["received_at"] = moved(data["received_at"])
    verified = data["verification"]
    verified["verified_at"] = moved(verified["verified_at"])
    return event


def as_request(name: str, event: Mapping[str, Any]) -> RequestFile:
    """Return *event* as it is published; raises `SetUpError` if it is no request."""
    read = read_request_file(json.dumps(event).encode())
    if not isinstance(read, RequestFile):
        raise SetUpError(f"The example {name} is no request: {read.rule}")
    return read


def _examples() -> Path:
    for folder in (_HERE, _CHECKOUT):
        if (folder / "register.toml").is_file():
            return folder
    raise SetUpError(
        "The example files are missing from this installation; install the package"
        " again, or run the demo from a checkout of the project."
    )
