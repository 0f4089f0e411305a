"""
What every test can ask for: a real Kafka, a real PostgreSQL, fresh databases.

Each part starts when the first test asks for it and ends with the session.  A
part that cannot start fails the tests that asked: nothing is skipped.
`ERASURE_TEST_KAFKA` (bootstrap servers) and `ERASURE_TEST_DATABASE_URL` (any
database of a server where we may create others) name running ones instead.

Drawn examples are the same in every run, and no machine is too slow for them;
`--hypothesis-profile exploring` draws others.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from tests.support.broker import Broker
from tests.support.postgres import Postgres, create_database, drop_database
from tests.support.site_fixtures import (  # noqa: F401 (fixtures are found by name)
    backend,
    distributed,
    embedded,
    new_site,
    nursery,
)

_SPECS = "ERASURE_VENDOR_SPECS"

settings.register_profile(
    "steady",
    derandomize=True,
    database=None,
    deadline=None,
    print_blob=True,
    suppress_health_check=[HealthCheck.too_slow],
)
settings.register_profile(
    "exploring", settings.get_profile("steady"), derandomize=False
)
settings.load_profile("steady")


@pytest.fixture(scope="session")
def broker() -> Iterator[Broker]:
    """Lend a Kafka broker of our own, which a test may stop, kill or freeze."""
    broker = Broker()
    try:
        broker.start()
        yield broker
    finally:
        broker.remove()


@pytest.fixture(scope="session")
def _kafka_of_session(request: pytest.FixtureRequest) -> str:
    given = os.environ.get("ERASURE_TEST_KAFKA")
    if given:
        return given
    broker: Broker = request.getfixturevalue("broker")
    return broker.bootstrap


@pytest.fixture
def kafka(request: pytest.FixtureRequest, _kafka_of_session: str) -> str:
    """Name the bootstrap servers of a Kafka that runs, whatever a test before did."""
    if not os.environ.get("ERASURE_TEST_KAFKA"):
        broker: Broker = request.getfixturevalue("broker")
        broker.thaw()
        broker.start()
    return _kafka_of_session


@pytest.fixture(scope="session")
def postgres() -> Iterator[Postgres]:
    """Lend a PostgreSQL server of our own, which a test may stop or kill."""
    server = Postgres()
    try:
        server.start()
        yield server
    finally:
        server.remove()


@pytest.fixture
def database_url(request: pytest.FixtureRequest) -> Iterator[str]:
    """Name a fresh, empty PostgreSQL database; afterwards it is dropped."""
    given = os.environ.get("ERASURE_TEST_DATABASE_URL")
    if given:
        url = create_database(given)
        yield url
    else:
        server: Postgres = request.getfixturevalue("postgres")
        server.start()
        url = server.new_database()
        yield url
        server.start()
    # Hundreds of them would fill the disk, and one test reads all their files.
    drop_database(url)


@pytest.fixture
def sqlite_url(tmp_path: Path) -> str:
    """Name a fresh SQLite file, which does not exist yet."""
    return f"sqlite:///{tmp_path / 'erasure.db'}"


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def any_database_url(request: pytest.FixtureRequest) -> str:
    """Name a fresh database, once on SQLite and once on PostgreSQL."""
    kinds = {"sqlite": "sqlite_url", "postgres": "database_url"}
    url: str = request.getfixturevalue(kinds[request.param])
    return url


@pytest.fixture(scope="session")
def vendor_specs() -> Path:
    """Name the folder with the processors' own API descriptions."""
    return Path(os.environ[_SPECS])


def pytest_collection_modifyitems(
    config: pytest.Config, items: list[pytest.Item]
) -> None:
    """Mark tests by the parts they ask for; leave out what needs absent papers."""
    needs = {
        "broker": pytest.mark.kafka,
        "kafka": pytest.mark.kafka,
        "postgres": pytest.mark.postgres,
        "database_url": pytest.mark.postgres,
        "vendor_specs": pytest.mark.vendor_specs,
    }
    for item in items:
        for name in getattr(item, "fixturenames", ()):
            if name in needs:
                item.add_marker(needs[name])
    if os.environ.get(_SPECS):
        return
    left_out = [i for i in items if i.get_closest_marker("vendor_specs")]
    if left_out:
        items[:] = [i for i in items if i not in left_out]
        config.hook.pytest_deselected(items=left_out)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say in one line what was left out, if anything was."""
    left_out = [
        item
        for item in terminalreporter.stats.get("deselected", ())
        if item.get_closest_marker("vendor_specs")
    ]
    if left_out and not os.environ.get(_SPECS):
        terminalreporter.write_line(
            f"{len(left_out)} vendor_specs tests left out: "
            f"{_SPECS} names no folder with the processors' API descriptions."
        )
