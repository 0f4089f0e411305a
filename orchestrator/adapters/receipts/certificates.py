"""Certificates of a file, told apart into roots and what leads to them."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from cryptography import x509

from orchestrator.errors import SetUpError


@dataclass(frozen=True, slots=True)
class Trusted:
    """Certificates that signed themselves, and those between them and others."""

    roots: tuple[x509.Certificate, ...]
    between: tuple[x509.Certificate, ...] = ()


def load_trusted(path: Path) -> Trusted:
    """Read a PEM file; raises `SetUpError` if it has no root to trust."""
    try:
        found = x509.load_pem_x509_certificates(path.read_bytes())
    except OSError as error:
        raise SetUpError(
            f"{path} cannot be read ({error.strerror}); name the PEM file with the"
            " certificates of the time stamping authority."
        ) from None
    except ValueError:
        found = []
    roots = tuple(dict.fromkeys(one for one in found if one.issuer == one.subject))
    if not roots:
        raise SetUpError(
            f"{path} has no certificate that signed itself; name the PEM file with the"
            " root of the time stamping authority."
        )
    between = tuple(dict.fromkeys(one for one in found if one not in roots))
    return Trusted(roots, between)
