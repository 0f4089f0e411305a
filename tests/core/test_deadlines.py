"""The deadlines of five laws, against vectors that were worked out by hand."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestrator.adapters.calendars import calendar_of
from orchestrator.core.deadlines import (
    Calendar,
    calendar_country,
    cautious_due,
    deadline,
    months_later,
    rule_for,
)

ZONES = {
    "DE": "Europe/Berlin",
    "FR": "Europe/Paris",
    "IT": "Europe/Rome",
    "IE": "Europe/Dublin",
    "PT": "Europe/Lisbon",
    "ES": "Europe/Madrid",
    "NL": "Europe/Amsterdam",
    "BE": "Europe/Brussels",
    "AT": "Europe/Vienna",
    "PL": "Europe/Warsaw",
    "GB": "Europe/London",
}


def received_on(day: str, country: str) -> datetime:
    """Return noon of a local day."""
    noon = datetime.fromisoformat(f"{day}T12:00:00")
    return noon.replace(tzinfo=ZoneInfo(ZONES[country]))


def due_day(received: datetime, country: str, *, extended: bool = False) -> str:
    """Return the local day on which a request in *country* is due."""
    calendar = calendar_of(country, received.year)
    found = deadline(received, country, ZONES[country], calendar)
    at = found.extended_at if extended else found.due_at
    assert at is not None
    local = at.astimezone(ZoneInfo(ZONES[country]))
    assert local.strftime("%H:%M:%S") == "23:59:59"
    return local.date().isoformat()


@pytest.mark.parametrize(
    ("day", "countries", "due"),
    [
        ("2026-01-31", "DE FR IT ES NL BE AT IE PT PL", "2026-03-02"),
        ("2026-03-05", "DE FR IT IE", "2026-04-07"),
        ("2026-03-05", "PT", "2026-04-06"),
        ("2026-04-25", "DE FR NL BE AT", "2026-05-26"),
        ("2026-04-25", "IT ES IE PL", "2026-05-25"),
        ("2025-11-25", "DE", "2025-12-29"),
        ("2025-11-25", "FR", "2025-12-26"),
        ("2026-08-31", "DE FR", "2026-09-30"),
        ("2028-01-31", "DE FR", "2028-02-29"),
    ],
)
def test_a_month_ends_where_the_regulation_ends_it(
    day: str, countries: str, due: str
) -> None:
    """The same date next month, moved off holidays and weekends of that country."""
    for country in countries.split():
        assert due_day(received_on(day, country), country) == due, country


@pytest.mark.parametrize(
    ("day", "countries", "due"),
    [
        ("2028-01-31", "DE FR IT ES", "2028-05-02"),
        ("2026-01-31", "DE FR IT ES", "2026-04-30"),
    ],
)
def test_an_extension_is_counted_from_the_receipt(
    day: str, countries: str, due: str
) -> None:
    """Three months after receipt, never two after the first deadline."""
    for country in countries.split():
        found = due_day(received_on(day, country), country, extended=True)
        assert found == due, country


@pytest.mark.parametrize(
    ("country", "day", "aim"),
    [
        pytest.param("DE", "2026-01-31", "2026-04-28", id="eu"),
        pytest.param("DE", "2026-03-05", "2026-06-05", id="eu-same"),
        pytest.param("GB", "2026-01-31", "2026-04-27", id="uk"),
    ],
)
def test_an_extension_is_alarmed_by_the_earlier_reading(
    country: str, day: str, aim: str
) -> None:
    """Whoever chains two months to one from the 31st gets 28 April, not 30."""
    received = received_on(day, country)

    found = deadline(received, country, ZONES[country], calendar_of(country, 2026))

    assert found.extended_target_at is not None
    assert found.extended_at is not None
    assert found.extended_target_at <= found.extended_at
    local = found.extended_target_at.astimezone(ZoneInfo(ZONES[country]))
    assert local.date().isoformat() == aim


@pytest.mark.parametrize(
    ("place", "country"),
    [
        ("DE", "FR"),
        ("CH", "FR"),
        ("US-NY", "FR"),
        ("GB-SCT", "GB"),
        ("US-CA", "US"),
        ("BR", "BR"),
        ("CN", "CN"),
    ],
)
def test_each_law_counts_by_the_holidays_of_its_own_country(
    place: str, country: str
) -> None:
    """A French controller counts Chinese working days for a request under the PIPL."""
    assert calendar_country(place, "FR") == country


@pytest.mark.parametrize("country", ["DE", "FR"])
def test_the_clock_starts_on_the_local_day(country: str) -> None:
    """Half past eleven in UTC is the next day in Berlin and Paris."""
    received = datetime(2026, 3, 31, 23, 30, tzinfo=UTC)
    assert due_day(received, country) == "2026-05-04"


def test_an_english_month_may_be_read_to_end_a_day_earlier() -> None:
    """The alarm stands on the day before the corresponding date."""
    received = received_on("2026-03-03", "GB")
    found = deadline(received, "GB", ZONES["GB"], calendar_of("GB", 2026))
    assert found.rule == "uk-12a.1"
    # Easter Monday is a holiday in England and not in Scotland: it moves nothing.
    assert found.due_at == datetime(2026, 4, 6, 22, 59, 59, tzinfo=UTC)
    assert found.target_at == datetime(2026, 4, 2, 22, 59, 59, tzinfo=UTC)


def test_california_counts_from_the_day_of_receipt() -> None:
    """45 days with the first one counted, 45 more, and ten business days to confirm."""
    received = datetime(2026, 6, 25, 18, 0, tzinfo=UTC)
    found = deadline(received, "US-CA", "America/Los_Angeles", calendar_of("US", 2026))
    zone = ZoneInfo("America/Los_Angeles")
    assert found.due_at.astimezone(zone).date() == date(2026, 8, 8)
    assert found.extended_at is not None
    assert found.extended_at.astimezone(zone).date() == date(2026, 9, 22)
    assert found.confirm_at is not None
    # 3 July 2026 is the observed holiday of a Saturday's Fourth.
    assert found.confirm_at.astimezone(zone).date() == date(2026, 7, 10)


def test_brazil_counts_fifteen_days() -> None:
    """Calendar days from the request."""
    received = datetime(2026, 2, 10, 15, 0, tzinfo=UTC)
    found = deadline(received, "BR", "America/Sao_Paulo", calendar_of("BR", 2026))
    zone = ZoneInfo("America/Sao_Paulo")
    assert found.due_at.astimezone(zone).date() == date(2026, 2, 25)
    assert found.extended_at is None


def test_china_works_on_some_weekends() -> None:
    """A Sunday that is worked in exchange for a holiday is one of the fifteen days."""
    calendar = calendar_of("CN", 2025)
    worked = date(2025, 9, 28)
    assert worked.weekday() == 6
    assert calendar.is_working(worked)
    assert not calendar.is_working(date(2025, 10, 1))
    received = datetime(2025, 9, 19, 4, 0, tzinfo=UTC)
    found = deadline(received, "CN", "Asia/Shanghai", calendar)
    assert found.due_at.astimezone(ZoneInfo("Asia/Shanghai")).date() == date(
        2025, 10, 16
    )


def test_a_place_without_a_rule_is_answered_by_the_unions() -> None:
    """Nobody waits longer because their country is not in the table."""
    assert rule_for("CH") == rule_for("FR")
    assert rule_for("US-NY")[0] == "eu-1182-71.1"
    assert rule_for("CN-HK")[0] == "eu-1182-71.1"
    assert rule_for("CN-SH")[0] == "cn-pipl-15.1"


@pytest.mark.parametrize("zone", ["Etc/GMT+12", "UTC", "Pacific/Kiritimati"])
@pytest.mark.parametrize("place", ["FR", "GB", "US-CA", "BR", "CN"])
def test_what_nobody_took_is_due_no_later_than_a_case_would_be(
    place: str, zone: str
) -> None:
    """Whatever the zone, months' ends and worked weekends of some years."""
    country = calendar_country(place, "FR")
    begin = datetime(2024, 1, 1, 0, 30, tzinfo=UTC)
    for received in (begin + timedelta(hours=11 * n) for n in range(4 * 365 * 2)):
        calendar = calendar_of(country, received.year)

        due_at = deadline(received, place, zone, calendar).target_at

        assert cautious_due(received, place) <= due_at
        assert cautious_due(received, None) <= due_at


def test_a_country_without_a_calendar_has_no_holidays() -> None:
    """The version says that there is none, and no deadline moves but off weekends."""
    calendar = calendar_of("XX", 2026)
    assert calendar.version == "none-XX"
    assert not calendar.holidays


@given(
    st.dates(date(2020, 1, 1), date(2035, 12, 31)),
    st.sampled_from(sorted(ZONES)),
)
def test_a_deadline_is_a_working_day_and_never_before_its_target(
    day: date, country: str
) -> None:
    """Whatever the day: rolled forward only, by less than a fortnight."""
    calendar = Calendar("test", frozenset({date(day.year, 12, 25)}))
    received = received_on(day.isoformat(), country)
    found = deadline(received, country, ZONES[country], calendar)
    zone = ZoneInfo(ZONES[country])
    due = found.due_at.astimezone(zone).date()
    raw = months_later(day, 1)
    assert calendar.is_working(due)
    assert 0 <= (due - raw).days < 14
    assert found.target_at <= found.due_at
