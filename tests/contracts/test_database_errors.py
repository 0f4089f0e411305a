"""What a database's errors mean for the caller, by their cause."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import text

from orchestrator.adapters.sql.database import Database
from orchestrator.core.words import CaseId
from orchestrator.errors import (
    CannotStore,
    Conflict,
    OrchestratorError,
    SetUpError,
    Unavailable,
)
from orchestrator.ports import PutEntry, VaultEntry
from tests.contracts.stored import Stored
from tests.core.builders import T0
from tests.support.postgres import Postgres, wait_until_somebody_waits

CANARY = "canary@example.org"


@pytest.fixture
def postgres_that_runs_again(postgres: Postgres) -> Iterator[Postgres]:
    """Lend the server to a test that stops it."""
    postgres.start()
    yield postgres
    postgres.start()


# --- away -----------------------------------------------------------------------------


def test_stopped_server_is_unavailable_and_comes_back(
    postgres_that_runs_again: Postgres, on_postgres: Stored
) -> None:
    """Reading, writing and a commit under way say so; later the same object works."""
    with pytest.raises(Unavailable, match="does not answer"):
        _lose_the_server(on_postgres, postgres_that_runs_again)
    with pytest.raises(Unavailable):
        on_postgres.store.stored_offsets()
    with pytest.raises(Unavailable):
        on_postgres.load(CaseId("case-1"))
    with pytest.raises(Unavailable):
        on_postgres.database.ping()

    postgres_that_runs_again.start()

    assert on_postgres.store.stored_offsets() == {}
    on_postgres.database.ping()


def test_restart_between_two_steps_goes_unnoticed(
    postgres_that_runs_again: Postgres, on_postgres: Stored
) -> None:
    """A connection that died in the pool is replaced before anybody uses it."""
    on_postgres.database.ping()

    postgres_that_runs_again.restart()

    assert on_postgres.store.stored_offsets() == {}


def _lose_the_server(stored: Stored, server: Postgres) -> None:
    """Let the server die before a transaction commits."""
    with stored.store.transaction() as transaction:
        transaction.lock_offset("topic", 0)
        server.kill()


@pytest.mark.parametrize(
    "cause",
    [
        pytest.param("pg_terminate_backend(pg_backend_pid())", id="session_ended"),
        pytest.param("set_config('statement_timeout', '1', true)", id="cancelled"),
    ],
)
def test_interrupted_statement_is_unavailable(on_postgres: Stored, cause: str) -> None:
    """An operator or a limit ended it: nothing was stored, and it is tried again."""
    with pytest.raises(Unavailable):
        _be_interrupted(on_postgres, cause)

    on_postgres.database.ping()


def _be_interrupted(stored: Stored, cause: str) -> None:
    """Begin what will not end by itself soon."""
    with stored.database.writing() as connection:
        connection.execute(text(f"SELECT {cause}"))
        connection.execute(text("SELECT pg_sleep(60)"))


def test_server_that_is_nowhere_is_unavailable() -> None:
    """A wrong port or a server that has not started yet: it may still come."""
    database = Database("postgresql+psycopg://u:secret@127.0.0.1:9/x")

    with pytest.raises(Unavailable, match="ERASURE_DATABASE_URL") as caught:
        database.ping()

    assert "secret" not in str(caught.value)


def test_locked_file_is_unavailable(
    on_sqlite: Stored, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another process that writes for too long is named as the cause."""
    monkeypatch.setattr("orchestrator.adapters.sql.database.BUSY_TIMEOUT_MS", 20)

    with (
        on_sqlite.again() as other,
        on_sqlite.database.writing(),
        pytest.raises(Unavailable, match="Another process"),
    ):
        other.claims.register([])


# --- wrong ----------------------------------------------------------------------------


def test_database_without_tables_is_a_set_up_error(any_database_url: str) -> None:
    """Whoever forgot to upgrade it is told the command."""
    stored = Stored(any_database_url)

    with pytest.raises(SetUpError, match="erasure db upgrade"):
        stored.store.stored_offsets()

    stored.close()


def test_user_without_rights_is_a_set_up_error(on_postgres: Stored) -> None:
    """Grants are missing: no trying again would help."""
    with on_postgres.database.writing() as connection:
        connection.execute(text("CREATE ROLE nobody_special LOGIN"))
    url = on_postgres.database.url.set(username="nobody_special")
    stranger = Stored(url.render_as_string(hide_password=False))

    with pytest.raises(SetUpError, match="grant"):
        stranger.store.stored_offsets()

    stranger.close()
    with on_postgres.database.writing() as connection:
        connection.execute(text("DROP ROLE nobody_special"))


@pytest.mark.parametrize(
    ("content", "hint"),
    [
        pytest.param(None, "cannot be opened", id="no_such_folder"),
        pytest.param(b"no database" * 99, "not a SQLite database", id="another_file"),
    ],
)
def test_file_that_is_no_database_is_a_set_up_error(
    tmp_path: Path, content: bytes | None, hint: str
) -> None:
    """The path is wrong, and the message says what to look at."""
    path = tmp_path / ("there" if content else "nowhere") / "erasure.db"
    if content:
        path.parent.mkdir()
        path.write_bytes(content)
    database = Database(f"sqlite:///{path}")

    with pytest.raises(SetUpError, match=hint):
        database.ping()

    database.close()


