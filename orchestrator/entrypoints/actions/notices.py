"""
What a person is told of a refusal, in their language, with reasons and remedies.

The texts are data (`orchestrator/notices`), one file a language and in it a table a
law; each refusal names its ground, and every notice the remedies of the law that the
case is answered by: the complaint and the court of Art 12(4) GDPR, or their kin.  Which
language is the person's own: the locale of their request says it.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Sequence
from importlib.resources import files
from typing import Any
from zoneinfo import ZoneInfo

from orchestrator.core.cases import Case
from orchestrator.core.holds import REFUSALS, Ruling, RulingKind
from orchestrator.core.laws import Law, law_of
from orchestrator.core.ruling.stopping import ONLY_STORED, is_use_stopped
from orchestrator.errors import NotPossible

LANGUAGES = ("de", "en", "es", "fr", "it", "pt", "zh")
"""In which there are texts; `zh` is written in simplified characters."""
FALLBACK = "en"
# Who reads these reads traditional characters, and is given no simplified ones.
_TRADITIONAL = frozenset({"hant", "hk", "mo", "tw"})


def language_of(locale: str) -> str | None:
    """Return the language of the texts for a BCP 47 *locale*; None without one."""
    language, *subtags = locale.lower().split("-")
    is_traditional = "hans" not in subtags and _TRADITIONAL.intersection(subtags)
    if language == "zh" and is_traditional:
        return None
    return language if language in LANGUAGES else None


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
    words = words_of_classes(language)
    said = [_refusal(texts, words, one) for one in refusals]
    after = [*_of_use(case, refusals), "remedies"]
    after += [*["authority"] * bool(case.plan.authority), "closing"]
    opening, *closing = (
        texts[name].strip().format(**names)
        for name in ("opening", *after)
        if name in texts
    )
    return "\n\n".join([opening, *said, *closing])


def texts_of(language: str, law: Law) -> dict[str, str]:
    """Return the texts of a language, with those of *law* in place of the common."""
    found = _tables(language)
    common = {name: one for name, one in found.items() if isinstance(one, str)}
    return common | {name: str(one) for name, one in found[law.value].items()}


def words_of_classes(language: str) -> dict[str, str]:
    """Return what a person calls each record class of the connectors here."""
    return {name: str(one) for name, one in _tables(language)["classes"].items()}


def _tables(language: str) -> dict[str, Any]:
    """Return the file of a language."""
    folder = files("orchestrator").joinpath("notices")
    text = folder.joinpath(f"refusal.{language}.toml").read_text(encoding="utf-8")
    return tomllib.loads(text)


def _of_use(case: Case, refusals: Sequence[Ruling]) -> Iterator[str]:
    """Yield the text of what is still done with the data, where a law stops use."""
    provision = ONLY_STORED.get(law_of(case.jurisdiction))
    if any(one.provision == provision for one in refusals):
        yield "use_stopped" if is_use_stopped(case) else "use_goes_on"


def _day_of_receipt(case: Case) -> str:
    """Return the local day that the deadline is counted from."""
    zone = ZoneInfo(case.plan.time_zone)
    return case.received_at.astimezone(zone).date().isoformat()


def _refusal(texts: dict[str, str], words: dict[str, str], ruling: Ruling) -> str:
    """Return what is refused, and why; a class of the register's own is its code."""
    is_part = ruling.kind is RulingKind.REFUSED_IN_PART
    scope = texts["in_part" if is_part else "whole"]
    named = (words.get(one, one) for one in sorted(ruling.record_classes))
    classes = texts["separator"].join(named)
    reason = texts[f"ground_{ruling.reason}"]
    told = scope.strip().format(classes=classes)
    return f"{told} {reason.strip()} ({ruling.provision})"
