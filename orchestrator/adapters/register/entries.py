"""
Make an account's entry out of its table and its connector.

Everything that only the connector can judge is judged here: options, base URLs,
secrets' names, identifier types.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import cast

from pydantic import BaseModel, ValidationError

from orchestrator.adapters.register.account_tables import (
    AccountTable,
    EscalationTable,
    WaitsTable,
)
from orchestrator.adapters.register.addresses import bases_of, other_addresses
from orchestrator.adapters.register.sentences import (
    listed,
    nearest,
    problems_of,
    unknown_reference,
)
from orchestrator.adapters.register.values import (
    AccountEntry,
    ConnectorFacts,
    Tell,
    Waits,
)
from orchestrator.core.plan import Ladder
from orchestrator.core.words import AccountId
from schemas.connecting import (
    Action,
    ConnectorSpec,
    Evidence,
    IdentifierType,
    Rate,
)


def entry_of(
    name: str,
    table: AccountTable,
    catalog: Mapping[str, ConnectorFacts],
    controllers: frozenset[str],
    tell: Tell,
) -> AccountEntry | None:
    """Return the account with everything decided; None after telling what is wrong."""
    facts = catalog.get(table.connector)
    if facts is None:
        tell(
            "connector",
            unknown_reference("connector", table.connector, "a connector", catalog),
        )
        return None
    options = _options(table, facts, tell)
    spec = _declared(facts.spec, options)
    _check_secrets(table, spec, tell)
    _check_accepts(table, spec, tell)
    if options is None:
        return None
    bases = bases_of(table, spec, options, tell)
    entry = _from_connector(name, table, spec, options, bases)
    return _as_written(entry, table, controllers)


def _declared(spec: ConnectorSpec, options: BaseModel | None) -> ConnectorSpec:
    """Return what the connector declares with these options (a database's tables)."""
    declare = getattr(options, "declared", None)
    return spec if declare is None else cast("ConnectorSpec", declare(spec))


def _as_written(
    entry: AccountEntry, table: AccountTable, controllers: frozenset[str]
) -> AccountEntry:
    """Add what only the register says; *controllers* are all there are."""
    return replace(
        entry,
        controllers=controllers
        if table.controllers is None
        else frozenset(table.controllers),
        allow_http=table.allow_http,
        allow_hosts=frozenset(table.allow_hosts),
        proxy=table.proxy,
        is_identity_root=table.identity_root,
        fed_by=tuple(AccountId(one) for one in table.fed_by),
        read_back=tuple(sorted(set(table.read_back))),
        fed_until={AccountId(one): til for one, til in table.fed_until.items()},
        open_most=table.open_most,
        kept_apart=table.kept_apart,
        max_records=table.max_records,
        min_evidence=Evidence(table.min_evidence) if table.min_evidence else None,
        region=table.region,
        installation=table.installation,
        valid_from=table.valid_from,
        valid_to=table.valid_to,
        owner=table.owner,
        contract=table.contract,
    )


def with_ladder(
    entry: AccountEntry, own: EscalationTable, general: EscalationTable
) -> AccountEntry:
    """Add how the account's silence is escalated: as it says, else as in general."""
    said = general.model_dump(exclude_none=True) | own.model_dump(exclude_none=True)
    return replace(entry, ladder=replace(Ladder(), **said))


def _from_connector(
    name: str,
    table: AccountTable,
    spec: ConnectorSpec,
    options: BaseModel,
    bases: Mapping[str, str],
) -> AccountEntry:
    """Decide what the register may choose and the connector else does."""
    return AccountEntry(
        id=AccountId(name),
        recipient=table.recipient,
        connector=table.connector,
        category=table.category.value,
        controllers=frozenset(),
        environment=table.environment.value,
        mode=table.mode,
        spec=_chosen(table, spec, options),
        declared=spec,
        options=options,
        bases=bases,
        settings={
            key: value for key, value in options if isinstance(value, str) and value
        },
        secrets=dict(table.secrets),
        waits=_waits(table, spec),
        rates=_rates(table, spec),
        concurrency=table.limits.concurrency or spec.concurrency,
        accepts=spec.accepts if table.accepts is None else _types(table.accepts),
        yields=spec.yields | _yielded(options),
    )


def needed_secrets(spec: ConnectorSpec) -> tuple[str, ...]:
    """Return the names of the secrets that the connector's credentials are made of."""
    return spec.secrets


def _check_secrets(table: AccountTable, spec: ConnectorSpec, tell: Tell) -> None:
    """Tell which secrets are missing and which nobody reads."""
    needed = needed_secrets(spec)
    for name in needed:
        if name not in table.secrets and name not in spec.optional_secrets:
            tell(
                f"secrets.{name}",
                f'the key is missing; write {name} = "env:NAME" or "file:/PATH".',
            )
    for name in table.secrets:
        if name not in needed:
            meant = nearest(name, needed)
            advice = (
                f"write {meant}" if meant else f"remove it; it reads {listed(needed)}"
            )
            tell(f"secrets.{name}", f"{spec.name} reads no such secret; {advice}.")


def _check_accepts(table: AccountTable, spec: ConnectorSpec, tell: Tell) -> None:
    """Tell which identifier types the connector cannot search by."""
    for name in table.accepts or ():
        if name not in spec.accepts:
            tell(
                "accepts",
                f'{spec.name} cannot search by "{name}"; '
                f"write some of {listed(sorted(spec.accepts))}.",
            )


def _options(
    table: AccountTable, facts: ConnectorFacts, tell: Tell
) -> BaseModel | None:
    """
    Validate the connector's own options; their values are never repeated.

    A wait that a connector also needs to know (Klaviyo's `settle_for`) has one home
    in the file, under `waits`, and is handed on from there.  An address that only
    the shell needs (a token host) is no option of the connector.
    """
    known = facts.options.model_fields
    waits = {
        name: value
        for name, value in table.waits
        if name in known and value is not None
    }
    addresses = other_addresses(facts.spec) - known.keys()
    options = {
        name: value for name, value in table.options.items() if name not in addresses
    }
    for name in options:
        if name in WaitsTable.model_fields:
            tell(f"options.{name}", f"waits have one place; write waits.{name}.")
    try:
        return facts.options.model_validate({**options, **waits})
    except ValidationError as error:
        for path, sentence in problems_of(error, facts.options, tell_values=False):
            tell(".".join(("options", *path)), sentence)
        return None


def _waits(table: AccountTable, spec: ConnectorSpec) -> Waits:
    """Take each wait from the register, else from the connector."""
    chosen = table.waits
    return Waits(
        settle_for=spec.settle_for if chosen.settle_for is None else chosen.settle_for,
        looks_wanted=chosen.looks_wanted or spec.looks_wanted,
        horizon=chosen.horizon or spec.horizon,
        timeout=chosen.timeout or spec.timeout,
        retry_base=chosen.retry_base,
        retry_cap=max(chosen.retry_base, chosen.retry_cap),
        ping_every=chosen.ping_every,
        check_after=chosen.check_after,
        check_most=chosen.check_most or spec.poll_most,
        lease=chosen.lease,
        linger=chosen.linger,
    )


def _chosen(
    table: AccountTable, spec: ConnectorSpec, options: BaseModel
) -> ConnectorSpec:
    """
    Write the register's choices into the declaration that the shell works by.

    An option `supports` narrows what is asked of the account; it is searched always.
    """
    waits = _waits(table, spec)
    supports = getattr(options, "supports", None)
    return replace(
        spec,
        actions=spec.actions
        if supports is None
        else spec.actions & {Action.LOCATE, *supports},
        rates=_rates(table, spec),
        concurrency=table.limits.concurrency or spec.concurrency,
        horizon=waits.horizon,
        looks_wanted=waits.looks_wanted,
        settle_for=waits.settle_for,
        timeout=waits.timeout,
    )


def _rates(table: AccountTable, spec: ConnectorSpec) -> tuple[Rate, ...]:
    """Take the windows from the register, else from the connector."""
    if table.limits.rates is None:
        return spec.rates
    return tuple(Rate(rate.limit, rate.per) for rate in table.limits.rates)


def _yielded(options: BaseModel) -> frozenset[IdentifierType]:
    """Return the identifier types that the register maps a record's fields to."""
    mapped = getattr(options, "yields", None)
    return _types(mapped.values()) if isinstance(mapped, Mapping) else frozenset()


def _types(names: Iterable[object]) -> frozenset[IdentifierType]:
    """Name identifier types."""
    return frozenset(IdentifierType(str(name)) for name in names)
