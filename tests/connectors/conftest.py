"""An API at a served echo, for the tests of the HTTP shell."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from connectors.fakes.serving import serve
from tests.connectors.echo import OAUTH, Echo, Shell


@pytest.fixture(scope="module")
def echo() -> Iterator[tuple[Echo, str]]:
    """Serve one echo for all tests of the module."""
    fake = Echo()
    with serve(fake) as url:
        yield fake, url


@pytest.fixture
def shell(echo: tuple[Echo, str]) -> Shell:
    """Lend an API at a fresh echo."""
    echo[0].reset()
    return Shell(*echo)


@pytest.fixture
def oauth(shell: Shell) -> Shell:
    """Lend an API that signs in with OAuth client credentials."""
    shell.auth = OAUTH
    return shell
