"""Fixtures: installations on SQLite alone, and on PostgreSQL with Kafka."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from pathlib import Path

import pytest

from connectors.fakes.frame import FakeProcessor
from tests.support.nursery import Nursery
from tests.support.site import Backend, Site
from tests.support.site_register import RegisterText

NewSite = Callable[..., Site]


@pytest.fixture(scope="session")
def nursery() -> Iterator[Nursery]:
    """Lend what starts processes in no time."""
    nursery = Nursery()
    yield nursery
    nursery.close()


@pytest.fixture
def embedded(sqlite_url: str) -> Backend:
    """Name a fresh SQLite file that holds everything."""
    return Backend(sqlite_url)


@pytest.fixture
def distributed(database_url: str, kafka: str) -> Backend:
    """Name a fresh PostgreSQL database, and a Kafka."""
    return Backend(database_url, kafka)


@pytest.fixture(
    params=[
        "embedded",
        pytest.param("distributed", marks=[pytest.mark.postgres, pytest.mark.kafka]),
    ]
)
def backend(request: pytest.FixtureRequest) -> Backend:
    """Name both kinds of installation, one after the other."""
    found: Backend = request.getfixturevalue(request.param)
    return found


@pytest.fixture
def new_site(tmp_path: Path, nursery: Nursery) -> Iterator[NewSite]:
    """Build installations that end with the test."""
    with ExitStack() as stack:

        def build(
            backend: Backend,
            register: RegisterText | None = None,
            fakes: Mapping[str, FakeProcessor] | None = None,
        ) -> Site:
            site = Site(tmp_path, backend, nursery, register, fakes)
            stack.callback(site.close)
            return site

        yield build
