"""PostgreSQL by TLS and password: what gets in works, what does not is told."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import psycopg
import pytest

from orchestrator.adapters.sql.database import Database
from orchestrator.adapters.sql.schema import check_schema, upgrade
from orchestrator.errors import Unavailable
from tests.connectors.authority import LAPSED, Authority
from tests.support.postgres import Postgres
from tests.support.tls_front import tls_before

PASSWORD = "canary-of-a-database"
USER = "erasure"


# It waits for their end, so that the next one is a new one.
_END_SESSIONS = (
    "SELECT pg_terminate_backend(pid, 60000) FROM pg_stat_activity"
    " WHERE usename = 'erasure'"
)


@dataclass
class Door:
    """An encrypted way to a database, and what one needs to come in by it."""

    name: str
    port: int
    cafile: Path
    passfile: Path

    def url(self, **other: str) -> str:
        """Return the database's address, verified in full unless *other* says so."""
        wanted = {
            "sslmode": "verify-full",
            "sslrootcert": str(self.cafile),
            "passfile": str(self.passfile),
            **other,
        }
        query = "&".join(f"{key}={value}" for key, value in wanted.items() if value)
        return f"postgresql+psycopg://{USER}@localhost:{self.port}/{self.name}?{query}"

    def keep(self, password: str) -> None:
        """Let the passfile hold *password* and nothing else."""
        self.passfile.write_text(f"localhost:*:*:{USER}:{password}\n")
        self.passfile.chmod(0o600)


def _as_owner(postgres: Postgres, *statements: str) -> None:
    """Run *statements* as somebody who may do everything."""
    url = postgres.url().replace("+psycopg", "")
    with psycopg.connect(url, autocommit=True) as connection:
        for statement in statements:
            connection.execute(statement.encode())


def _await_refusal(postgres: Postgres, name: str) -> None:
    """Return once a password is wanted: the server reads its rules when it can."""
    pause = threading.Event()
    for _ in range(1_000):
        try:
            psycopg.connect(
                host="127.0.0.1", port=postgres.port, user=USER, dbname=name
            ).close()
        except psycopg.OperationalError:
            return
        pause.wait(0.05)
    raise AssertionError("The server never wanted a password.")


@pytest.fixture
def door(postgres: Postgres, database_url: str, tmp_path: Path) -> Iterator[Door]:
    """Lend a database whose user needs a password, behind a door with TLS."""
    access = postgres.data / "pg_hba.conf"
    before = access.read_text()
    access.write_text(f"host all {USER} 127.0.0.1/32 scram-sha-256\n{before}")
    name = database_url.rsplit("/", 1)[1]
    _as_owner(
        postgres,
        "SELECT pg_reload_conf()",
        f"DROP ROLE IF EXISTS {USER}",
        f"CREATE ROLE {USER} LOGIN PASSWORD '{PASSWORD}'",
        f'ALTER DATABASE "{name}" OWNER TO {USER}',
    )
    _await_refusal(postgres, name)
    authority = Authority(tmp_path)
    passfile = tmp_path / "passfile"
    with tls_before(postgres.port, authority.certified("localhost")) as port:
        door = Door(name, port, authority.file, passfile)
        door.keep(PASSWORD)
        yield door
    access.write_text(before)
    _as_owner(
        postgres,
        "SELECT pg_reload_conf()",
        f'ALTER DATABASE "{name}" OWNER TO postgres',
    )


@pytest.fixture
def opened() -> Iterator[list[Database]]:
    """Close what a test opens."""
    made: list[Database] = []
    yield made
    for database in made:
        database.close()


def test_verified_connection_carries_the_tables(
    door: Door, opened: list[Database]
) -> None:
    """A password out of a file and a verified certificate are enough for all we do."""
    database = Database(door.url())
    opened.append(database)

    upgrade(database)
    check_schema(database)

    with database.reading() as connection:
        raw = connection.connection.driver_connection
        assert isinstance(raw, psycopg.Connection)
        assert raw.pgconn.ssl_in_use


def test_replaced_password_is_used_without_a_restart(
    door: Door, opened: list[Database], postgres: Postgres
) -> None:
    """The passfile is read for each connection, so that a process goes on."""
    database = Database(door.url())
    opened.append(database)
    database.ping()

    _as_owner(
        postgres,
        f"ALTER ROLE {USER} PASSWORD 'another'",
        _END_SESSIONS,
    )
    with pytest.raises(Unavailable, match="refuses our user or password"):
        database.ping()
    door.keep("another")

    database.ping()


@pytest.mark.parametrize(
    ("other", "sentence"),
    [
        pytest.param(
            {"passfile": "/nowhere"}, "The database wants a password; ", id="none"
        ),
        pytest.param(
            {"sslrootcert": "/nowhere/ca.pem"},
            "The authority's file for the database's certificate is not there; ",
            id="no authority",
        ),
        pytest.param(
            {"sslrootcert": "strangers"},
            "The database's certificate does not hold: ",
            id="unknown authority",
        ),
        pytest.param(
            {"host": "127.0.0.1"},
            "The database's certificate is for another name; ",
            id="another host",
        ),
        pytest.param(
            {"dbname": "nothing"}, "The server has no such database, ", id="no database"
        ),
    ],
)
def test_closed_door_is_one_sentence(
    door: Door,
    opened: list[Database],
    tmp_path: Path,
    other: dict[str, str],
    sentence: str,
) -> None:
    """What keeps us out is told with what to do, and without any value."""
    strangers = Authority(tmp_path, "strangers").file
    known = {"strangers": str(strangers)}
    database = Database(door.url(**{k: known.get(v, v) for k, v in other.items()}))
    opened.append(database)

    with pytest.raises(Unavailable) as caught:
        database.ping()

    assert str(caught.value).startswith(sentence)
    assert "canary" not in str(caught.value)


def test_lapsed_certificate_is_one_sentence(
    door: Door, opened: list[Database], postgres: Postgres, tmp_path: Path
) -> None:
    """A certificate that is over is not believed."""
    authority = Authority(tmp_path, "another authority")
    lapsed = authority.certified("localhost", ends=LAPSED)
    with tls_before(postgres.port, lapsed) as port:
        door.port, door.cafile = port, authority.file
        database = Database(door.url())
        opened.append(database)

        with pytest.raises(Unavailable, match="if that is right, it has expired"):
            database.ping()


def test_server_without_tls_is_one_sentence(
    door: Door, opened: list[Database], postgres: Postgres
) -> None:
    """Nothing is said in clear to a server that was to be verified."""
    door.port = postgres.port
    database = Database(door.url())
    opened.append(database)

    with pytest.raises(Unavailable, match="speaks no TLS there"):
        database.ping()
