"""A publisher is named before its last key ends, unless the next one follows."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from orchestrator.adapters.register.expiring import expiring
from tests.adapters.register_builders import a_register
from tests.adapters.test_register_publishers import ONE, OTHER, a_publisher

TODAY = date(2026, 11, 23)


def _keys(*days: tuple[str, str]) -> str:
    """Write keys with the first and last day of each, where there is one."""
    tables = []
    for key, (first, last) in zip((ONE, OTHER), days, strict=False):
        named = (("valid_from", first), ("valid_to", last))
        said = [f"{name} = {day}" for name, day in named if day]
        tables.append("{ " + ", ".join([f'public_key = "{key}"', *said]) + " }")
    return f"[{', '.join(tables)}]"


@pytest.mark.parametrize(
    ("keys", "said"),
    [
        pytest.param(_keys(("", "")), None, id="no-end"),
        pytest.param(_keys(("", "2026-12-24")), None, id="in-31-days"),
        pytest.param(_keys(("", "2026-12-23")), "after 2026-12-23", id="in-30-days"),
        pytest.param(_keys(("", "2026-11-23")), "after 2026-11-23", id="today"),
        pytest.param(_keys(("", "2026-11-22")), "valid today", id="over"),
        pytest.param(_keys(("2026-11-24", "")), "valid today", id="not-yet"),
        pytest.param(
            _keys(("", "2026-12-01"), ("2026-12-02", "")), None, id="successor"
        ),
        pytest.param(
            _keys(("", "2026-12-01"), ("2026-12-03", "")),
            "after 2026-12-01",
            id="a-day-between",
        ),
        pytest.param(
            _keys(("", "2026-12-01"), ("2026-11-25", "2026-12-20")),
            "after 2026-12-20",
            id="short-successor",
        ),
    ],
)
def test_publisher_without_a_next_key_is_named(
    tmp_path: Path, keys: str, said: str | None
) -> None:
    """Within 30 days of the last day on which any of its keys is valid."""
    register = a_register(tmp_path, a_publisher(keys=keys))

    warnings = [str(one) for one in expiring(register, TODAY)]

    assert len(warnings) == (said is not None)
    assert all(str(said) in one for one in warnings)
    assert all(one.startswith("publishers.portal.keys: ") for one in warnings)
