"""What the connector makes of a database that fails, refuses, hangs or is cut off."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from threading import Thread

import pytest
import sqlalchemy as sa

from connectors.base import Absent, NeedsHuman, Present
from connectors.errors import (
    AccessRefused,
    AnswerLost,
    ContractChanged,
    CredentialsRefused,
    EgressRefused,
    NotSetUp,
    ProcessorError,
    TryLater,
)
from connectors.sql import SqlOptions
from connectors.testing import CANARY, Bench, MappingSecrets
from schemas.connecting import Effect, Mode
from tests.connectors.databases import (
    PSEUDONYM_KEY,
    ShopDatabase,
    bench_at,
    identifiers_of,
    options,
)
from tests.support.postgres import Postgres

OF_CANARY = identifiers_of(CANARY)


def _reached_by(bench: Bench, dsn: str) -> Bench:
    """Let *bench* reach its database in another way."""
    secrets = MappingSecrets({"dsn": dsn, "pseudonym_key": PSEUDONYM_KEY})
    return replace(bench, secrets=secrets)


def _dsn(shop: ShopDatabase) -> sa.URL:
    return shop.engine.url


def _is_silent(bench: Bench) -> bool:
    """Tell whether no error let a value, a statement or the address out."""
    told = "\n".join(bench.let_out)
    values = (*CANARY.values(), "SELECT", "DELETE", "s3cret", "127.0.0.1", ".db")
    return not any(value in told for value in values)


@pytest.mark.parametrize(
    ("dsn", "error"),
    [
        pytest.param("postgresql://u:s3cret@127.0.0.1:1/x", TryLater, id="no server"),
        pytest.param("mysql://u:s3cret@h/x", NotSetUp, id="another kind"),
        pytest.param("not a url s3cret", NotSetUp, id="no URL"),
        pytest.param("", NotSetUp, id="empty"),
        pytest.param("postgresql://u:s3cret@h:port/x", NotSetUp, id="no port"),
        pytest.param("sqlite:////nowhere/s3cret.db", NotSetUp, id="no file"),
        pytest.param("sqlite://", NotSetUp, id="in memory"),
    ],
)
def test_database_that_is_not_there_is_told_without_its_address(
    dsn: str, error: type[ProcessorError], in_file: ShopDatabase
) -> None:
    """Each way of not being there has its error, and none repeats the secret."""
    bench = _reached_by(bench_at(in_file), dsn)

    with pytest.raises(error):
        bench.run(lambda it: it.ping())

    assert _is_silent(bench)
    assert not Path("/nowhere").exists()


def test_server_that_refuses_the_login_refuses_the_credentials(
    on_postgres: ShopDatabase,
) -> None:
    """A user nobody knows is the account's trouble, not the person's."""
    dsn = _dsn(on_postgres).set(username="nobody-here").render_as_string()
    bench = _reached_by(bench_at(on_postgres), dsn)

    with pytest.raises(CredentialsRefused):
        bench.locate(OF_CANARY)

    assert _is_silent(bench)


def test_unencrypted_connection_is_refused_unless_the_register_allows_it(
    on_postgres: ShopDatabase,
) -> None:
    """Identifiers and rows travel on it: plain needs the register's word."""
    bench = replace(bench_at(on_postgres), allow_http=False)

    with pytest.raises(NotSetUp, match="sslmode=verify-full"):
        bench.run(lambda it: it.ping())


def test_user_who_may_only_read_pauses_the_account(on_postgres: ShopDatabase) -> None:
    """A missing right is told as such: found and copied, and nothing erased."""
    on_postgres.run(
        "DROP ROLE IF EXISTS reader",
        "CREATE ROLE reader LOGIN",
        "GRANT SELECT ON ALL TABLES IN SCHEMA public TO reader",
    )
    dsn = _dsn(on_postgres).set(username="reader").render_as_string()
    bench = _reached_by(bench_at(on_postgres), dsn)
    work = bench.find(OF_CANARY)

    with pytest.raises(AccessRefused):
        bench.erase(work)

    assert CANARY.email in on_postgres.text()
    on_postgres.run("DROP OWNED BY reader", "DROP ROLE reader")


