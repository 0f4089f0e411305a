"""What a portal's own program signed is sent as it is, and what follows is shown."""

from __future__ import annotations

import json
import re
import subprocess
from base64 import b64decode
from dataclasses import replace
from pathlib import Path

from orchestrator.adapters.clock import SystemClock
from orchestrator.ports.event_log import Message
from tests.support.installation import AnInstallation
from tests.support.people import Human, a_submission
from tests.support.publisher import PEM, SIGNER, signed
from tests.support.words import an_amendment

ADA = Human(1)
PAGE = Path(__file__).parents[2] / "docs" / "portal.md"
SHELL = re.compile(r"With openssl\s+alone.*?\n\n((?:    [^\n]*\n)+)", re.DOTALL)


def _a_file(folder: Path, name: str, message: Message) -> Path:
    """Write the value of a record, as another team's program would."""
    path = folder / name
    path.write_bytes(message.value or b"")
    return path


def _sent(installation: AnInstallation, *files: Path) -> None:
    """Send files, and let the installation take them and answer."""
    ran = installation("request", "send", *files)
    assert (ran.code, ran.err) == (0, "")
    installation.ingest()
    installation.parts.relay().turn()


def test_values_signed_elsewhere_are_sent_as_they_are(
    installation: AnInstallation, tmp_path: Path
) -> None:
    """Of whichever type; what became of them is read back."""
    request = _a_file(tmp_path, "request.json", signed(a_submission(ADA)))
    more = an_amendment(ADA.request_id, [("email", "ada.two@example.com")])
    word = _a_file(tmp_path, "word.json", signed(more))

    _sent(installation, request, word)
    told = installation("request", "events", ADA.request_id, "--json").data

    assert [one["type"] for one in told] == [
        "privacy.case.opened.v1",
        "privacy.case.amended.v1",
    ]
    assert {one["data"]["request_id"] for one in told} == {ADA.request_id}


def test_rejection_is_read_back_with_its_code(
    installation: AnInstallation, tmp_path: Path
) -> None:
    """The table shows request and code; another request's events are not among them."""
    wrong = signed(a_submission(ADA, controller="nobody"))
    _sent(installation, _a_file(tmp_path, "request.json", wrong))

    told = installation("request", "events")
    others = installation("request", "events", "somebody-else")

    assert ADA.request_id in told.out
    assert "unknown_controller" in told.out
    assert others.out == "Nothing was told to portals yet.\n"


def test_value_that_is_no_envelope_is_sent_too(
    installation: AnInstallation, tmp_path: Path
) -> None:
    """The intake judges it, as it would on Kafka: quarantined, and nobody answered."""
    file = tmp_path / "request.json"
    for value in (b"no envelope", b'{"payload": "e30=", "signatures": [{}]}'):
        file.write_bytes(value)
        _sent(installation, file)

    waiting = installation("quarantine", "list", "--json").data

    assert [one["code"] for one in waiting] == ["not_an_envelope"] * 2
    assert installation("request", "events", "--json").data == []


def test_unreadable_file_holds_back_all(
    installation: AnInstallation, tmp_path: Path
) -> None:
    """One sentence names it, and nothing is sent."""
    good = _a_file(tmp_path, "request.json", signed(a_submission(ADA)))

    ran = installation("request", "send", good, tmp_path / "missing.json")
    installation.ingest()

    assert (ran.code, ran.out) == (2, "")
    assert "missing.json cannot be read" in ran.err
    assert installation("case", "list", "--json").data == []


def test_corrected_request_keeps_its_name(
    installation: AnInstallation, tmp_path: Path
) -> None:
    """A rejected request opens its case once it comes right, under the same id."""
    wrong = signed(a_submission(ADA, controller="nobody"))
    right = signed(a_submission(ADA, event_id="event-2"))
    _sent(installation, _a_file(tmp_path, "wrong.json", wrong))

    _sent(installation, _a_file(tmp_path, "right.json", right))

    told = installation("request", "events", ADA.request_id, "--json").data
    assert [one["type"] for one in told] == [
        "privacy.request.rejected.v1",
        "privacy.case.opened.v1",
    ]


def test_names_of_a_later_word_are_shown_in_quarantine(
    installation: AnInstallation, tmp_path: Path
) -> None:
    """Whoever rules on it sees which members it has."""
    word = signed(an_amendment(ADA.request_id, [("email", ADA.email)]))
    _sent(installation, _a_file(tmp_path, "word.json", word))
    (waiting,) = installation("quarantine", "list", "--json").data

    shown = installation("quarantine", "show", waiting["id"])

    assert waiting["code"] == "unknown_request"
    assert re.search(rf"request +{ADA.request_id}\n", shown.out)
    assert '"identifiers": [' in shown.out
    assert "unknown member" not in shown.out
    assert ADA.email not in shown.out


def test_lines_of_the_page_sign_what_the_intake_takes(
    installation: AnInstallation, tmp_path: Path
) -> None:
    """A shell and openssl are enough, as docs/portal.md has it word by word."""
    found = SHELL.search(PAGE.read_text("utf-8"))
    assert found is not None
    message = signed(a_submission(ADA), SystemClock().now())
    payload = _payload_of(message)
    (tmp_path / "portal.pem").write_bytes(PEM)
    (tmp_path / "event.json").write_bytes(payload)

    lines = re.sub("^    ", "", found[1], flags=re.MULTILINE)
    subprocess.run(["/bin/sh", "-euc", lines], cwd=tmp_path, check=True)
    _sent(installation, tmp_path / "value.json")

    made = json.loads((tmp_path / "value.json").read_bytes())
    assert made["signatures"][0]["keyid"] == SIGNER.key_id
    (case,) = installation("case", "list", "--json").data
    assert case["request_id"] == ADA.request_id


def test_envelope_in_url_safe_base64_is_taken(
    installation: AnInstallation, tmp_path: Path
) -> None:
    """DSSE lets who signs choose the alphabet; some leave the padding away."""
    text = (signed(a_submission(ADA)).value or b"").decode()
    document = json.loads(text)
    (signature,) = document["signatures"]
    for part, name in ((document, "payload"), (signature, "sig")):
        safe = part[name].replace("+", "-").replace("/", "_")
        part[name] = safe.rstrip("=")
    message = replace(signed(a_submission(ADA)), value=json.dumps(document).encode())

    _sent(installation, _a_file(tmp_path, "request.json", message))

    assert installation("quarantine", "list", "--json").data == []
    assert len(installation("case", "list", "--json").data) == 1


def _payload_of(message: Message) -> bytes:
    """Return the event that a signed record carries."""
    return b64decode(json.loads(message.value or b"")["payload"])


def test_request_of_a_stranger_is_not_named_in_quarantine(
    installation: AnInstallation, tmp_path: Path
) -> None:
    """What nobody of ours signed may call itself anything."""
    document = json.loads(signed(a_submission(ADA)).value or b"")
    document["signatures"][0]["sig"] = "AAAA"
    file = tmp_path / "request.json"
    file.write_text(json.dumps(document))
    _sent(installation, file)
    (waiting,) = installation("quarantine", "list", "--json").data

    shown = installation("quarantine", "show", waiting["id"], "--json").data

    assert (waiting["code"], shown["request_id"]) == ("bad_signature", None)
