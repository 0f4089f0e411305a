"""Make the core's plan out of a register's entries, and keep it as JSON."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import replace
from functools import cache

from pydantic import TypeAdapter
from pydantic_core import to_jsonable_python

from orchestrator.adapters.register.recipient_tables import RecipientTable
from orchestrator.adapters.register.tables import (
    ControllerTable,
    RetentionTable,
    ReviewTable,
)
from orchestrator.adapters.register.values import AccountEntry
from orchestrator.core.plan import (
    Plan,
    PlannedAccount,
    Recipient,
    RetentionRule,
    ReviewRule,
)
from orchestrator.core.words import RegisterVersion


def plan_of(
    slug: str,
    controller: ControllerTable,
    entries: Iterable[AccountEntry],
    recipients: Mapping[str, RecipientTable],
    retention: Iterable[RetentionTable],
    reviews: Iterable[ReviewTable],
) -> Plan:
    """
    Return the controller's plan over *entries*, without a version yet.

    *recipients* are all of the controller's, also such as no entry is about.
    """
    held = [entry for entry in entries if slug in entry.controllers]
    return Plan(
        version=RegisterVersion(""),
        controller=slug,
        legal_name=controller.legal_name,
        country=controller.country,
        time_zone=controller.time_zone,
        dpo_contact=controller.dpo_contact,
        authority=controller.authority,
        accounts=tuple(planned_account(entry, held) for entry in held),
        recipients={
            name: _recipient(name, recipients[name]) for name in sorted(recipients)
        },
        retention=tuple(_rule(table) for table in retention),
        min_verification=dict(controller.min_verification),
        cooling_off=dict(controller.cooling_off),
        reviews=tuple(
            ReviewRule(one.right, one.decided_by.number, frozenset(one.jurisdictions))
            for one in reviews
        ),
        export_kept_for=controller.export_kept_for,
        export_kept_after_collection=controller.export_kept_after_collection,
        gate_margin=controller.gate_margin,
        identifiers_margin=controller.identifiers_margin,
        hold_review_after=controller.hold_review_after,
        interim_before=controller.interim_before,
    )


def plan_to_json(plan: Plan) -> str:
    """Write *plan* for the store; the same plan is always the same text."""
    return json.dumps(
        _adapter().dump_python(plan),
        default=_jsonable,
        ensure_ascii=False,
        separators=(",", ":"),
        sort_keys=True,
    )


def plan_from_json(text: str) -> Plan:
    """Read what `plan_to_json` wrote."""
    return _adapter().validate_json(text)


@cache
def _adapter() -> TypeAdapter[Plan]:
    """Build the validator once, and only where a plan is read or written."""
    return TypeAdapter(Plan)


def _jsonable(value: object) -> object:
    """Sort sets, because their own order changes from run to run."""
    if isinstance(value, frozenset):
        return sorted(value)
    return to_jsonable_python(value)


def planned_account(entry: AccountEntry, held: list[AccountEntry]) -> PlannedAccount:
    """Return the account's part; feeders of another controller are not its concern."""
    spec, waits, present = entry.spec, entry.waits, {other.id for other in held}
    planned = PlannedAccount(
        id=entry.id,
        recipient=entry.recipient,
        connector=entry.connector,
        connector_version=spec.version,
        category=entry.category,
        mode=entry.mode,
        is_sandbox=entry.environment == "sandbox",
        min_evidence=entry.min_evidence,
        installation=entry.installation,
        actions=spec.actions,
        accepts=entry.accepts,
        yields=entry.yields,
        writes=spec.writes,
        cancels=spec.cancels,
        fed_by=tuple(feeder for feeder in entry.fed_by if feeder in present),
        fed_until={x: til for x, til in entry.fed_until.items() if x in present},
        is_identity_root=entry.is_identity_root,
        proof=spec.proof,
        replay=dict(spec.replay),
        people_per_call=dict(spec.people_per_call),
        items_per_call=dict(spec.items_per_call),
        looks_wanted=waits.looks_wanted,
        settle_for=waits.settle_for,
        horizon=waits.horizon,
        retry_base=waits.retry_base,
        retry_cap=waits.retry_cap,
        poll_factor=entry.spec.poll_factor,
        poll_most=waits.check_most,
        read_back=entry.read_back,
        open_most=entry.open_most,
        max_records=entry.max_records,
        ladder=entry.ladder,
    )
    return _with_limits(planned, entry)


def _with_limits(planned: PlannedAccount, entry: AccountEntry) -> PlannedAccount:
    """Return the account with how it keeps less, and keeps people out."""
    return replace(
        planned,
        reduces=entry.spec.reduces,
        restricts=entry.spec.restricts,
        kept_apart=entry.kept_apart,
        suppresses=entry.spec.suppresses,
        suppresses_unless=entry.spec.suppresses_unless,
    )


def _recipient(name: str, table: RecipientTable) -> Recipient:
    """Return what a receipt says of a recipient."""
    why = table.not_told_because
    return Recipient(
        id=name,
        legal_name=table.legal_name,
        role=table.role.value,
        contact=table.contact,
        country=table.country,
        sub_processors=table.sub_processors,
        data_categories=table.data_categories,
        contract=table.contract,
        active_from=table.active_from,
        active_to=table.active_to,
        not_told_because=None if why is None else why.value,
        explanation=table.explanation,
        backups_kept_for=table.backups_kept_for,
        restore_procedure=table.restore_procedure,
    )


def _rule(table: RetentionTable) -> RetentionRule:
    """Return the rule as the core applies it."""
    return RetentionRule(
        id=table.id,
        record_class=table.record_class,
        statute=table.statute,
        years=table.years,
        from_end_of_year=table.from_end_of_year,
        jurisdictions=frozenset(table.jurisdictions),
        fields=frozenset(table.fields),
    )
