"""The texts of refusals in every language: whole, translated, and the person's own."""

from __future__ import annotations

import string
import subprocess
import tomllib
from importlib.resources import files
from itertools import combinations
from typing import Any

import pytest

from connectors.registry import connectors
from orchestrator.core.laws import Law
from orchestrator.entrypoints.actions.notices import (
    LANGUAGES,
    language_of,
    texts_of,
    words_of_classes,
)
from schemas.record_classes import RECORD_CLASSES
from tests.support.installation import AnInstallation
from tests.support.people import Human, a_submission

# Words that stand in any English sentence of the texts, and in no other language.
ENGLISH = frozenset({"the", "you", "your", "we", "our", "these", "which", "and", "of"})
# Proper names stay as they are, for a person must find them.
NAMES = ("Data Protection Act", "Information Commissioner")


def tables(language: str) -> dict[str, Any]:
    """Return the file of a language, every text by its place in it."""
    path = files("orchestrator").joinpath("notices", f"refusal.{language}.toml")
    return flat(tomllib.loads(path.read_text(encoding="utf-8")))


def flat(table: dict[str, Any], under: str = "") -> dict[str, Any]:
    """Return the texts of nested tables by dotted name."""
    found: dict[str, Any] = {}
    for name, one in table.items():
        if isinstance(one, dict):
            found |= flat(one, f"{under}{name}.")
        else:
            found[f"{under}{name}"] = one
    return found


def placeholders(text: str) -> list[str]:
    """Return the names that a text leaves open."""
    return sorted(name for _, name, _, _ in string.Formatter().parse(text) if name)


def test_every_file_of_texts_is_a_language() -> None:
    """Nothing is written that nobody can ask for, and nothing promised that is not."""
    folder = files("orchestrator").joinpath("notices")
    written = [one.name.split(".")[1] for one in folder.iterdir()]

    assert sorted(written) == list(LANGUAGES)


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_language_has_the_same_texts_with_the_same_gaps(language: str) -> None:
    """No key is missing or of one language alone, and each gap is filled in all."""
    english, found = tables("en"), tables(language)
    laws = {law.value for law in Law}
    common = {name for name in english if name.partition(".")[0] not in laws}

    assert common == {one for one in found if one.partition(".")[0] not in laws}
    for law in Law:
        theirs, ours = texts_of(language, law), texts_of("en", law)
        assert theirs.keys() == ours.keys()
        for name, text in ours.items():
            assert placeholders(theirs[name]) == placeholders(text), name


@pytest.mark.parametrize(("one", "other"), list(combinations(LANGUAGES, 2)))
def test_no_text_is_left_in_another_language(one: str, other: str) -> None:
    """Sentences differ in any two; a single word may be the same in cousins."""
    first, second = tables(one), tables(other)
    same = {
        name for name in first.keys() & second.keys() if first[name] == second[name]
    }
    words = {name for name in same if name.startswith("classes.")}

    assert same - words <= {"separator"}
    assert not words or "en" not in {one, other}


@pytest.mark.parametrize("language", [one for one in LANGUAGES if one != "en"])
def test_no_sentence_is_half_english(language: str) -> None:
    """But for names of laws and offices no English word is among them."""
    for name, text in tables(language).items():
        for proper in NAMES:
            text = text.replace(proper, "")  # noqa: PLW2901
        words = {word.strip(string.punctuation).lower() for word in text.split()}
        assert not words & ENGLISH, name


def test_chinese_is_written_in_simplified_characters() -> None:
    """Its national set (GB 2312) has no traditional character."""
    for text in tables("zh").values():
        assert text.encode("gb2312")


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_record_class_of_a_connector_has_a_word(language: str) -> None:
    """A person is told of invoices, not of a code."""
    theirs = {name for one in connectors().values() for name in one.spec.record_classes}

    assert theirs | RECORD_CLASSES <= words_of_classes(language).keys()


@pytest.mark.parametrize(
    ("locale", "language"),
    [
        pytest.param("fr-FR", "fr", id="country"),
        pytest.param("de", "de", id="alone"),
        pytest.param("pt-BR", "pt", id="brazil"),
        pytest.param("zh-CN", "zh", id="china"),
        pytest.param("zh-Hans-SG", "zh", id="simplified"),
        pytest.param("zh-Hans-HK", "zh", id="simplified-in-hong-kong"),
        pytest.param("zh-Hant", None, id="traditional"),
        pytest.param("zh-TW", None, id="taiwan"),
        pytest.param("et-EE", None, id="not-written"),
        pytest.param("fra-FR", None, id="another-code"),
    ],
)
def test_language_is_that_of_the_locale(locale: str, language: str | None) -> None:
    """Where no text is written in it, none is chosen in its place."""
    assert language_of(locale) == language


def test_output_without_such_characters_is_told_in_a_sentence(
    installation: AnInstallation,
) -> None:
    """A terminal of another age gets no half of a letter, and no fault of ours."""
    case = installation.a_case(Human(1), "erasure")
    installation("case", "refuse", case, "--ground", "unfounded", "--by", "dpo-1")
    command = installation.command("case", "notice", case, "--language", "zh")

    old, new = (
        subprocess.run(
            command,
            env={**installation.process_env, **env},
            capture_output=True,
            check=False,
        )
        for env in ({"PYTHONIOENCODING": "latin-1"}, {"PYTHONUTF8": "1"})
    )

    assert (old.returncode, old.stdout) == (2, b"")
    assert b"PYTHONUTF8=1" in old.stderr
    assert new.returncode == 0
    assert "收到您的请求" in new.stdout.decode()


@pytest.mark.parametrize(
    ("locale", "options", "word", "is_told"),
    [
        pytest.param("pt-BR", (), "Recebemos", False, id="their-own"),
        pytest.param("zh-CN", (), "收到您的请求", False, id="chinese"),
        pytest.param("et-EE", (), "we received", True, id="fallback"),
        pytest.param("et-EE", ("--language", "it"), "ricevuto", False, id="asked"),
    ],
)
def test_notice_is_in_the_persons_language_unless_asked(
    installation: AnInstallation,
    locale: str,
    options: tuple[str, ...],
    word: str,
    is_told: bool,  # noqa: FBT001 (a column of the table)
) -> None:
    """Their request says which; without a text in it, an English one with a word."""
    installation.publish(a_submission(Human(1), "erasure", locale=locale))
    installation.ingest()
    (listed,) = installation("case", "list", "--json").data
    case = listed["id"]
    installation("case", "refuse", case, "--ground", "unfounded", "--by", "dpo-1")

    told = installation("case", "notice", case, *options)

    assert told.code == 0
    assert word.lower() in told.out.lower()
    assert ("translated" in told.err) is is_told
    assert locale in told.err or not is_told
