"""
The tables of `register.toml` about the brake, and which limit they give a source.

What is closest decides, key by key: a source of the controller, the controller, the
source anywhere, `[brake]`, and then the defaults written here.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Annotated, Any

from pydantic import Field, StrictInt

from orchestrator.adapters.register.kinds import Table, Text
from orchestrator.adapters.register.sentences import listed, nearest
from orchestrator.adapters.register.values import Tell, told
from orchestrator.core.intake.brake import ALL_SOURCES, BrakeLimits

Count = Annotated[StrictInt, Field(ge=1)]


class SourceBrakeTable(Table):
    """`[brake.sources."NAME"]`: how many erasures may come from one source."""

    cap_per_hour: Count = Field(
        default=500,
        description="How many erasures of one source go on in an hour at most.",
        examples=[500],
    )
    factor: Annotated[float, Field(strict=True, ge=1)] = Field(
        default=10.0,
        description=(
            "How many times the usual may come: the median of the same hour of the "
            "day over the last 28 days, once there are 7 of them."
        ),
        examples=[10.0],
    )
    minimum: Count = Field(
        default=100,
        description="So many in an hour are never too many by `factor`.",
        examples=[100],
    )


class BrakeTable(SourceBrakeTable):
    """`[brake]`, or `[controllers.<name>.brake]`: when new erasures are held."""

    all_sources_cap: Count | None = Field(
        default=None,
        description=(
            "How many erasures of all sources together go on in an hour at most; "
            "twice `cap_per_hour` where absent."
        ),
        examples=[1000],
    )
    customer_base: Count | None = Field(
        default=None,
        description="How many customers there are; without it no share is counted.",
        examples=[2000000],
    )
    share_per_day: Annotated[float, Field(strict=True, gt=0, le=1)] = Field(
        default=0.001,
        description=(
            "The share of `customer_base` that may be erased in 24 hours, by all "
            "sources together."
        ),
        examples=[0.001],
    )
    sources: Mapping[Text, SourceBrakeTable] = Field(
        default_factory=dict,
        description="Limits of single sources, by the `ce_source` of their events.",
    )


def limits_of(general: BrakeTable, own: BrakeTable, source: str) -> BrakeLimits:
    """Return the limits of a source of the controller whose table is *own*."""
    if source == ALL_SOURCES:
        return _of_all(general, own)
    tables = [own.sources.get(source), own, general.sources.get(source), general]
    closest = [table for table in tables if table is not None]
    return BrakeLimits(
        per_hour=_first(closest, "cap_per_hour"),
        factor=_first(closest, "factor"),
        minimum=_first(closest, "minimum"),
    )


def check_brakes(
    tables: Mapping[str, BrakeTable], sources: Collection[str], tell: Tell
) -> None:
    """Tell which limits are of a source that no publisher has: they would not hold."""
    for path, table in tables.items():
        for name in table.sources:
            if not sources or name in sources:
                continue
            meant, there = nearest(name, sources), listed(sorted(sources))
            advice = f'write "{meant}"' if meant else f"there are {there}"
            told_of = f"{told(name)} is not a source of a publisher"
            tell(f"{path}.sources", f"{told_of}; {advice}.")


def _of_all(general: BrakeTable, own: BrakeTable) -> BrakeLimits:
    """Return the limits of all sources of a controller together."""
    tables = (own, general)
    base = _first(tables, "customer_base")
    share = _first(tables, "share_per_day")
    return BrakeLimits(
        per_hour=_first(tables, "all_sources_cap")
        or 2 * _first(tables, "cap_per_hour"),
        factor=_first(tables, "factor"),
        minimum=_first(tables, "minimum"),
        per_day=None if base is None else max(1, int(base * share)),
    )


def _first(tables: tuple[Table, ...] | list[SourceBrakeTable], key: str) -> Any:  # noqa: ANN401 (each key has its own type)
    """Return the value of the first table that says something, else the default."""
    for table in tables:
        if key in table.model_fields_set:
            return getattr(table, key)
    return getattr(tables[-1], key)
