"""
A service of one's own that takes part by topic: the `participant` protocol, version 1.

    python participant.py BOOTSTRAP ACCOUNT MEMBERS.json KEYS.json

KEYS.json is a list of four JWKs, told by `kid`: `ours` and `ours-sealing` are the
orchestrator's (public), `signing` and `sealing` this service's (private).  A real
service keeps ANSWERS on disk, and refuses an `issued_at` that is older than they are.
"""

import json
import sys
from base64 import b64decode, b64encode
from contextlib import suppress
from pathlib import Path
from typing import Any

from cryptography.exceptions import InvalidSignature
from joserfc import jwe
from joserfc.jwk import OKPKey
from kafka import KafkaConsumer, KafkaProducer

BOOTSTRAP, ACCOUNT, FILE, KEYS_FILE = sys.argv[1:5]
JWKS = json.loads(Path(KEYS_FILE).read_text("utf-8"))
KEYS: dict[str, Any] = {it["kid"]: OKPKey.import_key(it) for it in JWKS}
KIND, ALLOWED = "application/vnd.erasure.%s.v1+json", ["ECDH-ES+A256KW", "A256GCM"]
MEMBERS: dict[str, Any] = json.loads(Path(FILE).read_text("utf-8"))  # by reference
ANSWERS: dict[str, dict[str, Any]] = {}  # by instruction_id


def pae(kind: str, payload: bytes) -> bytes:
    """Return the bytes that a DSSE signature covers."""
    return b"DSSEv1 %d %b %d %b" % (len(kind), kind.encode(), len(payload), payload)


def carry_out(action: str, sealed: str) -> dict[str, Any]:
    """Open whom it is about, and do it."""
    about = jwe.decrypt_compact(sealed, KEYS["sealing"], ALLOWED).plaintext or b""
    wanted = {(it["type"], it["value"]) for it in json.loads(about)["identifiers"]}
    theirs = {key: it for key, it in MEMBERS.items() if wanted & set(it.items())}
    if not theirs:
        return {"status": "nothing_found"}
    if action == "erase":
        for key in theirs:
            del MEMBERS[key]
        Path(FILE).write_text(json.dumps(MEMBERS), "utf-8")
        return {"status": "done"}
    row = {"category": "membership", "provenance": "provided"}
    rows = [{**row, "subject": it["email"], "data": it} for it in theirs.values()]
    head, copy = {"alg": ALLOWED[0], "enc": ALLOWED[1]}, json.dumps({"rows": rows})
    sealed = jwe.encrypt_compact(head, copy, KEYS["ours-sealing"], ALLOWED)
    return {"status": "done", "count": len(rows), "sealed_rows": sealed}


def answer(value: bytes) -> bytes:
    """Verify one instruction, carry it out once, and return the signed answer to it."""
    envelope = json.loads(value)
    payload = b64decode(envelope["payload"])
    signature = b64decode(envelope["signatures"][0]["sig"])
    KEYS["ours"].public_key.verify(signature, pae(KIND % "instruction", payload))
    asked = json.loads(payload)  # only now
    key, kind = asked["instruction_id"], KIND % "answer"
    if key not in ANSWERS:
        named = {it: asked[it] for it in ("specversion", "instruction_id", "account")}
        ANSWERS[key] = {**named, **carry_out(asked["action"], asked["sealed"])}
    said = json.dumps(ANSWERS[key]).encode()
    sig = KEYS["signing"].private_key.sign(pae(kind, said))
    signed = {"sig": b64encode(sig).decode()}
    body = {"payload": b64encode(said).decode(), "payloadType": kind}
    return json.dumps({**body, "signatures": [signed]}).encode()


HEADERS = {"ce_specversion": "1.0", "ce_type": "privacy.instruction.answered.v1"}
HEADERS |= {"ce_source": ACCOUNT, "content-type": "application/json"}
consumer = KafkaConsumer(bootstrap_servers=BOOTSTRAP, group_id=ACCOUNT)
consumer.subscribe([f"privacy.instructions.{ACCOUNT}"])
producer = KafkaProducer(bootstrap_servers=BOOTSTRAP, acks="all")
for record in consumer:  # what is lost on the way comes again
    with suppress(InvalidSignature, ValueError):  # what we did not sign is passed over
        said = answer(record.value)
        headers = [(name, text.encode()) for name, text in HEADERS.items()]
        headers.append(("ce_id", b"answer-" + record.key))
        producer.send("privacy.confirmations", said, record.key, headers).get(30)
