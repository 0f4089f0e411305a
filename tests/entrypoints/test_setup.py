"""What is set up wrongly is one sentence with what to do, exit 2 and no traceback."""

from __future__ import annotations

import base64
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from orchestrator.adapters.keys.directory import create_keys
from orchestrator.entrypoints.starting import remember_keys
from tests.support.command import erasure
from tests.support.installation import AnInstallation
from tests.support.patience import PATIENCE
from tests.support.people import Human
from tests.support.processes import free_port

Break = Callable[[AnInstallation], None]


def _unknown_setting(it: AnInstallation) -> None:
    it.env["ERASURE_REGSTER"] = "x"


def _bad_setting(it: AnInstallation) -> None:
    it.env["ERASURE_LEASE"] = "soon"


def _no_register(it: AnInstallation) -> None:
    it.register.unlink()


def _broken_register(it: AnInstallation) -> None:
    it.register.write_text("[controllers\n")


def _strange_connector(it: AnInstallation) -> None:
    text = it.register.read_text()
    it.register.write_text(
        text.replace('connector = "klaviyo"', 'connector = "klavio"')
    )


def _no_keys(it: AnInstallation) -> None:
    it.env["ERASURE_KEYS_DIR"] = str(it.folder / "nowhere")


def _lost_key(it: AnInstallation) -> None:
    (it.keys / "kek.key").unlink()


def _open_keys(it: AnInstallation) -> None:
    (it.keys / "kek.key").chmod(0o644)


def _short_key(it: AnInstallation) -> None:
    (it.keys / "kek.key").write_bytes(base64.urlsafe_b64encode(b"short"))


def _other_keys(it: AnInstallation) -> None:
    it.a_case(Human(1))
    create_keys(it.folder / "others")
    it.env["ERASURE_KEYS_DIR"] = str(it.folder / "others")


def _open_folder(it: AnInstallation) -> None:
    it.keys.chmod(0o777)


def _exchanged(it: AnInstallation, pattern: str) -> None:
    """Remember the keys as the first run does, and put another one in their place."""
    remember_keys(it.parts)
    create_keys(it.folder / "others")
    (mine,) = it.keys.glob(pattern)
    (other,) = (it.folder / "others").glob(pattern)
    mine.unlink()
    other.rename(it.keys / other.name)


def _other_names(it: AnInstallation) -> None:
    _exchanged(it, "pseudonym.key")


def _other_signature(it: AnInstallation) -> None:
    _exchanged(it, "signing-*.pem")


def _no_database(it: AnInstallation) -> None:
    it.env["ERASURE_DATABASE_URL"] = f"sqlite:///{it.folder / 'none.db'}"


def _no_folder(it: AnInstallation) -> None:
    it.env["ERASURE_DATABASE_URL"] = f"sqlite:///{it.folder / 'none' / 'none.db'}"


def _no_sqlite(it: AnInstallation) -> None:
    it.close()
    for path in it.folder.glob("erasure.db*"):
        path.unlink()
    it.path.write_text("This is a letter, not a database. " * 99)


def _strange_database(it: AnInstallation) -> None:
    it.env["ERASURE_DATABASE_URL"] = "the usual one"


def _absent_postgres(it: AnInstallation) -> None:
    url = f"postgresql+psycopg://erasure:s3cret@127.0.0.1:{free_port()}/erasure"
    it.env["ERASURE_DATABASE_URL"] = url


def _old_schema(it: AnInstallation) -> None:
    with it.parts.database.writing() as connection:
        connection.exec_driver_sql("DROP TABLE alembic_version")


def _new_schema(it: AnInstallation) -> None:
    with it.parts.database.writing() as connection:
        connection.exec_driver_sql("UPDATE alembic_version SET version_num = '9999'")


def _strange_broker(it: AnInstallation) -> None:
    it.env["ERASURE_KAFKA"] = "the usual one"


def _half_credentials(it: AnInstallation) -> None:
    it.env["ERASURE_KAFKA"] = "127.0.0.1:9092"
    it.env["ERASURE_KAFKA_SECURITY_PROTOCOL"] = "SASL_PLAINTEXT"