@pytest.mark.parametrize("url", ["nonsense", "mysql://u@h/d", ""])
def test_address_nobody_understands_is_a_set_up_error(url: str) -> None:
    """The message shows addresses that would do."""
    with pytest.raises(SetUpError, match="sqlite:///"):
        Database(url)


# --- refused --------------------------------------------------------------------------

DEFERRED = """
CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS
$$ BEGIN RAISE EXCEPTION USING MESSAGE = NEW.name; END $$;
CREATE CONSTRAINT TRIGGER refuse AFTER INSERT ON vault
DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION refuse()
"""
REFUSING = """
CREATE TRIGGER refuse AFTER INSERT ON vault
BEGIN SELECT RAISE(ABORT, 'no such name here'); END
"""


def test_refused_commit_cannot_be_stored(stored: Stored) -> None:
    """The code is said, the database's words are not, and nothing is stored."""
    with stored.database.writing() as connection:
        ddl = REFUSING if stored.database.is_sqlite else DEFERRED
        connection.exec_driver_sql(ddl)
    entry = VaultEntry("case-1", "identity", CANARY, b"sealed")

    with pytest.raises(CannotStore, match=r"P0001|SQLITE_CONSTRAINT_TRIGGER") as caught:
        stored.write(PutEntry(entry))

    assert CANARY not in str(caught.value)
    assert caught.value.__cause__ is None
    assert caught.value.__suppress_context__
    assert stored.store.entries(["case-1"], "identity") == []


@pytest.mark.parametrize(
    ("code", "meaning"),
    [
        pytest.param("53100", CannotStore, id="disk_full"),
        pytest.param("58030", CannotStore, id="disk_fails"),
        pytest.param("XX001", CannotStore, id="data_corrupted"),
        pytest.param("53200", Unavailable, id="out_of_memory"),
        pytest.param("57P03", Unavailable, id="starting_up"),
        pytest.param("40001", Conflict, id="serialization_failure"),
        pytest.param("40P01", Conflict, id="deadlock"),
        pytest.param("55P03", Unavailable, id="lock_not_available"),
    ],
)
def test_code_of_postgres_says_what_to_do(
    on_postgres: Stored, code: str, meaning: type[OrchestratorError]
) -> None:
    """Whatever language its words are in."""
    how = f"ERRCODE = '{code}', MESSAGE = 'oh 1'"
    block = f"DO $$ BEGIN RAISE EXCEPTION USING {how}; END $$"

    with (
        pytest.raises(meaning) as caught,
        on_postgres.database.writing() as connection,
    ):
        connection.exec_driver_sql(block)

    assert "oh 1" not in str(caught.value)


def test_file_that_may_not_grow_cannot_be_stored(on_sqlite: Stored) -> None:
    """A full disk is said as what it is, and nothing of the step is there."""
    entry = VaultEntry("case-1", "identity", "a", bytes(4_000_000))

    with pytest.raises(CannotStore, match="disk is full"):
        _write_into_a_full_file(on_sqlite, entry)

    assert on_sqlite.store.entries(["case-1"], "identity") == []


def _write_into_a_full_file(stored: Stored, entry: VaultEntry) -> None:
    """Store *entry* where no page is left."""
    with stored.store.transaction() as transaction:
        run = transaction.connection.exec_driver_sql
        pages = run("PRAGMA page_count").scalar_one()
        run(f"PRAGMA max_page_count={pages}")
        transaction.write([PutEntry(entry)], T0)


def test_value_that_fits_no_column_concerns_its_step(on_postgres: Stored) -> None:
    """It is no reason to stop, and the error's text does not quote it."""
    entry = VaultEntry("case-1", "identity", f"{CANARY}\x00", b"sealed")

    with pytest.raises(ValueError, match="does not fit") as caught:
        on_postgres.write(PutEntry(entry))

    assert CANARY not in str(caught.value)
    on_postgres.database.ping()


# --- met ------------------------------------------------------------------------------


def test_row_that_another_process_inserted_first_is_a_conflict(
    database_url: str,
) -> None:
    """Two processes that take one request meet: the later one decides again."""
    database = Database(database_url)
    with database.writing() as connection:
        connection.execute(text("CREATE TABLE one (id TEXT PRIMARY KEY)"))
    insert = text("INSERT INTO one VALUES ('r-1')")
    errors: list[Exception] = []

    def be_later() -> None:
        try:
            with database.writing() as later:
                later.execute(insert)
        except Conflict as error:
            errors.append(error)

    with database.writing() as connection:
        connection.execute(insert)
        other = threading.Thread(target=be_later)
        other.start()
        wait_until_somebody_waits(database.engine)
    other.join()

    assert [type(error) for error in errors] == [Conflict]
    database.close()


def test_rows_of_a_process_that_stands_still_are_set_free(database_url: str) -> None:
    """Whoever is paused within a transaction loses it; the others go on."""
    paused = Database(database_url, longest_standstill=timedelta(milliseconds=500))
    others = Database(database_url)
    lock = text("SELECT id FROM one FOR UPDATE")
    with others.writing() as connection:
        connection.execute(text("CREATE TABLE one (id TEXT PRIMARY KEY)"))
        connection.execute(text("INSERT INTO one VALUES ('r-1')"))

    def stand_still() -> None:
        with paused.writing() as standing:
            standing.execute(lock)
            with others.writing() as connection:
                assert connection.execute(lock).scalar_one() == "r-1"
            standing.execute(lock)

    with pytest.raises(Unavailable):
        stand_still()
    paused.ping()
    for one in (paused, others):
        one.close()
