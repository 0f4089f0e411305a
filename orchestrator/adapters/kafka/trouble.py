"""What a connection that fails means to the person who has to act on it."""

from __future__ import annotations

import ssl
from collections.abc import Iterator
from typing import Final

from kafka import errors

# Numbers of OpenSSL's x509_vfy.h, read 2026-11.
_TOO_EARLY: Final = 9
_EXPIRED: Final = 10
_OTHER_HOST: Final = frozenset({62, 64})  # by name, by address
_UNKNOWN_AUTHORITY: Final = frozenset({2, 18, 19, 20, 21})

_LOGIN: Final = (
    "Kafka at {address} refused our user or password: check"
    " ERASURE_KAFKA_SASL_USERNAME, ERASURE_KAFKA_SASL_PASSWORD and that our user is"
    " known for ERASURE_KAFKA_SASL_MECHANISM."
)
_MECHANISM: Final = (
    "Kafka at {address} does not offer our way to log in: write one that it does in"
    " ERASURE_KAFKA_SASL_MECHANISM."
)
_NO_LOGIN: Final = (
    "Kafka at {address} wants no password there: set"
    " ERASURE_KAFKA_SECURITY_PROTOCOL to SSL or PLAINTEXT, or name its other port."
)
_LAPSED: Final = (
    "The certificate of Kafka at {address} has expired: have its operators renew it;"
    " if it has not, set this machine's clock."
)
_NOT_YET: Final = (
    "The certificate of Kafka at {address} is not valid yet: set this machine's clock,"
    " or have its operators look."
)
_STRANGER: Final = (
    "The certificate of Kafka at {address} is for another name: write the name that is"
    " in it in ERASURE_KAFKA, or have its operators give it one for this name (their"
    " advertised.listeners say which names we are sent to)."
)
_UNTRUSTED: Final = (
    "The certificate of Kafka at {address} is from an authority that we do not know:"
    " write the file with that authority's certificate in ERASURE_KAFKA_SSL_CAFILE."
)
_UNFIT: Final = (
    "The certificate of Kafka at {address} does not hold (OpenSSL's error {code}): have"
    " its operators look."
)
_CERTIFICATE: Final = (
    "Kafka at {address} did not take our certificate: set ERASURE_KAFKA_SSL_CERTFILE"
    " and ERASURE_KAFKA_SSL_KEYFILE to one that it knows."
)
_NO_TLS: Final = (
    "What answers at {address} does not speak TLS as we do: check the port, and that"
    " ERASURE_KAFKA_SECURITY_PROTOCOL is what Kafka expects there."
)
_HUNG_UP: Final = (
    "Kafka at {address} hangs up as soon as we speak: check that"
    " ERASURE_KAFKA_SECURITY_PROTOCOL is what it expects at this port, and whether it"
    " wants a certificate of ours (ERASURE_KAFKA_SSL_CERTFILE)."
)

_GARBLED: Final = (
    "What answers at {address} speaks no Kafka in clear: check the port, and that"
    " ERASURE_KAFKA_SECURITY_PROTOCOL is what Kafka expects there."
)

_REFUSALS: Final = (
    (errors.UnsupportedSaslMechanismError, _MECHANISM),
    (errors.IllegalSaslStateError, _NO_LOGIN),
    (errors.SaslAuthenticationFailedError, _LOGIN),
    (errors.KafkaProtocolError, _GARBLED),
)


class Trouble:
    """Why the connections of one client fail, as far as its brokers tell."""

    def __init__(self) -> None:
        self._sentences: dict[str, str] = {}
        self._hopeless: set[str] = set()

    @property
    def sentence(self) -> str | None:
        """What to do about it; None if nothing is wrong, or nothing is known."""
        return next(iter(dict(self._sentences).values()), None)

    def note(self, address: str, failure: BaseException | None) -> None:
        """Keep how the last connection to *address* ended; None is a good one."""
        self._sentences.pop(address, None)
        self._hopeless.discard(address)
        sentence = None if failure is None else _sentence(failure)
        if sentence is not None:
            code = _code(failure)
            self._sentences[address] = sentence.format(address=address, code=code)
        if sentence not in {None, _NO_TLS, _HUNG_UP}:
            self._hopeless.add(address)

    def is_hopeless(self, addresses: int) -> bool:
        """Tell whether at so many addresses only a person can change something."""
        return len(self._hopeless) >= addresses


def _sentence(failure: BaseException) -> str | None:
    """Return what is meant; None where nobody answers at all."""
    for kind, sentence in _REFUSALS:
        if isinstance(failure, kind):
            return sentence
    for cause in _causes(failure):
        if isinstance(cause, ssl.SSLCertVerificationError):
            return _of_theirs(cause.verify_code)
        if isinstance(cause, ssl.SSLError):
            return _CERTIFICATE if _is_about_ours(cause) else _NO_TLS
    return _HUNG_UP if "disconnected" in str(failure) else None


def _causes(failure: BaseException) -> Iterator[BaseException]:
    """Yield *failure* and what it came from; kafka-python may hide that in `args`."""
    at: BaseException | None = failure
    while at is not None:
        yield at
        inner = at.args[0] if at.args else None
        at = inner if isinstance(inner, BaseException) else at.__cause__


def _of_theirs(code: int) -> str:
    """Tell what is wrong with the broker's certificate."""
    if code in _UNKNOWN_AUTHORITY:
        return _UNTRUSTED
    if code in _OTHER_HOST:
        return _STRANGER
    return {_EXPIRED: _LAPSED, _TOO_EARLY: _NOT_YET}.get(code, _UNFIT)


def _is_about_ours(error: ssl.SSLError) -> bool:
    """Tell whether the broker says by an alert that it minds our certificate."""
    reason = error.reason or ""
    return "ALERT" in reason and ("CERTIFICATE" in reason or "UNKNOWN_CA" in reason)


def _code(failure: BaseException | None) -> int | None:
    """Return OpenSSL's number for what is wrong with a certificate."""
    causes = _causes(failure) if failure else ()
    codes = (getattr(cause, "verify_code", None) for cause in causes)
    return next((code for code in codes if code is not None), None)
