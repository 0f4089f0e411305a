"""The portal team's sample signs and seals what the real intake takes."""

from __future__ import annotations

import json
import subprocess
import sys
from base64 import b64decode
from collections.abc import Iterator
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator

from orchestrator.ports.event_log import Message
from schemas.generate import GENERATED
from schemas.topics import REQUESTS
from tests.support.installation import AnInstallation
from tests.support.people import Human, a_submission

SCRIPT = Path(__file__).parents[2] / "examples" / "portal" / "sign_request.py"
ADA = Human(1)
DSSE = (("content-type", b"application/vnd.dsse+json"),)


@pytest.fixture
def installation(tmp_path: Path) -> Iterator[AnInstallation]:
    """Lend an installation that takes sealed subjects only."""
    made = AnInstallation(tmp_path)
    text = made.register.read_text()
    made.register.write_text(
        text.replace("[publishers.portal]", "[publishers.portal]\nsealed_only = true")
    )
    yield made
    made.close()


def _sealing_key(installation: AnInstallation) -> str:
    """Return what `keys show` gives to seal to."""
    rows = installation("keys", "show", "--json").data
    return str(next(row["public_key"] for row in rows if row["algorithm"] == "X25519"))


def _keeps(name: str, document: object) -> None:
    """Hold a document against a schema that portals are given."""
    schema = json.loads((GENERATED / "producer" / name).read_text("utf-8"))
    Draft202012Validator(schema).validate(document)


def _take(installation: AnInstallation, value: bytes) -> None:
    """Publish a value as the portal's own producer would, and take it in."""
    message = Message(REQUESTS, ADA.request_id.encode(), DSSE, value)
    assert all(installation.parts.publisher.publish([message]))
    installation.ingest()


def _opened(installation: AnInstallation) -> list[str]:
    """Return the requests that opened a case; nothing may be quarantined."""
    assert installation("quarantine", "list", "--json").data == []
    return [one["request_id"] for one in installation("case", "list", "--json").data]


def test_sample_signs_what_the_intake_takes(installation: AnInstallation) -> None:
    """Forty lines of another team's code open a case, and nobody stands in clear."""
    data = installation.folder / "data.json"
    data.write_bytes(a_submission(ADA).value or b"")
    key = installation.env["ERASURE_REQUEST_KEY"]
    ours = _sealing_key(installation)
    command = [sys.executable, str(SCRIPT), str(data), key, ours]

    ran = subprocess.run(command, capture_output=True, check=True)
    _take(installation, ran.stdout)

    assert _opened(installation) == [ADA.request_id]
    payload = b64decode(json.loads(ran.stdout)["payload"])
    said = json.loads(payload)
    _keeps("signed-envelope.v1.json", json.loads(ran.stdout))
    _keeps("signed-payload.v1.json", said)
    _keeps("privacy.request.submitted.v1.sealed.json", said["data"])
    assert not [it for it in ADA.traits.values() if it.encode() in payload]


def test_sample_is_short_enough_to_read() -> None:
    """Forty lines of code, and the page that explains them."""
    lines = SCRIPT.read_text(encoding="utf-8").splitlines()
    code = [line for line in lines[lines.index("import hashlib") :] if line.strip()]

    assert len(code) <= 40
