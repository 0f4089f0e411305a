"""
Why a request may be refused: a closed list, each ground with its provision.

A refusal is answered like any request, with reasons and remedies (Art 12(4) GDPR); what
the person is told stands in `orchestrator/notices`.  Whether a ground holds is for the
controller to say and to prove; nothing here is legal advice.
"""

from __future__ import annotations

from collections.abc import Collection
from enum import StrEnum

from orchestrator.core.words import COPY_RIGHTS, Right


class Ground(StrEnum):
    """A ground of refusal; an exception of Art 17(3) holds only as far as needed."""

    NO_GROUND = "no_ground"
    """None of the grounds for erasure of Art 17(1) applies."""
    FREE_EXPRESSION = "free_expression"
    LEGAL_OBLIGATION = "legal_obligation"
    PUBLIC_HEALTH = "public_health"
    ARCHIVING_RESEARCH = "archiving_research"
    LEGAL_CLAIMS = "legal_claims"
    OTHERS_RIGHTS = "others_rights"
    """A copy would adversely affect the rights of others."""
    UNFOUNDED = "unfounded"
    """Manifestly unfounded; the controller bears the burden of proof."""
    EXCESSIVE = "excessive"
    """Manifestly excessive, above all because it is repeated."""
    IDENTITY_UNCONFIRMED = "identity_unconfirmed"
    """The reasonable doubts about who asks were not dispelled."""
    NOT_IDENTIFIABLE = "not_identifiable"
    """The controller can show that it cannot tell whose data they are."""


# GDPR; the United Kingdom's has the same numbers.  Never change: receipts print them.
PROVISION_OF: dict[Ground, str] = {
    Ground.NO_GROUND: "GDPR Art 17(1)",
    Ground.FREE_EXPRESSION: "GDPR Art 17(3)(a)",
    Ground.LEGAL_OBLIGATION: "GDPR Art 17(3)(b)",
    Ground.PUBLIC_HEALTH: "GDPR Art 17(3)(c)",
    Ground.ARCHIVING_RESEARCH: "GDPR Art 17(3)(d)",
    Ground.LEGAL_CLAIMS: "GDPR Art 17(3)(e)",
    Ground.OTHERS_RIGHTS: "GDPR Art 15(4), 20(4)",
    Ground.UNFOUNDED: "GDPR Art 12(5)(b)",
    Ground.EXCESSIVE: "GDPR Art 12(5)(b)",
    Ground.IDENTITY_UNCONFIRMED: "GDPR Art 12(6)",
    Ground.NOT_IDENTIFIABLE: "GDPR Art 11(2), 12(2)",
}
_OF_ERASURE = frozenset(
    ground for ground, said in PROVISION_OF.items() if said.startswith("GDPR Art 17")
)


def fits(ground: Ground, rights: Collection[Right], *, in_part: bool) -> bool:
    """
    Tell whether *ground* can refuse every one of *rights*, or some of the records.

    Only an erasure is refused in part, by record class; a ground that Article 17 gives
    refuses no copy.
    """
    if in_part:
        return Right.ERASURE in rights and ground is not Ground.OTHERS_RIGHTS
    if ground in _OF_ERASURE:
        return not COPY_RIGHTS.intersection(rights)
    return ground is not Ground.OTHERS_RIGHTS or Right.ERASURE not in rights
