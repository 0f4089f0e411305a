"""Read the settings from the environment, and say in sentences what is wrong."""

from __future__ import annotations

import difflib
import os
import re
from collections.abc import Iterable, Iterator, Mapping

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from orchestrator.errors import SetUpError
from orchestrator.settings.process import PREFIX, Settings, variable_of

# The tests' own variables; a process that sees them is not misconfigured.
_NOT_OURS = ("ERASURE_TEST_", "ERASURE_VENDOR_SPECS")


def load_settings() -> Settings:
    """
    Read the environment.

    Raises `SetUpError` with one sentence a line about everything that is wrong;
    secrets' values appear in none.
    """
    problems = list(_unknown_variables(os.environ))
    try:
        settings = Settings()
    except ValidationError as error:
        problems += [_sentence(detail) for detail in error.errors(include_url=False)]
        settings = None
    if settings is None or problems:
        raise SetUpError("\n".join(problems))
    return settings


def _unknown_variables(environ: Mapping[str, str]) -> Iterator[str]:
    """Tell which variables nobody reads: a misspelt one changes nothing, silently."""
    known = [variable_of(field) for field in Settings.model_fields]
    for name in sorted(environ):
        given = name.upper()
        is_ours = given.startswith(PREFIX) and not given.startswith(_NOT_OURS)
        if is_ours and given not in known:
            yield f"{name}: no such setting; {_instead(given, known)}."


def _instead(name: str, known: Iterable[str]) -> str:
    """Say which setting was probably meant."""
    close = difflib.get_close_matches(name, list(known), n=1)
    return f"write {close[0]}" if close else "`erasure config show` lists them"


def _sentence(detail: ErrorDetails) -> str:
    """Say what is wrong with one variable, without its value where it is a secret."""
    if not detail["loc"]:
        return str(detail.get("ctx", {}).get("error", detail["msg"]))
    name = str(detail["loc"][0])
    fields = Settings.model_fields
    field = next((it for it in fields if name in (it, variable_of(it))), None)
    if field is None:
        return f"{name}: no such setting; `erasure config show` lists them."
    variable = variable_of(field)
    wrong = detail.get("ctx", {}).get("error")
    if _is_secret(field) and isinstance(wrong, ValueError):
        return f"{variable}: {wrong}"
    example = (Settings.model_fields[field].examples or [""])[0]
    return f"{variable}: {_problem(detail)}; write {variable}={example}."


def _problem(detail: ErrorDetails) -> str:
    """Say in half a sentence what is wrong with a value that is no secret."""
    words = re.findall(r"'([^']*)'", detail.get("ctx", {}).get("expected", ""))
    if words:
        return f'"{detail["input"]}" is not one of {", ".join(words)}'
    wrong = detail.get("ctx", {}).get("error")
    if isinstance(wrong, ValueError):
        return f'"{detail["input"]}" {wrong}'
    return f'"{detail["input"]}" does not fit'


def _is_secret(field: str) -> bool:
    """Tell whether a setting's value is hidden."""
    return "SecretStr" in str(Settings.model_fields[field].annotation)
