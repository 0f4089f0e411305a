"""An authority of one's own, and what it and its impostors sign."""

from __future__ import annotations

import datetime as dt
from base64 import b64encode
from dataclasses import dataclass
from functools import cache, cached_property

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

DOMAIN = "opendsr.fake.example"
_DAY = dt.timedelta(days=1)
_CA_USAGE = x509.KeyUsage(
    digital_signature=True,
    content_commitment=False,
    key_encipherment=False,
    data_encipherment=False,
    key_agreement=False,
    key_cert_sign=True,
    crl_sign=True,
    encipher_only=False,
    decipher_only=False,
)


@dataclass(frozen=True)
class Signer:
    """A key, and the certificate that says whose it is (PEM)."""

    key: rsa.RSAPrivateKey
    certificate: bytes

    def signature(self, body: bytes) -> str:
        """Sign the raw *body* as processors do."""
        return b64encode(self.key.sign(body, PKCS1v15(), SHA256())).decode()


class Authority:
    """Vouches for domains; its own certificate is the root of trust."""

    def __init__(self) -> None:
        self._key = _new_key()
        self._name = _named("Fake Authority")
        public = self._key.public_key()
        built = _begun(self._name, self._name, public, 365 * _DAY)
        built = built.add_extension(
            x509.BasicConstraints(ca=True, path_length=None), critical=True
        )
        built = built.add_extension(_CA_USAGE, critical=True)
        built = built.add_extension(
            x509.SubjectKeyIdentifier.from_public_key(public), critical=False
        )
        self._certificate = built.sign(self._key, SHA256())

    @cached_property
    def root_pem(self) -> str:
        """The root certificate."""
        return self._certificate.public_bytes(Encoding.PEM).decode()

    def signer(
        self, domain: str = DOMAIN, *, lasts: dt.timedelta = 30 * _DAY
    ) -> Signer:
        """Issue a certificate; one that *lasts* a negative time has expired."""
        key = _new_key()
        built = _leaf(domain, self._name, key.public_key(), lasts)
        built = built.add_extension(
            x509.AuthorityKeyIdentifier.from_issuer_public_key(self._key.public_key()),
            critical=False,
        )
        signed = built.sign(self._key, SHA256())
        return Signer(key, signed.public_bytes(Encoding.PEM))


def self_signed(domain: str = DOMAIN) -> Signer:
    """Return a key that vouches for itself."""
    key = _new_key()
    built = _leaf(domain, _named(domain), key.public_key(), 30 * _DAY)
    built = built.add_extension(
        x509.AuthorityKeyIdentifier.from_issuer_public_key(key.public_key()),
        critical=False,
    )
    signed = built.sign(key, SHA256())
    return Signer(key, signed.public_bytes(Encoding.PEM))


@cache
def the_authority() -> Authority:
    """Return this process's authority, made once: keys take a while."""
    return Authority()


@cache
def the_signer() -> Signer:
    """Return the processor's own key and certificate."""
    return the_authority().signer()


def _new_key() -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


def _named(name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])


def _begun(
    subject: x509.Name, issuer: x509.Name, key: rsa.RSAPublicKey, lasts: dt.timedelta
) -> x509.CertificateBuilder:
    now = dt.datetime.now(dt.UTC)
    ends = now + lasts
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(min(now, ends) - _DAY)
        .not_valid_after(ends)
    )


def _leaf(
    domain: str, issuer: x509.Name, key: rsa.RSAPublicKey, lasts: dt.timedelta
) -> x509.CertificateBuilder:
    usage = x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH])
    names = x509.SubjectAlternativeName([x509.DNSName(domain)])
    built = _begun(_named(domain), issuer, key, lasts)
    built = built.add_extension(names, critical=False)
    return built.add_extension(usage, critical=False)
