"""
Why a request may be refused: a closed list, and the provision of each law for each.

A ground that a law does not know refuses nothing there.  A refusal is answered like any
request, with the reasons and remedies that the law wants (Art 12(4) GDPR and its kin);
what the person is told stands in `orchestrator/notices`.  Whether a ground holds is for
the controller to say and to prove; nothing here is legal advice.  Which of the numbers
were compared with a text (2026-11), and which are second-hand, docs/law.md says.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from enum import StrEnum

from orchestrator.core.laws import Law
from orchestrator.core.words import COPY_RIGHTS, Right


class Ground(StrEnum):
    """A ground of refusal; an exception of Art 17(3) holds only as far as needed."""

    NO_GROUND = "no_ground"
    """None of the grounds for erasure (Art 17(1) GDPR) applies."""
    FREE_EXPRESSION = "free_expression"
    LEGAL_OBLIGATION = "legal_obligation"
    PUBLIC_HEALTH = "public_health"
    ARCHIVING_RESEARCH = "archiving_research"
    LEGAL_CLAIMS = "legal_claims"
    TRANSACTION = "transaction"
    """Data that complete an order, a warranty or a recall (California)."""
    TECHNICALLY_HARD = "technically_hard"
    """Erasing is technically hard: only storage and security go on (China)."""
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


_GDPR: dict[Ground, str] = {
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
# A consumer needs no ground to ask, so that none can be missing; CPRA's numbers.
_CALIFORNIA: dict[Ground, str] = {
    Ground.FREE_EXPRESSION: "Cal. Civ. Code 1798.105(d)(4)",
    Ground.LEGAL_OBLIGATION: "Cal. Civ. Code 1798.105(d)(8)",
    Ground.ARCHIVING_RESEARCH: "Cal. Civ. Code 1798.105(d)(6)",
    Ground.LEGAL_CLAIMS: "Cal. Civ. Code 1798.145(a)",
    Ground.TRANSACTION: "Cal. Civ. Code 1798.105(d)(1)",
    Ground.OTHERS_RIGHTS: "Cal. Civ. Code 1798.145(k)",
    Ground.UNFOUNDED: "Cal. Civ. Code 1798.145(h)(3)",
    Ground.EXCESSIVE: "Cal. Civ. Code 1798.145(h)(3)",
    Ground.IDENTITY_UNCONFIRMED: "11 CCR 7022(a), 7024(a)",
    Ground.NOT_IDENTIFIABLE: "Cal. Civ. Code 1798.145(j)",
}
_BRAZIL: dict[Ground, str] = {
    Ground.NO_GROUND: "LGPD Art 18 IV, VI",
    Ground.FREE_EXPRESSION: "LGPD Art 4 II",
    Ground.LEGAL_OBLIGATION: "LGPD Art 16 I",
    Ground.ARCHIVING_RESEARCH: "LGPD Art 16 II",
    Ground.LEGAL_CLAIMS: "LGPD Art 7 VI",
    Ground.IDENTITY_UNCONFIRMED: "LGPD Art 18 par. 3",
    Ground.NOT_IDENTIFIABLE: "LGPD Art 12",
}
_CHINA: dict[Ground, str] = {
    Ground.NO_GROUND: "PIPL Art 47(1)",
    Ground.LEGAL_OBLIGATION: "PIPL Art 47(2)",
    Ground.TECHNICALLY_HARD: "PIPL Art 47(2)",
    Ground.IDENTITY_UNCONFIRMED: "PIPL Art 50",
    Ground.NOT_IDENTIFIABLE: "PIPL Art 4",
}
PROVISIONS: Mapping[Law, Mapping[Ground, str]] = {
    Law.EU: _GDPR,
    Law.UNITED_KINGDOM: {ground: f"UK {said}" for ground, said in _GDPR.items()},
    Law.CALIFORNIA: _CALIFORNIA,
    Law.BRAZIL: _BRAZIL,
    Law.CHINA: _CHINA,
}
"""The grounds that each law knows.  Never change a provision: receipts print it."""
_OF_ERASURE = frozenset(
    {
        Ground.NO_GROUND,
        Ground.FREE_EXPRESSION,
        Ground.LEGAL_OBLIGATION,
        Ground.PUBLIC_HEALTH,
        Ground.ARCHIVING_RESEARCH,
        Ground.LEGAL_CLAIMS,
        Ground.TRANSACTION,
        Ground.TECHNICALLY_HARD,
    }
)


def fits(ground: Ground, law: Law, rights: Collection[Right], *, in_part: bool) -> bool:
    """
    Tell whether *ground* can refuse every one of *rights*, or some of the records.

    Only an erasure is refused in part, by record class; what keeps records from being
    erased refuses no copy of them.
    """
    if ground not in PROVISIONS[law]:
        return False
    if in_part:
        return Right.ERASURE in rights and ground is not Ground.OTHERS_RIGHTS
    if ground in _OF_ERASURE:
        return not COPY_RIGHTS.intersection(rights)
    return ground is not Ground.OTHERS_RIGHTS or Right.ERASURE not in rights
