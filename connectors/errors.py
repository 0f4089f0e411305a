"""
What can go wrong at the border to a processor, sorted by what the caller must do.

    ProcessorError
    ├── TryLater             nothing happened there; ask again after `after`
    ├── AnswerLost           the request left, its fate is unknown: look, don't repeat
    ├── CredentialsRefused   401 after one refresh: the account pauses
    │   └── AccessRefused    403: known there and not allowed; paused for a person
    ├── NotSetUp             the register does not fit the system; the message says how
    ├── ContractChanged      the answer is not what the vendor documents
    ├── Refused              the processor says no for good (4xx); `code` is ours
    ├── EgressRefused        the request may not leave (dry run, undeclared, not https)
    │   └── AddressRefused   the account's address is inside a network: it pauses
    ├── LeaseLost            another worker owns the account now: nothing was sent
    ├── NotGenuine           a callback not signed by whom it says, or not for us
    └── WrongPerson          an exported row belongs to somebody else

The messages are codes: no URL, no header, no byte of a body, no identifier.
"""

# ruff: noqa: N818 (they say what happened; the tree above says that they are errors)

from __future__ import annotations

from datetime import timedelta


class ProcessorError(Exception):
    """Something at the border to a processor; the message is a code, never a body."""


class TryLater(ProcessorError):
    """Nothing happened at the processor: connect failed, 429, 503, or a failed read."""

    def __init__(self, cause: str, after: timedelta | None = None) -> None:
        super().__init__(cause)
        self.cause = cause
        self.after = after


class AnswerLost(ProcessorError):
    """A write left and no usable answer came back (time-out, reset, 5xx, garbage)."""

    def __init__(self, cause: str) -> None:
        super().__init__(cause)
        self.cause = cause


class CredentialsRefused(ProcessorError):
    """The processor refused our credentials, also after one refresh."""


class AccessRefused(CredentialsRefused):
    """The processor knows us and does not allow what we asked: a scope is missing."""


class NotSetUp(ProcessorError):
    """
    The register's account does not fit what is there: the account pauses.

    The message is a sentence for whoever mends it, in the register's own words; it
    holds neither a secret nor anything of a person.
    """


class ContractChanged(ProcessorError):
    """A read was answered in a shape the vendor does not document."""


class Refused(ProcessorError):
    """The processor refused the request itself; `status` is the HTTP status code."""

    def __init__(self, status: int) -> None:
        super().__init__(f"refused_{status}")
        self.status = status


class EgressRefused(ProcessorError):
    """The request may not leave; the message says which rule forbids it."""


class AddressRefused(EgressRefused):
    """The account's own address is not public and the register does not allow it."""


class LeaseLost(ProcessorError):
    """The account's lease ended before the send: nothing left."""


class NotGenuine(ProcessorError):
    """What came in is not signed by whom it says, or not for us; it pauses nothing."""


class WrongPerson(ProcessorError):
    """An exported row is bound to somebody else: the export stops, a person looks."""
