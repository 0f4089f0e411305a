"""Which limit the register gives a source, and which mistakes it tells."""

from __future__ import annotations

from pathlib import Path

import pytest

from orchestrator.core.intake.brake import ALL_SOURCES, BrakeLimits
from tests.adapters.register_builders import REGISTER, a_register, sentences_of
from tests.support.publisher import PUBLISHER

SHOP = PUBLISHER.replace("maison-exemple", "maison")


@pytest.mark.parametrize(
    ("text", "source", "limits"),
    [
        pytest.param("", "/p", BrakeLimits(500, 10, 100), id="without a table"),
        pytest.param("", ALL_SOURCES, BrakeLimits(1000, 10, 100), id="all, without"),
        pytest.param(
            "[brake]\ncap_per_hour = 7", "/p", BrakeLimits(7, 10, 100), id="every"
        ),
        pytest.param(
            "[brake]\ncap_per_hour = 7",
            ALL_SOURCES,
            BrakeLimits(14, 10, 100),
            id="all is twice one",
        ),
        pytest.param(
            "[brake]\nall_sources_cap = 9",
            ALL_SOURCES,
            BrakeLimits(9, 10, 100),
            id="all of its own",
        ),
        pytest.param(
            '[brake]\nfactor = 3\n[brake.sources."/p"]\ncap_per_hour = 8',
            "/p",
            BrakeLimits(8, 3, 100),
            id="source before every",
        ),
        pytest.param(
            '[brake.sources."/p"]\ncap_per_hour = 8\nminimum = 2\n'
            "[controllers.maison.brake]\ncap_per_hour = 6",
            "/p",
            BrakeLimits(6, 10, 2),
            id="controller before source",
        ),
        pytest.param(
            "[controllers.maison.brake]\ncap_per_hour = 6\n"
            '[controllers.maison.brake.sources."/p"]\ncap_per_hour = 5',
            "/p",
            BrakeLimits(5, 10, 100),
            id="source of the controller first",
        ),
        pytest.param(
            "[brake]\nshare_per_day = 0.01\n"
            "[controllers.maison.brake]\ncustomer_base = 20000",
            ALL_SOURCES,
            BrakeLimits(1000, 10, 100, 200),
            id="share of the customers",
        ),
        pytest.param(
            "[brake]\ncustomer_base = 10",
            ALL_SOURCES,
            BrakeLimits(1000, 10, 100, 1),
            id="one at least",
        ),
        pytest.param(
            "[brake]\ncustomer_base = 20000",
            "/p",
            BrakeLimits(500, 10, 100),
            id="the share is of all",
        ),
    ],
)
def test_closest_table_decides(
    tmp_path: Path, text: str, source: str, limits: BrakeLimits
) -> None:
    """Key by key, down to the defaults."""
    register = a_register(tmp_path, f"{REGISTER}\n{text}\n")

    assert register.limits_for("maison", source) == limits


@pytest.mark.parametrize(
    ("text", "told"),
    [
        pytest.param("[brake]\ncap = 5", "brake.cap: the key is not known", id="key"),
        pytest.param(
            "[brake]\ncap_per_hour = 0", "brake.cap_per_hour: ", id="no cap at all"
        ),
        pytest.param("[brake]\nfactor = 0.5", "brake.factor: ", id="below the usual"),
        pytest.param(
            "[brake]\nshare_per_day = 20.0", "brake.share_per_day: ", id="in per cent"
        ),
        pytest.param(
            '[controllers.maison.brake]\nminimum = "5"',
            "controllers.maison.brake.minimum: ",
            id="of a controller",
        ),
        pytest.param(
            f'{SHOP}\n[brake.sources."/shpo"]\ncap_per_hour = 5',
            'brake.sources: "/shpo" is not a source of a publisher; write "/shop".',
            id="a source that nobody has",
        ),
    ],
)
def test_limit_that_would_not_hold_is_told(
    tmp_path: Path, text: str, told: str
) -> None:
    """A misspelt limit must not be silently another one."""
    sentences = sentences_of(tmp_path, f"{REGISTER}\n{text}\n")

    assert any(one.startswith(told) for one in sentences), sentences
