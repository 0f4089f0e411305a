"""
Time stamps of an authority on the log's checkpoints (RFC 3161): asked for, verified.

A stamp says that these bytes existed at this time, by a clock that is not ours, and it
can be verified for ever, after our own key has gone as well.  What is kept is the
authority's whole response, as `openssl ts -verify` takes it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib import import_module
from types import ModuleType

from orchestrator.adapters.receipts.certificates import Trusted
from orchestrator.errors import OrchestratorError, SetUpError, Unavailable

Post = Callable[[bytes], bytes]
"""Send a query to the authority; raises `Unavailable` if it gives no answer."""


class StampRejected(OrchestratorError):  # noqa: N818 (a verdict, not a fault)
    """A time stamp is not what the authority signed for these bytes."""


@dataclass(frozen=True, slots=True)
class Authority:
    """Asks for stamps over *post*, and takes only what leads to *trusted*."""

    post: Post
    trusted: Trusted

    def stamp(self, note: str) -> bytes:
        """Return the authority's response over *note*; raises `Unavailable`."""
        builder = _library().TimestampRequestBuilder()
        builder = builder.data(note.encode())
        query = builder.hash_algorithm(_library().HashAlgorithm.SHA256).build()
        response = self.post(query.as_bytes())
        try:
            verify_stamp(response, note, self.trusted, nonce=query.nonce)
        except StampRejected as error:
            raise Unavailable(f"The authority's stamp is of no use. {error}") from None
        return response


def check_stamps_can_be_read() -> None:
    """Raise `SetUpError` where the extra that reads stamps is not installed."""
    _library()


def verify_stamp(
    response: bytes, note: str, trusted: Trusted, *, nonce: int | None = None
) -> datetime:
    """Return when *note* existed, as the authority says; raises `StampRejected`."""
    library = _library()
    verifier = library.VerifierBuilder(
        roots=list(trusted.roots), intermediates=list(trusted.between), nonce=nonce
    ).build()
    # 1. The shape: what cannot be read is no stamp.
    try:
        read = library.decode_timestamp_response(response)
    except ValueError:
        raise StampRejected("This is not a time stamp (RFC 3161).") from None
    # 2. Status, chain at the time it says, signature, purpose, nonce, and the bytes.
    try:
        verifier.verify_message(read, note.encode())
    except (library.VerificationError, ValueError) as error:
        raise StampRejected(
            f"The time stamp does not verify ({error}): it is of other bytes, was"
            " changed, or leads to another root than the one given."
        ) from None
    at: datetime = read.tst_info.gen_time
    return at if at.tzinfo else at.replace(tzinfo=UTC)


def _library() -> ModuleType:
    """Return the library, which is an extra: an installation may go without."""
    try:
        return import_module("rfc3161_client")
    except ImportError:
        raise SetUpError(
            "Time stamps need the library rfc3161-client: install"
            " erasure-orchestrator[timestamps]."
        ) from None