def test_database_that_hides_its_cluster_is_known_by_its_name(
    on_postgres: ShopDatabase,
) -> None:
    """Some hosts let nobody ask for the cluster's identifier: the name must do."""
    on_postgres.run("REVOKE EXECUTE ON FUNCTION pg_control_system() FROM PUBLIC")
    on_postgres.run("DROP ROLE IF EXISTS guest", "CREATE ROLE guest LOGIN")
    dsn = _dsn(on_postgres).set(username="guest").render_as_string()
    on_postgres.run("GRANT SELECT ON ALL TABLES IN SCHEMA public TO guest")
    bench = _reached_by(bench_at(on_postgres), dsn)

    named = bench.run(lambda it: it.ping()).name

    assert named == _dsn(on_postgres).database
    on_postgres.run("DROP OWNED BY guest", "DROP ROLE guest")


def test_file_that_may_only_be_read_pauses_the_account(in_file: ShopDatabase) -> None:
    """SQLite says it only at the write; nothing is changed."""
    bench = bench_at(in_file)
    work = bench.find(OF_CANARY)
    in_file.run("PRAGMA journal_mode = DELETE")
    dsn = f"file:{_dsn(in_file).database}?mode=ro"

    assert work.items
    with pytest.raises(NotSetUp):
        _reached_by(bench, f"sqlite:///{dsn}").erase(work)


def test_dry_run_reads_and_never_writes(shop: ShopDatabase) -> None:
    """The shell refuses the change before the database is asked for anything."""
    bench = bench_at(shop)
    bench.mode = Mode.DRY_RUN
    work = bench.find(OF_CANARY)
    before = shop.text()

    with pytest.raises(EgressRefused, match="dry_run"):
        bench.erase(work)

    assert shop.text() == before
    assert set(bench.gate.sends) == {Effect.READ}


def test_reading_transaction_cannot_write(shop: ShopDatabase) -> None:
    """Even a trigger behind a read could change nothing: the database forbids it."""
    bench = bench_at(shop)

    async def write_in_a_read(connector: object) -> None:
        session = connector._session  # type: ignore[attr-defined]  # noqa: SLF001
        await asyncio.to_thread(
            session.read, lambda it: it.execute(sa.text("DELETE FROM customers"))
        )

    with pytest.raises((AccessRefused, ContractChanged)):
        bench.run(write_in_a_read)

    assert CANARY.email in shop.text()


def test_locked_rows_are_tried_again_later(shop: ShopDatabase) -> None:
    """Somebody else's lock outlasts the time-out: nothing was changed, ask later."""
    bench = bench_at(shop)
    work = bench.find(OF_CANARY)
    bench.options = SqlOptions.model_validate({**options(), "timeout": "200ms"})

    with shop.engine.connect() as other:
        if shop.engine.dialect.name == "sqlite":
            other.exec_driver_sql("BEGIN IMMEDIATE")
        other.exec_driver_sql("UPDATE customers SET name = 'x'")

        with pytest.raises(TryLater, match="busy"):
            bench.erase(work)

    assert CANARY.email in shop.text()


def test_server_that_dies_before_the_commit_changed_nothing(
    on_postgres: ShopDatabase,
) -> None:
    """A connection that ends in mid-transaction is tried again: it was rolled back."""
    bench = bench_at(on_postgres)
    work = bench.find(OF_CANARY)
    on_postgres.run(
        "CREATE FUNCTION die() RETURNS trigger LANGUAGE plpgsql AS"
        " 'BEGIN PERFORM pg_terminate_backend(pg_backend_pid()); RETURN OLD; END'",
        "CREATE TRIGGER dying BEFORE DELETE ON orders FOR EACH ROW"
        " EXECUTE FUNCTION die()",
    )

    with pytest.raises(TryLater):
        bench.erase(work)

    assert CANARY.email in on_postgres.text()


def test_server_that_dies_at_the_commit_leaves_the_answer_lost(
    on_postgres: ShopDatabase,
) -> None:
    """Nobody knows whether it was: a look says that nothing was changed."""
    bench = bench_at(on_postgres)
    work = bench.find(OF_CANARY)
    on_postgres.run(
        "CREATE FUNCTION die() RETURNS trigger LANGUAGE plpgsql AS"
        " 'BEGIN PERFORM pg_terminate_backend(pg_backend_pid()); RETURN NULL; END'",
        "CREATE CONSTRAINT TRIGGER dying AFTER DELETE ON orders"
        " DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION die()",
    )

    with pytest.raises(AnswerLost):
        bench.erase(work)

    look = bench.read_back(work)
    assert isinstance(look, Present)
    assert len(look.items) == len(work.items)


