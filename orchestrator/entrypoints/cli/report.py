"""`erasure report`: how many requests came, how they were answered, how fast."""

from __future__ import annotations

from datetime import date, datetime
from typing import TYPE_CHECKING, Annotated

import typer

from orchestrator.entrypoints.cli.opening import open_parts
from orchestrator.entrypoints.cli.options import Json
from orchestrator.entrypoints.cli.showing import print_json
from orchestrator.errors import SetUpError

# ruff: noqa: PLC0415 (reads should answer at once)

if TYPE_CHECKING:
    from orchestrator.adapters.cases.statistics import Period

_A_DAY = "%Y-%m-%d"


Since = Annotated[
    datetime | None,
    typer.Option(
        "--from", metavar="DAY", formats=[_A_DAY], help="Received on or after."
    ),
]
Until = Annotated[
    datetime | None,
    typer.Option(
        "--to", metavar="DAY", formats=[_A_DAY], help="Received on or before."
    ),
]
Year = Annotated[
    int | None,
    typer.Option(
        "--year", metavar="YEAR", min=2018, max=2999, help="Received in that year."
    ),
]
OfController = Annotated[
    str | None,
    typer.Option("--controller", metavar="NAME", help="Of this controller only."),
]
AtLeast = Annotated[
    int,
    typer.Option(
        "--at-least",
        metavar="N",
        min=1,
        help="Withhold counts below N, for what is published.",
    ),
]
Everybody = Annotated[
    bool,
    typer.Option(
        "--everybody",
        help="Count everybody in California's table, not only its consumers.",
    ),
]
AsCsv = Annotated[
    bool, typer.Option("--csv", help="Print CSV: one line a row of each table.")
]


def report(  # noqa: PLR0913 (each is an option of its own)
    since: Since = None,
    until: Until = None,
    year: Year = None,
    controller: OfController = None,
    at_least: AtLeast = 1,
    *,
    everybody: Everybody = False,
    as_json: Json = False,
    as_csv: AsCsv = False,
) -> None:
    """
    Count requests by right, place and account, with the days they took.

    Counted are requests received in the period (this year, unless told), whenever
    they were answered. Days are calendar days in the controller's time zone.
    """
    from orchestrator.entrypoints.printing.reporting import reported
    from orchestrator.entrypoints.printing.tabling import print_csv, print_report

    if as_json and as_csv:
        raise SetUpError("A report is printed once; give --json or --csv, not both.")
    with open_parts() as parts:
        now = parts.clock.now()
        period = _period(since, until, year or now.year, controller, bool(year))
        if controller and controller not in parts.register.controllers:
            raise SetUpError(
                f"The register has no controller {controller}; it has"
                f" {', '.join(sorted(parts.register.controllers))}."
            )
        found = reported(parts, period, now, at_least, everybody=everybody)
    if as_json:
        print_json(found)
    elif as_csv:
        print_csv(found)
    else:
        print_report(found)


def _period(
    since: datetime | None,
    until: datetime | None,
    year: int,
    controller: str | None,
    is_named: bool,  # noqa: FBT001 (whether --year was given)
) -> Period:
    """Return the period that was asked for; raises `SetUpError` for two."""
    from orchestrator.adapters.cases.statistics import Period

    if is_named and (since or until):
        raise SetUpError("Give a year or days, not both.")
    first = since.date() if since else date(year, 1, 1)
    last = until.date() if until else date(first.year, 12, 31)
    if last < first:
        raise SetUpError("The period ends before it begins; exchange --from and --to.")
    return Period(first, last, controller)
