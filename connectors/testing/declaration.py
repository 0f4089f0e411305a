"""What a connector's spec must say to be usable."""

from __future__ import annotations

import string
from collections.abc import Iterator
from datetime import timedelta

from schemas.connecting import Action, ClientCredentials, ConnectorSpec, Rate, Replay

_KNOWN = frozenset({Action.LOCATE, Action.EXPORT, Action.ERASE, Action.NOTIFY})


def problems_of(spec: ConnectorSpec) -> list[str]:
    """Return what is wrong with *spec*, one sentence each."""
    return [
        *_in_names(spec),
        *_in_actions(spec),
        *_in_operations(spec),
        *_in_rates(spec),
    ]


def _in_names(spec: ConnectorSpec) -> Iterator[str]:
    if not all((spec.name, spec.version, spec.vendor, spec.source)):
        yield "The name, version, vendor and source are not all given."
    token = spec.auth.operation if isinstance(spec.auth, ClientCredentials) else None
    if token is not None and token not in spec.operations:
        yield "The token operation is not declared."
    if not spec.record_classes and Action.LOCATE in spec.actions:
        yield "No record class is declared, so no retention rule can apply."
    if not spec.reduces | spec.restricts <= spec.record_classes:
        yield "A record class is reduced or marked that is not declared."


def _in_actions(spec: ConnectorSpec) -> Iterator[str]:
    if Action.LOCATE not in spec.actions and spec.actions != {Action.NOTIFY}:
        yield "Every connector locates, unless it only tells."
    if Action.ERASE in spec.actions and Action.ERASE not in spec.replay:
        yield "The replay of an erasure is not declared."
    if Action.NOTIFY in spec.actions and spec.replay.get(Action.NOTIFY) in {
        None,
        Replay.LOOK,
    }:
        yield "The replay of a notice is not declared, or looks where nothing shows."
    if spec.looks_wanted < 1:
        yield "A look-up proof takes at least one look."
    if set(spec.replay) - spec.actions:
        yield "A replay is declared for an action that is not."
    if not all(isinstance(it, Replay) for it in spec.replay.values()):
        yield "A replay is of no known kind."
    if set(spec.actions) - _KNOWN:
        yield "An action is declared that the workflow does not call yet."


def _in_operations(spec: ConnectorSpec) -> Iterator[str]:
    for name, operation in spec.operations.items():
        if not operation.path.startswith("/"):
            yield f"The path of {name} does not start with a slash."
        if operation.method == "GET" and operation.effect == "write":
            yield f"{name} is a GET that writes."
        wanted = {it for _, it, _, _ in string.Formatter().parse(operation.path) if it}
        if any(not it.isidentifier() for it in wanted):
            yield f"A path value of {name} has no plain name."


def _in_rates(spec: ConnectorSpec) -> Iterator[str]:
    rates: list[Rate] = list(spec.rates)
    for operation in spec.operations.values():
        rates += operation.rates or ()
    if spec.operations and not rates:
        yield "No rate is declared."
    if any(rate.limit < 1 or rate.per <= timedelta(0) for rate in rates):
        yield "A rate allows nothing."
    if any(not 1 <= rate.cost <= rate.limit for rate in rates):
        yield "A request costs nothing, or more than its whole budget."
    if spec.concurrency < 1 or spec.timeout <= timedelta(0):
        yield "The concurrency and the time-out must be positive."