def test_answer_to_a_commit_that_is_lost_is_found_out_by_a_look(
    on_postgres: ShopDatabase, postgres: Postgres
) -> None:
    """The commit arrived and its answer did not: a look says that all was changed."""
    bench = bench_at(on_postgres)
    work = bench.find(OF_CANARY)
    with _cut_after_commit(postgres.port) as port:
        dsn = _dsn(on_postgres).set(port=port).render_as_string()
        with pytest.raises(AnswerLost):
            _reached_by(bench, dsn).erase(work)

    assert bench.read_back(work) == Absent()
    assert bench.replay(work) == []


def test_table_that_goes_while_we_run_pauses_the_account(shop: ShopDatabase) -> None:
    """What a ping found may be gone: the account says so, no person's case fails."""
    bench = bench_at(shop)
    work = bench.find(OF_CANARY)

    async def lose_a_table(connector: object) -> object:
        await connector.ping()  # type: ignore[attr-defined]
        shop.run('DROP TABLE "order lines"')
        return await connector.erase([work])  # type: ignore[attr-defined]

    with pytest.raises(NotSetUp, match="not there any more"):
        bench.run(lose_a_table)

    assert CANARY.email in shop.text_of("customers")


@pytest.mark.parametrize("reference", ["", "x", "[]", "{}", '["customers"]', "[1,2]"])
def test_name_that_is_none_of_ours_changes_nothing(
    reference: str, in_file: ShopDatabase
) -> None:
    """A reference that does not parse, or fits no table, is nobody's row."""
    bench = bench_at(in_file)
    work = bench.find(OF_CANARY)
    odd = replace(work, items=(replace(work.items[0], reference=reference),))

    assert bench.erase(odd) == [NeedsHuman("unknown_row")]
    assert CANARY.email in in_file.text()


def test_nothing_shows_the_address(in_file: ShopDatabase) -> None:
    """Printing a connector and all that it holds shows no secret."""
    bench = bench_at(in_file)

    async def shown(connector: object) -> str:
        await connector.ping()  # type: ignore[attr-defined]
        return " ".join(map(repr, (connector, *vars(connector).values())))

    assert str(_dsn(in_file).database) not in bench.run(shown)


def test_statement_waits_no_longer_than_the_time_out(
    on_postgres: ShopDatabase,
) -> None:
    """A database that thinks for ever does not hold a worker."""
    bench = bench_at(on_postgres)
    on_postgres.run(
        "CREATE FUNCTION slow() RETURNS trigger LANGUAGE plpgsql AS"
        " 'BEGIN PERFORM pg_sleep(60); RETURN OLD; END'",
        "CREATE TRIGGER slow BEFORE DELETE ON orders FOR EACH ROW"
        " EXECUTE FUNCTION slow()",
    )
    work = bench.find(OF_CANARY)
    bench.options = SqlOptions.model_validate({**options(), "timeout": "300ms"})

    with pytest.raises(TryLater, match="busy"):
        bench.erase(work)

    assert bench.options.model_dump()["timeout"] == timedelta(milliseconds=300)


# --- a connection that is cut --------------------------------------------------------


@contextmanager
def _cut_after_commit(port: int) -> Iterator[int]:
    """Stand before a server, and cut the line once a COMMIT was answered."""
    listener = socket.create_server(("127.0.0.1", 0))
    thread = Thread(target=_stand_between, args=(listener, port), daemon=True)
    thread.start()
    yield listener.getsockname()[1]
    listener.close()
    thread.join(10)


def _stand_between(listener: socket.socket, port: int) -> None:
    """Pass everything on in both directions but the answer to a COMMIT."""
    client, _ = listener.accept()
    server = socket.create_connection(("127.0.0.1", port))
    with client, server:
        up = Thread(target=_pump_up, args=(client, server), daemon=True)
        up.start()
        committing = False
        while data := server.recv(65_536):
            committing = committing or b"COMMIT\0" in data
            if committing:
                # The command tag of the answer: it is done, and nobody hears of it.
                break
            client.sendall(data)
        client.shutdown(socket.SHUT_RDWR)
        up.join(10)


def _pump_up(client: socket.socket, server: socket.socket) -> None:
    try:
        while data := client.recv(65_536):
            server.sendall(data)
    except OSError:
        pass
