"""
Public holidays by country, from the `holidays` library.

Only holidays of the whole country: a day that is one in a region alone counts as a
working day, so that no deadline is put later than the law does.
"""

from __future__ import annotations

from datetime import date
from functools import lru_cache
from importlib.metadata import version

import holidays

from orchestrator.core.deadlines import Calendar

YEARS_AHEAD = 1  # a period of three months reaches into the next year


@lru_cache(maxsize=256)
def calendar_of(country: str, year: int) -> Calendar:
    """
    Return the holidays of *country* (ISO 3166-1) in *year* and the next.

    A country that the library does not know has no holidays, which is never too late;
    the version says so.
    """
    years = range(year, year + YEARS_AHEAD + 1)
    release = version("holidays")
    if country not in holidays.list_supported_countries(include_aliases=False):
        return Calendar(f"none-{country}")
    days = holidays.country_holidays(country, years=years)
    worked: set[date] = set(getattr(days, "weekend_workdays", ()))
    return Calendar(f"holidays-{release}-{country}", frozenset(days), frozenset(worked))
