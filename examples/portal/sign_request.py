"""
Sign a request as a portal does, its subject sealed: `pip install cryptography joserfc`.

    python sign_request.py request-data.json portal.pem OUR_SEALING_KEY > value.json

Send the value with the header content-type `application/vnd.dsse+json`, and the
request_id as the record's key.  docs/portal.md explains every line.
"""

import hashlib
import json
import sys
import uuid
from base64 import b64decode, b64encode, urlsafe_b64encode
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import cast

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from joserfc.jwe import encrypt_compact
from joserfc.jwk import OKPKey

KIND = "application/cloudevents+json"
SOURCE, AUDIENCE = "/portal/maison-exemple", "erasure-orchestrator"


def sealed(part: object, key: str) -> str:
    """Encrypt *part* for the public key that `erasure keys show` gives."""
    public = urlsafe_b64encode(b64decode(key)).rstrip(b"=").decode()
    jwk = OKPKey.import_key({"kty": "OKP", "crv": "X25519", "x": public})
    how = {"alg": "ECDH-ES+A256KW", "enc": "A256GCM"}
    return encrypt_compact(how, json.dumps(part), jwk, algorithms=[*how.values()])


def signed(data: dict[str, object], pem: bytes) -> str:
    """Return the value of the record: an envelope around the whole event."""
    key = cast("Ed25519PrivateKey", load_pem_private_key(pem, None))
    now = datetime.now(UTC)
    event = {"specversion": "1.0", "id": str(uuid.uuid4()), "source": SOURCE}
    event |= {"type": "privacy.request.submitted.v1", "time": now.isoformat()}
    event["expirytime"] = (now + timedelta(days=7)).isoformat()
    payload = json.dumps({**event, "audience": AUDIENCE, "data": data}).encode()
    covered = b"DSSEv1 %d %b %d %b" % (len(KIND), KIND.encode(), len(payload), payload)
    name = hashlib.sha256(key.public_key().public_bytes_raw()).hexdigest()
    signature = {"keyid": name, "sig": b64encode(key.sign(covered)).decode()}
    envelope = {"payload": b64encode(payload).decode(), "payloadType": KIND}
    return json.dumps({**envelope, "signatures": [signature]})


if __name__ == "__main__":
    data = json.loads(Path(sys.argv[1]).read_bytes())
    data["subject_sealed"] = sealed(data.pop("subject"), sys.argv[3])
    print(signed(data, Path(sys.argv[2]).read_bytes()))
