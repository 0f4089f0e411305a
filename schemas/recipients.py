"""
Who got the person's data, and whether they heard of the request.

A statement names every organisation of the register that may have had the data, also
one without an account and one that has left (Art 15(1)(c) and Art 19 GDPR; CJEU
C-154/21: the person may have the names).
"""

from __future__ import annotations

from datetime import date
from enum import StrEnum
from typing import Annotated, Final

from pydantic import Field, StringConstraints

from schemas.fields import Code, Produced, Slug

# Printed names out of the register: organisations, statutes, an office's address.
Label = Annotated[str, StringConstraints(min_length=1, max_length=200)]


class Heard(StrEnum):
    """Whether a recipient heard of the request."""

    INSTRUCTED = "instructed"
    """A processor was asked to carry it out, or searched and found to hold nothing."""
    TOLD = "told"
    """A controller of its own was sent the notice."""
    OPEN = "open"
    """Not yet; an interim statement has such lines."""
    NOT_TOLD = "not_told"
    """It has not heard of it, and `reasons` say why."""
    NOT_OWED = "not_owed"
    """The request changes nothing that anybody must be told of (a copy)."""


class Basis(StrEnum):
    """How it is known that the recipient had the person's data."""

    FOUND = "found"
    """Records were found there."""
    SEARCHED = "searched"
    """It was searched, and nothing was found."""
    REGISTER = "register"
    """By the register alone: it was a recipient, of whose data is not known."""


class NotToldReason(StrEnum):
    """Why the register has a recipient that is not told; Art 19 knows two grounds."""

    IMPOSSIBLE = "impossible"
    """Art 19 GDPR; `explanation` names why."""
    DISPROPORTIONATE = "disproportionate"
    """Art 19 GDPR, 11 CCR section 7022(b); `explanation` names why, in detail."""
    CEASED_TO_EXIST = "ceased_to_exist"
    """There is nobody left to tell."""
    LEFT_AND_CONFIRMED_DELETION = "left_and_confirmed_deletion"
    """The contract ended, and it confirmed that it kept nothing (Art 28(3)(g))."""
    TOLD_BY_JOINT_CONTROLLER = "told_by_joint_controller"
    """By an arrangement under Art 26 GDPR another controller tells it."""
    TOLD_BY_PROCESSOR = "told_by_processor"
    """A processor passes the erasure on to it (Art 28(4)), or its contract says so."""


EXPLAINED: Final = frozenset({NotToldReason.IMPOSSIBLE, NotToldReason.DISPROPORTIONATE})
"""Reasons that need an explanation."""
NO_ACCOUNT: Final = "no_account"
"""It should be told by an account and has none: nobody told it, without a ground."""


class RecipientHeard(Produced):
    """One organisation that had the data, or may have had it."""

    recipient: Slug = Field(description="Its name in the register.")
    legal_name: Label
    role: Annotated[str, StringConstraints(pattern="^(processor|joint|independent)$")]
    country: Annotated[str, StringConstraints(pattern="^[A-Z]{2}$")] | None = None
    sub_processors: tuple[Label, ...] = ()
    data_categories: tuple[Label, ...] = ()
    contract: Label | None = Field(
        default=None, description="The agreement under Art 28 or Art 26 GDPR."
    )
    active_from: date | None = Field(
        default=None, description="Absent: since ever, as far as is known."
    )
    active_to: date | None = Field(
        default=None, description="Its last day as a recipient; absent: it still is."
    )
    basis: Basis = Field(description="How it is known that it had the data.")
    told: Heard = Field(description="Whether it heard of the request.")
    reasons: tuple[Code, ...] = Field(
        default=(), description="Why it was not told, or not everywhere."
    )
    explanation: Code | None = Field(
        default=None,
        description="Which explanation of the controller's stands behind the reason.",
    )
    accounts: tuple[Slug, ...] = Field(
        default=(), description="The accounts whose lines are about it."
    )
    backups_until: date | None = Field(
        default=None,
        description="By when its backups from before the erasure have expired, as it"
        " has told the controller; absent where that is not known.",
    )
    restore_procedure: Code | None = Field(
        default=None,
        description="By which procedure the erasure is repeated in a restored backup.",
    )
