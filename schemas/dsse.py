"""
The bytes that a DSSE signature covers.

Format: https://github.com/secure-systems-lab/dsse (protocol.md, v1.0.2), read 2026-11.
"""

from __future__ import annotations


def pae(payload_type: str, payload: bytes) -> bytes:
    """Return DSSE's pre-authentication encoding: the bytes that are signed."""
    kind = payload_type.encode()
    return b"DSSEv1 %d %b %d %b" % (len(kind), kind, len(payload), payload)
