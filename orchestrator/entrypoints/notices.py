"""
What a person is told of a refusal, in their language, with reasons and remedies.

The texts are data (`orchestrator/notices`), one file a language; each refusal names its
ground, and every notice the complaint and the court remedy of Art 12(4) GDPR.
"""

from __future__ import annotations

import tomllib
from importlib.resources import files

from orchestrator.core.cases import Case
from orchestrator.core.holds import REFUSALS, Ruling, RulingKind
from orchestrator.errors import NotPossible

LANGUAGES = ("de", "en", "fr")


def refusal_notice(case: Case, language: str) -> str:
    """
    Return the text for the person of every refusal of *case*.

    Raises `NotPossible` for a case of which nothing was refused.
    """
    refusals = [one for one in case.rulings if one.kind in REFUSALS]
    if not refusals:
        raise NotPossible("Nothing of this case is refused; there is no such notice.")
    texts = _texts(language)
    names = {
        "controller": case.plan.legal_name,
        "contact": case.plan.dpo_contact,
        "received": case.received_at.date().isoformat(),
        "request": case.request_id,
    }
    said = [_refusal(texts, one) for one in refusals]
    parts = [texts["opening"], *said, texts["remedies"], texts["closing"]]
    return "\n\n".join(part.strip().format(**names) for part in parts)


def _refusal(texts: dict[str, str], ruling: Ruling) -> str:
    """Return what is refused, and why; braces in it stay for the names."""
    is_part = ruling.kind is RulingKind.REFUSED_IN_PART
    scope = texts["in_part" if is_part else "whole"]
    classes = ", ".join(sorted(ruling.record_classes))
    reason = texts[f"ground_{ruling.reason}"]
    whole = f"{scope.strip()} {reason.strip()} ({ruling.provision})"
    return whole.replace("{classes}", classes)


def _texts(language: str) -> dict[str, str]:
    """Read the texts of a language."""
    folder = files("orchestrator").joinpath("notices")
    text = folder.joinpath(f"refusal.{language}.toml").read_text(encoding="utf-8")
    return {name: str(value) for name, value in tomllib.loads(text).items()}