WRONG = [
    pytest.param(
        _unknown_setting,
        "ERASURE_REGSTER: no such setting; write ERASURE_REGISTER.",
        id="unknown setting",
    ),
    pytest.param(_bad_setting, 'ERASURE_LEASE: "soon" is not', id="bad setting"),
    pytest.param(_no_register, "", id="no register"),
    pytest.param(_broken_register, "", id="broken register"),
    pytest.param(_strange_connector, "", id="strange connector"),
    pytest.param(_no_keys, "The key directory ", id="no keys"),
    pytest.param(_lost_key, "", id="lost key"),
    pytest.param(_open_keys, "Others may read ", id="open keys"),
    pytest.param(_open_folder, "Others may write into ", id="open key folder"),
    pytest.param(_other_names, "The pseudonym key in ERASURE_KEYS_DIR", id="names"),
    pytest.param(
        _other_signature, "The signing key in ERASURE_KEYS_DIR", id="signature"
    ),
    pytest.param(_short_key, "", id="short key"),
    pytest.param(
        _other_keys,
        "The keys in ERASURE_KEYS_DIR are not those of this database",
        id="other keys",
    ),
    pytest.param(_no_database, "There is no database at ", id="no database"),
    pytest.param(_no_folder, "There is no database at ", id="no folder"),
    pytest.param(_no_sqlite, "The file in ERASURE_DATABASE_URL", id="no SQLite"),
    pytest.param(_strange_database, "ERASURE_DATABASE_URL ", id="strange database"),
    pytest.param(
        _absent_postgres, "The database does not answer;", id="absent PostgreSQL"
    ),
    pytest.param(_old_schema, "The database has no tables", id="old schema"),
    pytest.param(_new_schema, "The database is newer than", id="new schema"),
    pytest.param(_strange_broker, "Kafka's bootstrap must name", id="strange broker"),
    pytest.param(_half_credentials, "SASL_PLAINTEXT needs", id="half credentials"),
]


@pytest.mark.parametrize(("break_it", "start"), WRONG)
def test_wrong_set_up_is_one_sentence(
    installation: AnInstallation, break_it: Break, start: str
) -> None:
    """`run` says what to do and exits 2; no secret and no traceback is shown."""
    break_it(installation)

    ran = installation("run")

    assert (ran.code, ran.out) == (2, "")
    (sentence,) = ran.sentences
    assert sentence.startswith(start)
    assert sentence.endswith((".", '"'))
    assert "Traceback" not in ran.err
    assert "s3cret" not in ran.err


def test_absent_broker_is_one_sentence(installation: AnInstallation) -> None:
    """What the library logs of it is left out; a process of its own shows it all."""
    installation.env["ERASURE_KAFKA"] = f"127.0.0.1:{free_port()}"

    # At the same time, because both wait for the broker for as long as they may.
    runs = [
        subprocess.Popen(
            installation.command(*words),
            env=installation.process_env,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
        )
        for words in (["run"], ["topics", "create"])
    ]

    for ran in runs:
        _, said = ran.communicate(timeout=PATIENCE)
        assert ran.returncode == 2
        (sentence,) = said.splitlines()
        assert "No Kafka answers at 127.0.0.1:" in sentence


@pytest.mark.parametrize(("break_it", "start"), WRONG)
def test_config_check_finds_it_too(
    installation: AnInstallation, break_it: Break, start: str
) -> None:
    """`config check` says the same sentence, behind the part's name."""
    break_it(installation)

    ran = installation("config", "check")

    assert ran.code == 2
    assert any(start in sentence for sentence in ran.sentences)


def test_config_check_of_a_good_set_up_is_yes(installation: AnInstallation) -> None:
    """Every part is named, and all right."""
    ran = installation("config", "check")
    parts = installation("config", "check", "--json")

    assert (ran.code, ran.err) == (0, "")
    assert ran.out.count(": all right") == len(parts.data) == 11
    assert str(installation.keys / "checkpoints.jsonl") in ran.out
    assert {part["problem"] for part in parts.data} == {None}


def test_secrets_are_hidden(installation: AnInstallation) -> None:
    """`config show` names every setting and shows no password."""
    url = "postgresql+psycopg://erasure:s3cret@db/erasure"

    for extra in ([], ["--json"]):
        ran = installation("config", "show", *extra, ERASURE_DATABASE_URL=url)

        assert (ran.code, ran.err) == (0, "")
        assert "s3cret" not in ran.out
        assert "ERASURE_DATABASE_URL" in ran.out
        assert "erasure:********@db" in ran.out


