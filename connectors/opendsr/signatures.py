"""
Who signed a callback: the certificate's chain, its domain, and the raw bytes.

RSASSA-PKCS1-v1_5 with SHA-256 over the body as it came (specification section 8.3; what
mParticle does, tried 2026-11).  The signature covers neither time nor path: what is
said again is harmless only because the workflow takes each word once.  Revocation is
not asked about: certificates of this kind name no list that is kept.
"""

from __future__ import annotations

import binascii
import warnings
from base64 import b64decode
from collections.abc import Mapping
from functools import cache

import httpx
from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.utils import CryptographyDeprecationWarning
from cryptography.x509.verification import PolicyBuilder, Store, VerificationError

from connectors.errors import NotGenuine

MOST_PEM_BYTES = 64 * 1024
Key = RSAPublicKey


def store_of(roots_pem: str | None) -> Store:
    """Return the trusted roots: the account's own, or those that TLS trusts."""
    if roots_pem is None:
        return _public_roots()
    return Store(x509.load_pem_x509_certificates(roots_pem.encode()))


def signed_by(headers: Mapping[str, str], prefixes: tuple[str, ...]) -> tuple[str, str]:
    """Return domain and signature of a callback; raises `NotGenuine`."""
    for prefix in prefixes:
        domain = headers.get(f"{prefix}-processor-domain")
        signature = headers.get(f"{prefix}-signature")
        if domain and signature:
            return domain.strip().lower(), signature
    raise NotGenuine("not_signed")


def check_certificate(pem: bytes, roots: Store, domain: str) -> RSAPublicKey:
    """
    Return the key of a certificate for *domain* that a trusted root vouches for now.

    The first certificate of *pem* is the processor's, others may be between.  Raises
    `NotGenuine`.
    """
    problem = "certificate_unreadable"
    try:
        first, *between = x509.load_pem_x509_certificates(pem)
        verifier = (
            PolicyBuilder().store(roots).build_server_verifier(x509.DNSName(domain))
        )
        problem = "certificate_refused"
        verifier.verify(first, between)
        key = first.public_key()
    except (ValueError, VerificationError):
        key = None
    if not isinstance(key, RSAPublicKey):
        raise NotGenuine(problem)
    return key


def check_signature(key: RSAPublicKey, signature: str, body: bytes) -> None:
    """Verify the raw bytes; raises `NotGenuine`."""
    try:
        given = b64decode(signature, validate=True)
        key.verify(given, body, PKCS1v15(), SHA256())
    except (binascii.Error, ValueError, InvalidSignature):
        given = None
    if given is None:
        raise NotGenuine("bad_signature")


@cache
def _public_roots() -> Store:
    """Return the roots that our TLS connections trust."""
    context = httpx.create_ssl_context(trust_env=False)
    known = map(_readable, context.get_ca_certs(binary_form=True))
    return Store([one for one in known if one is not None])


def _readable(der: bytes) -> x509.Certificate | None:
    """Return a root, or nothing of one that is not as RFC 5280 wants it."""
    with warnings.catch_warnings():
        warnings.simplefilter("error", CryptographyDeprecationWarning)
        try:
            return x509.load_der_x509_certificate(der)
        except (ValueError, CryptographyDeprecationWarning):
            return None
