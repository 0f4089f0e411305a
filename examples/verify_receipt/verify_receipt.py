"""
Verify a receipt without the program that made it: standard library and openssl 3.

    python verify_receipt.py RECEIPT.dsse.json PUBLIC.pem [RECEIPT.tlog-proof LOG-NAME]

Take the public key from the controller by another way than the receipt.  With the proof
file it also shows that the receipt is in the controller's log.  Exit status 0: genuine.
"""

import base64, functools, hashlib, json, pathlib, subprocess, sys, tempfile  # noqa: E401, I001

KIND = "application/vnd.erasure.receipt.v1+json"
decoded = functools.partial(base64.b64decode, validate=True)


def signed_by(key: str, message: bytes, signature: bytes) -> bool:
    """Ask openssl whether the Ed25519 signature of these bytes is the key's."""
    with tempfile.TemporaryDirectory() as folder:
        said, sig = f"{folder}/said", f"{folder}/sig"
        pathlib.Path(said).write_bytes(message)
        pathlib.Path(sig).write_bytes(signature)
        ask = ["openssl", "pkeyutl", "-verify", "-rawin", "-pubin", "-inkey", key]
        ask += ["-in", said, "-sigfile", sig]
        quiet = subprocess.DEVNULL
        return not subprocess.call(ask, stdout=quiet, stderr=quiet)  # noqa: S603


def verified(envelope: bytes, key: str) -> bytes:
    """Return what the key signed: DSSE v1.0.2, protocol.md."""
    parts = json.loads(envelope)
    kind, payload = parts["payloadType"], decoded(parts["payload"])
    (signature,) = parts["signatures"]  # exactly one
    message = b"DSSEv1 %d %s %d " % (len(kind), kind.encode(), len(payload)) + payload
    if kind != KIND or not signed_by(key, message, decoded(signature["sig"])):
        sys.exit("NOT GENUINE: the key did not sign this receipt.")
    return payload


def check_log(envelope: bytes, proof: str, key: str, name: str) -> int:
    """Return the size of the log that holds the receipt: RFC 6962, c2sp.org."""
    head, _, note = pathlib.Path(proof).read_text("utf-8").partition("\n\n")
    text, _, signatures = note.rpartition("\n\n")
    origin, size, root = (text + "\n").split("\n")[:3]
    lines = [line.split(" ") for line in signatures.splitlines()]
    ours = [decoded(line[2])[4:] for line in lines if line[:2] == ["\u2014", name]]
    signed = [it for it in ours if signed_by(key, f"{text}\n".encode(), it)]
    if origin != name or not signed:
        sys.exit("NOT GENUINE: the key did not sign the head of this log.")
    path = [line for line in head.split("\n")[1:] if not line.startswith("extra ")]
    place, last = int(path.pop(0).removeprefix("index ")), int(size) - 1
    found = hashlib.sha256(b"\0" + envelope).digest()
    for other in map(decoded, path):
        is_left = place % 2 == 1 or place == last
        node = b"\1" + (other + found if is_left else found + other)
        found = hashlib.sha256(node).digest()
        while is_left and place and place % 2 == 0:
            place, last = place // 2, last // 2
        place, last = place // 2, last // 2
    if last or found != decoded(root):
        sys.exit("NOT GENUINE: the receipt is not in the log that the key signed.")
    return int(size)


def main(receipt: str, key: str, proof: str = "", name: str = "") -> None:
    """Say what the receipt says, or why nobody should believe it."""
    envelope = pathlib.Path(receipt).read_bytes()
    said = json.loads(verified(envelope, key))
    size = check_log(envelope, proof, key, name) if proof else 0
    print(f"GENUINE {said['statement_id']}: {said['result']}")
    for one in said["lines"]:
        grades = [one[it] for it in ("evidence", "evidence_demanded") if it in one]
        print(" ", one["account"], one["action"], one["outcome"], " of ".join(grades))
    for one in said.get("recipients", []):
        print(" ", one["legal_name"], one["told"], *one["reasons"])
    if size:
        print(f"In the log {name}, which had {size} entries.")


if __name__ == "__main__":
    main(*sys.argv[1:]) if len(sys.argv) in {3, 5} else sys.exit(__doc__)