def test_keys_are_made_once(tmp_path: Path) -> None:
    """They are for their owner only; a second time changes nothing and exits 2."""
    env = {"ERASURE_KEYS_DIR": str(tmp_path / "keys")}

    made = erasure("keys", "init", env=env)
    before = {path: path.read_bytes() for path in (tmp_path / "keys").iterdir()}
    again = erasure("keys", "init", env=env)

    assert (made.code, made.err) == (0, "")
    assert "Back up" in made.out
    assert {path.stat().st_mode & 0o777 for path in before} == {0o600}
    assert (again.code, again.out, len(again.sentences)) == (2, "", 1)
    assert "never overwritten" in again.err
    assert {path: path.read_bytes() for path in before} == before
    for content in before.values():
        assert content.decode().strip() not in made.out


def test_public_key_is_exported_for_openssl(
    installation: AnInstallation, tmp_path: Path
) -> None:
    """It is a PEM, and nothing of the private key."""
    path = tmp_path / "public.pem"

    ran = installation("keys", "export-public", "--to", path)

    assert (ran.code, ran.err) == (0, "")
    assert path.read_text().startswith("-----BEGIN PUBLIC KEY-----")


def test_public_key_that_cannot_be_written_is_wrong_use(
    installation: AnInstallation,
) -> None:
    """The sentence names the file."""
    ran = installation("keys", "export-public", "--to", "/proc/nowhere/public.pem")

    assert (ran.code, ran.out, len(ran.sentences)) == (2, "", 1)


def test_database_is_upgraded_and_then_left_alone(tmp_path: Path) -> None:
    """The first time makes it, the second says so."""
    env = {"ERASURE_DATABASE_URL": f"sqlite:///{tmp_path / 'new.db'}"}

    first = erasure("db", "upgrade", env=env)
    second = erasure("db", "upgrade", env=env)

    assert (first.code, first.out) == (0, "The schema is 0001 now.\n")
    assert (second.code, second.out) == (0, "The schema is 0001 already.\n")


def test_register_without_doubt_is_yes(installation: AnInstallation) -> None:
    """Exit 0 and no warning, once nothing is doubtful."""
    text = installation.register.read_text()
    for hasty in ("allow_http = true", 'settle_for = "50ms"'):
        text = text.replace(hasty, "")
    installation.register.write_text(text.replace("http://", "https://"))

    ran = installation("register", "check")

    assert (ran.code, ran.err) == (0, "")
    assert "4 accounts" in ran.out


def test_register_with_warnings_is_no(installation: AnInstallation) -> None:
    """Each warning is a line; exit 1 says that somebody should look."""
    ran = installation("register", "check")
    found = installation("register", "check", "--json")

    assert (ran.code, found.code) == (1, 1)
    assert len(ran.sentences) == len(found.data["warnings"])
    paths = [warning["path"] for warning in found.data["warnings"]]
    assert "accounts.hubspot.allow_http" in paths
    assert "accounts.klaviyo.waits.settle_for" in paths


def test_live_account_faster_than_its_vendor_is_warned_of(
    installation: AnInstallation,
) -> None:
    """The fake's wide limits would be too fast for the real one."""
    text = installation.register.read_text()
    installation.register.write_text(
        text.replace('environment = "sandbox"', 'environment = "live"')
    )

    ran = installation("register", "check")

    assert ran.code == 1
    assert any("limits.rates: faster than" in one for one in ran.sentences)


def test_register_with_mistakes_is_a_wrong_set_up(
    installation: AnInstallation,
) -> None:
    """Every mistake is a sentence that names the file and the key."""
    _strange_connector(installation)

    ran = installation("register", "check")

    assert (ran.code, ran.out) == (2, "")
    assert "accounts.klaviyo.connector" in ran.err
    assert str(installation.register) in ran.err


def test_embedded_topics_always_exist(installation: AnInstallation) -> None:
    """Nothing is to create without Kafka."""
    listed = installation("topics", "list", "--json").data
    created = installation("topics", "create")

    assert [one["exists"] for one in listed] == [True, True, True]
    assert (created.code, created.out) == (0, "Every topic exists.\n")


@pytest.mark.parametrize(
    "words",
    [
        pytest.param(["case"], id="a noun alone"),
        pytest.param(["case", "shwo", "c-1"], id="a misspelt verb"),
        pytest.param(["case", "show"], id="a missing id"),
        pytest.param(["case", "list", "--limit", "0"], id="a wrong number"),
        pytest.param(["case", "list", "--status", "open"], id="a wrong word"),
        pytest.param(["request", "publish"], id="no file"),
    ],
)
def test_wrong_use_is_exit_2(installation: AnInstallation, words: list[str]) -> None:
    """Nothing is done and something is said on stderr."""
    ran = installation(*words)

    assert ran.code == 2
    assert ran.err or ran.out.startswith("Usage")
