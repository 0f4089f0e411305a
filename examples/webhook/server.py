"""
A system of one's own behind one endpoint: the `webhook` protocol, version 1.

    python server.py PORT MEMBERS.json OUR_PUBLIC_KEY TEAM_KEY.pem

It does everything at once, and leaves the token to the gateway in front of it.  A real
system keeps ANSWERS on disk, and refuses an `issued_at` that is older than they are.
"""

import json
import sys
from base64 import b64decode, b64encode
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key

PORT, FILE, OURS, PEM = sys.argv[1:5]
THEIRS = Ed25519PublicKey.from_public_bytes(b64decode(OURS))
KEY: Any = load_pem_private_key(Path(PEM).read_bytes(), None)
KIND = "application/vnd.erasure.%s.v1+json"
MEMBERS: dict[str, Any] = json.loads(Path(FILE).read_text("utf-8"))  # by reference
ANSWERS: dict[str, dict[str, Any]] = {}  # by instruction_id


def pae(kind: str, payload: bytes) -> bytes:
    """Return the bytes that a DSSE signature covers."""
    return b"DSSEv1 %d %b %d %b" % (len(kind), kind.encode(), len(payload), payload)


def carry_out(action: str, about: dict[str, Any]) -> dict[str, Any]:
    """Do it to the records that are named, and to no others."""
    theirs = [it["reference"] for it in about["records"] if it["reference"] in MEMBERS]
    if action == "locate":
        wanted = {(it["type"], it["value"]) for it in about["identifiers"]}
        theirs = [key for key, it in MEMBERS.items() if wanted & set(it.items())]
    status = "done" if theirs else "nothing_found"
    said: dict[str, Any] = {"status": status, "count": len(theirs)}
    left = [it for it in theirs if action == "erase" and MEMBERS[it].get("is_open")]
    if left:  # an order that is under way: asked for again tomorrow
        said |= {"status": "still_open", "code": "order_open"}
    if action == "locate" or left:
        said["records"] = [{"reference": key} for key in left or theirs]
    if action == "export":
        row = {"category": "membership", "provenance": "provided"}
        said["rows"] = [{**row, "subject": key, "data": MEMBERS[key]} for key in theirs]
    if action == "erase":
        for key in {*theirs} - {*left}:
            del MEMBERS[key]
        Path(FILE).write_text(json.dumps(MEMBERS), "utf-8")
    return said


class Endpoint(BaseHTTPRequestHandler):
    """Verifies, remembers, answers: the same instruction again is the same."""

    def do_GET(self) -> None:
        """Say our name; there is nothing that is asked for later."""
        self.send(200, b'{"name": "members"}')

    def do_POST(self) -> None:
        """Take an instruction; one that does not verify gets no answer."""
        envelope = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        payload = b64decode(envelope["payload"])
        signature = b64decode(envelope["signatures"][0]["sig"])
        THEIRS.verify(signature, pae(KIND % "instruction", payload))
        asked = json.loads(payload)  # only now
        key = asked["instruction_id"]
        if key not in ANSWERS:
            said = carry_out(asked["action"], asked["about"])
            named = {it: asked[it] for it in ("specversion", "account")}
            ANSWERS[key] = {**named, "instruction_id": key, **said}
        payload, kind = json.dumps(ANSWERS[key]).encode(), KIND % "answer"
        signed = {"sig": b64encode(KEY.sign(pae(kind, payload))).decode()}
        body = {"payload": b64encode(payload).decode(), "payloadType": kind}
        self.send(200, json.dumps({**body, "signatures": [signed]}).encode())

    def send(self, status: int, body: bytes) -> None:
        """Send a whole answer."""
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


HTTPServer(("127.0.0.1", int(PORT)), Endpoint).serve_forever()
