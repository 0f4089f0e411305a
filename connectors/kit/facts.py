"""
The facts of a connector's page, written from what it declares.

Whatever stands here is never written by hand, so that a page cannot disagree with its
module.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import timedelta
from enum import Enum
from types import MappingProxyType
from typing import assert_never

from pydantic.fields import FieldInfo

from connectors.base import Connector, Options
from connectors.kit.option_types import type_text
from schemas.connecting import (
    Action,
    Auth,
    ClientCredentials,
    ConnectorSpec,
    Deed,
    Effect,
    HeaderAuth,
    NoAuth,
    Operation,
    Proof,
    Rate,
    Replay,
)

_DOES: Mapping[Action, str] = MappingProxyType(
    {
        Action.LOCATE: "searches for a person",
        Action.EXPORT: "copies what is held",
        Action.ERASE: "erases",
        Action.NOTIFY: "is told of an erasure",
        Action.RECTIFY: "corrects",
        Action.RESTRICT: "restricts",
        Action.SUPPRESS: "stops collecting",
        Action.LIFT: "lifts a restriction",
    }
)
_GRADE: Mapping[Proof, str] = MappingProxyType(
    {
        Proof.LOOKUP: "**E4**: the records are read back and gone",
        Proof.SIGNED: "**E3**: the processor signs that it is done",
        Proof.STATUS: "**E2**: the processor's job says done",
        Proof.NONE: "**E2** at most: the answer is all there is",
    }
)
_BY_HAND = "**M**: a person attests it"
_CALLED_BACK = "; **E3** where a signed callback says it"
AFTER_LOST: Mapping[Replay, str] = MappingProxyType(
    {
        Replay.LOOK: "look first, repeat only what is still there",
        Replay.REPEAT: "repeat: a second call is harmless",
        Replay.ASK: "a person decides",
    }
)
_UNITS = (("d", 86_400_000), ("h", 3_600_000), ("m", 60_000), ("s", 1_000), ("ms", 1))

_REQUEST = ("operation", "request", "effect", "in the URL", "scopes", "own limits")
_DEED = ("deed", "effect", "own limits")
_OPTION = ("option", "type", "without it")


def facts(connector: type[Connector]) -> str:
    """Return the facts as Markdown: what it does, operations, options, register."""
    spec = connector.spec
    parts = [_table(("fact", "declared"), _declared(spec))]
    requests = [_operation(name, one) for name, one in spec.operations.items()]
    if requests:
        parts.append(f"### Requests that may leave\n\n{_table(_REQUEST, requests)}")
    deeds = [_deed(name, one) for name, one in spec.deeds.items()]
    if deeds:
        parts.append(f"### What it does without HTTP\n\n{_table(_DEED, deeds)}")
    options = _options(connector.options)
    if options:
        parts.append(f"### Options\n\n{_table(_OPTION, options)}")
    parts.append(f"### Register entry\n\n```toml\n{register_entry(connector)}```")
    return "\n\n".join(parts)


def register_entry(connector: type[Connector]) -> str:
    """Return the two tables with which an account begins, in a dry run."""
    spec = connector.spec
    prefix = spec.name.upper().replace("-", "_")
    lines = [
        f"[recipients.{spec.name}]",
        f'legal_name = "{spec.vendor}"',
        'role = "processor"',
        "",
        f"[accounts.{spec.name}]",
        f'recipient = "{spec.name}"',
        f'connector = "{spec.name}"',
        'category = "other"',
        'environment = "sandbox"',
        'mode = "dry_run"',
    ]
    if spec.secrets:
        lines += ["", f"[accounts.{spec.name}.secrets]"]
        lines += [f'{one} = "env:{prefix}_{one.upper()}"' for one in spec.secrets]
    required = [
        f"# {option} = … ({type_text(field.annotation)}; required)"
        for option, field in connector.options.model_fields.items()
        if field.is_required()
    ]
    if required:
        lines += ["", f"[accounts.{spec.name}.options]", *required]
    return "\n".join(lines) + "\n"


def duration(value: timedelta) -> str:
    """Write a duration as the register does: `24h`."""
    left = value // timedelta(milliseconds=1)
    unit, size = next((it for it in _UNITS if left % it[1] == 0 and left), ("s", 1))
    return f"{left // size}{unit}"


def rates(windows: Iterable[Rate]) -> str:
    """Write rate windows: `10 in 1s, 100 in 1m`."""
    return ", ".join(_window(one) for one in windows)


def _window(one: Rate) -> str:
    """Write one window, and what a request takes of a budget."""
    cost = f" at {one.cost} each" if one.cost > 1 else ""
    return f"{one.limit} in {duration(one.per)}{cost}"


def codes(names: Iterable[str]) -> str:
    """List names as code, in order."""
    return ", ".join(f"`{name}`" for name in sorted(names))


def _kept_out(spec: ConnectorSpec) -> Iterator[tuple[str, str]]:
    """Yield whether an erasure leaves an entry that keeps the person out."""
    unless = codes(spec.suppresses_unless)
    if spec.suppresses:
        told = "by an entry on its own list"
        yield "keeps the person out", f"{told}, unless {unless}" if unless else told


def _declared(spec: ConnectorSpec) -> Iterator[tuple[str, str]]:
    yield "vendor", spec.vendor
    yield "source, and the day it was read", spec.source
    yield "does", "; ".join(_DOES[one] for one in Action if one in spec.actions)
    missing = [_DOES[one] for one in Action if one not in spec.actions]
    yield "does not", "; ".join(missing) or "nothing is missing"
    yield "searched by", codes(spec.accepts) or "nothing"
    yield "may teach other accounts", codes(spec.yields) or "nothing"
    yield "record classes", codes(spec.record_classes) or "none"
    if Action.ERASE in spec.actions:
        yield "best evidence of an erasure", _best_grade(spec)
    yield from _kept_out(spec)
    for action, replay in sorted(spec.replay.items()):
        yield f"after a lost answer to `{action}`", AFTER_LOST[replay]
    yield "left out of a dry run", codes(spec.writes & spec.actions) or "nothing"
    yield from _limits(spec)
    yield from _waits(spec)
    yield "credentials", _credentials(spec.auth)
    if spec.secrets:
        yield "secrets", codes(spec.secrets)
    if spec.optional_secrets:
        yield "secrets that may be missing", codes(spec.optional_secrets)
    scopes = {one for op in spec.operations.values() for one in op.scopes}
    if scopes:
        yield "scopes of the credential", codes(scopes)
    if spec.hears:
        yield "callbacks", "heard, once their signature is verified"
    if spec.base_url:
        yield "address", f"`{spec.base_url}`"


def _best_grade(spec: ConnectorSpec) -> str:
    """Say how well an erasure can be proven, whoever speaks last."""
    if spec.proof is Proof.NONE and not spec.operations:
        return _BY_HAND
    beats = spec.hears and spec.proof in {Proof.NONE, Proof.STATUS}
    return _GRADE[spec.proof] + (_CALLED_BACK if beats else "")


def _limits(spec: ConnectorSpec) -> Iterator[tuple[str, str]]:
    yield "limits", rates(spec.rates) or "none"
    for action, count in sorted(spec.people_per_call.items()):
        yield f"people in one call of `{action}`", str(count)
    for action, count in sorted(spec.items_per_call.items()):
        yield f"records in one call of `{action}`", str(count)
    for action, caps in sorted(spec.caps_per_call.items()):
        told = [(caps.max_bytes, "bytes"), (caps.max_url, "characters of URL")]
        most = ", ".join(f"{number} {unit}" for number, unit in told if number)
        yield f"size of one call of `{action}`", most


def _waits(spec: ConnectorSpec) -> Iterator[tuple[str, str]]:
    waits = "none: answered at once" if not spec.horizon else duration(spec.horizon)
    yield "longest wait after accepting", waits
    if spec.proof is Proof.LOOKUP and spec.looks_wanted > 1:
        apart = duration(spec.settle_for)
        yield "looks until it is gone", f"{spec.looks_wanted}, {apart} apart"
    yield "time for an answer", duration(spec.timeout)


def _credentials(auth: Auth) -> str:
    match auth:
        case NoAuth():
            return "none"
        case ClientCredentials():
            pair = f"`{auth.client_id}` and `{auth.client_secret}`"
            return f"{pair}: OAuth 2.0 client credentials"
        case HeaderAuth():
            shown = f"`{auth.secret}` in `{auth.header}: {auth.template}`"
            return f"{shown}, {_credentials(auth.beside)}" if auth.beside else shown
        case _:
            assert_never(auth)


def _deed(name: str, deed: Deed) -> Sequence[str]:
    return (f"`{name}`", _effect(deed.effect), rates(deed.rates or ()))


def _effect(effect: Effect) -> str:
    return "**write**" if effect is Effect.WRITE else "read"


def _operation(name: str, operation: Operation) -> Sequence[str]:
    return (
        f"`{name}`",
        f"`{operation.method} {operation.path}`",
        _effect(operation.effect),
        codes(operation.identifies),
        codes(operation.scopes),
        rates(operation.rates or ()),
    )


def _options(model: type[Options]) -> Sequence[Sequence[str]]:
    """Return an account's options but `yields`, which every connector has."""
    return [
        (f"`{name}`", type_text(field.annotation), _default(field))
        for name, field in model.model_fields.items()
        if name != "yields"
    ]


def _default(field: FieldInfo) -> str:
    if field.is_required():
        return "required"
    value = field.get_default(call_default_factory=True, validated_data={})
    return _value(value)


def _value(value: object) -> str:
    match value:
        case None:
            return "nothing"
        case timedelta():
            return f"`{duration(value)}`"
        case bool():
            return f"`{str(value).lower()}`"
        case Enum():
            return f"`{value.value}`"
        case tuple() | list() | frozenset() | dict() | Mapping():
            return ", ".join(map(_value, sorted(map(str, value)))) or "empty"
        case _:
            return f"`{value}`"


def _table(heads: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Write a Markdown table without its empty columns; a bar would end a cell."""
    whole = list(rows)
    told = [n for n, _ in enumerate(heads) if any(line[n] for line in whole)]
    kept = [[line[n] for n in told] for line in (heads, *whole)]
    lines = [kept[0], ["---"] * len(told), *kept[1:]]
    return "\n".join(
        f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in line)} |"
        for line in lines
    )
