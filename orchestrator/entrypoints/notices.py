"""
What a person is told of a refusal, in their language, with reasons and remedies.

The texts are data (`orchestrator/notices`), one file a language and in it a table a
law; each refusal names its ground, and every notice the remedies of the law that the
case is answered by: the complaint and the court of Art 12(4) GDPR, or their kin.
"""

from __future__ import annotations

import tomllib
from importlib.resources import files
from zoneinfo import ZoneInfo

from orchestrator.core.cases import Case
from orchestrator.core.holds import REFUSALS, Ruling, RulingKind
from orchestrator.core.laws import Law, law_of
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
    texts = texts_of(language, law_of(case.jurisdiction))
    names = {
        "authority": case.plan.authority,
        "controller": case.plan.legal_name,
        "contact": case.plan.dpo_contact,
        "received": _day_of_receipt(case),
        "request": case.request_id,
    }
    said = [_refusal(texts, one) for one in refusals]
    after = ["remedies", *["authority"] * bool(case.plan.authority), "closing"]
    opening, *closing = (
        texts[name].strip().format(**names)
        for name in ("opening", *after)
        if name in texts
    )
    return "\n\n".join([opening, *said, *closing])


def texts_of(language: str, law: Law) -> dict[str, str]:
    """Return the texts of a language, with those of *law* in place of the common."""
    folder = files("orchestrator").joinpath("notices")
    text = folder.joinpath(f"refusal.{language}.toml").read_text(encoding="utf-8")
    found = tomllib.loads(text)
    common = {name: one for name, one in found.items() if isinstance(one, str)}
    return common | {name: str(one) for name, one in found[law.value].items()}


def _day_of_receipt(case: Case) -> str:
    """Return the local day that the deadline is counted from."""
    zone = ZoneInfo(case.plan.time_zone)
    return case.received_at.astimezone(zone).date().isoformat()


def _refusal(texts: dict[str, str], ruling: Ruling) -> str:
    """Return what is refused, and why."""
    is_part = ruling.kind is RulingKind.REFUSED_IN_PART
    scope = texts["in_part" if is_part else "whole"]
    classes = ", ".join(sorted(ruling.record_classes))
    reason = texts[f"ground_{ruling.reason}"]
    told = scope.strip().format(classes=classes)
    return f"{told} {reason.strip()} ({ruling.provision})"
