"""The facts of a connector's page."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from enum import StrEnum
from typing import Annotated, Any, ClassVar, Literal

import pytest
from pydantic import BaseModel, Field, SecretStr

from connectors.base import Connector, IdentifierType, Options
from connectors.durations import Duration
from connectors.kit.facts import duration, facts, register_entry
from connectors.kit.option_types import type_text
from examples.connector.acme_mail import AcmeMail
from schemas.connecting import (
    Action,
    CallCaps,
    ClientCredentials,
    ConnectorSpec,
    Deed,
    Effect,
    HeaderAuth,
    NoAuth,
    Operation,
    Proof,
)


def a_connector(**changes: Any) -> type[Connector]:  # noqa: ANN401 (fields)
    """Return the worked example, declaring something else."""

    class Changed(AcmeMail):
        spec: ClassVar[ConnectorSpec] = replace(AcmeMail.spec, **changes)

    return Changed


class _Colour(StrEnum):
    RED = "red"


class _Nested(BaseModel):
    kind: str
    key: int


@pytest.mark.parametrize(
    ("annotation", "text"),
    [
        (str, "text"),
        (bool, "true or false"),
        (SecretStr, "text, hidden"),
        (Duration, "duration"),
        (IdentifierType, "identifier type"),
        (IdentifierType | None, "identifier type"),
        (Literal["id", "key"], '"id" or "key"'),
        (tuple[IdentifierType, ...], "list of identifier type"),
        (frozenset[str], "list of text"),
        (Mapping[str, Literal["a", "b"]], 'table of "a" or "b"'),
        (tuple[_Nested, ...], "list of table of kind, key"),
        (_Colour, '"red"'),
        (Annotated[int, Field(gt=0)], "number"),
    ],
)
def test_type_is_named_as_toml_has_it(annotation: object, text: str) -> None:
    """Who writes the register knows texts, lists and tables, not Python's types."""
    assert type_text(annotation) == text


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (timedelta(milliseconds=250), "250ms"),
        (timedelta(seconds=90), "90s"),
        (timedelta(hours=48), "2d"),
        (timedelta(0), "0s"),
    ],
)
def test_duration_is_spelt_as_in_the_register(value: timedelta, text: str) -> None:
    """The largest unit that divides it, and no fractions."""
    assert duration(value) == text


@pytest.mark.parametrize(
    ("changes", "line"),
    [
        ({"proof": Proof.NONE}, "| best evidence of an erasure | **E2** at most"),
        ({"proof": Proof.STATUS}, "| best evidence of an erasure | **E2**: the proc"),
        ({"auth": NoAuth()}, "| credentials | none |"),
        ({"auth": ClientCredentials()}, "| credentials | `client_id` and `client_s"),
        (
            {"auth": HeaderAuth("a", "X-A", "{secret}", HeaderAuth("b", "X-B"))},
            "`a` in `X-A: {secret}`, `b` in `X-B: Bearer {secret}` |",
        ),
        ({"own_secrets": ("key",)}, "| secrets | `key`, `token` |"),
        ({"optional_secrets": frozenset({"token"})}, "may be missing | `token` |"),
        ({"hears": True}, "| callbacks | heard"),
        ({"looks_wanted": 2, "settle_for": timedelta(days=1)}, "| 2, 1d apart |"),
        ({"caps_per_call": {Action.ERASE: CallCaps(900)}}, "`erase` | 900 bytes |"),
        ({"deeds": {"delete": Deed(Effect.WRITE)}}, "| `delete` | **write** |"),
        ({"vendor": "A|B"}, "| vendor | A\\|B |"),
    ],
)
def test_declaration_stands_in_the_facts(changes: dict[str, Any], line: str) -> None:
    """Each member of the spec that a reader must know is told."""
    assert line in facts(a_connector(**changes))


def test_scopes_of_operations_are_told_once_and_beside_each() -> None:
    """Whoever makes the credential sees the whole list, whoever debugs it the one."""
    one = Operation("GET", "/v3/account", Effect.READ, scopes=frozenset({"me.read"}))

    text = facts(a_connector(operations={"account": one}))

    assert "| scopes of the credential | `me.read` |" in text
    assert "| `account` | `GET /v3/account` | read | `me.read` |" in text


def test_required_option_stands_in_the_register_entry() -> None:
    """An entry that is copied says what is still to be filled in."""

    class Needing(AcmeMail):
        class Own(Options):
            region: Literal["eu", "us"]
            pages: int = 3

        options: ClassVar[type[Options]] = Own

    assert register_entry(Needing).endswith(
        '[accounts.acme-mail.options]\n# region = … ("eu" or "us"; required)\n'
    )
    assert "| `pages` | number | `3` |" in facts(Needing)
