"""An account's options may decide what its connector declares: a database's tables."""

from __future__ import annotations

from pathlib import Path

import pytest

from orchestrator.adapters.register import Register, check, load_register
from orchestrator.bootstrap.installation import catalog
from orchestrator.core.words import AccountId
from orchestrator.errors import SetUpError
from schemas.connecting import CUSTOMER_ID, EMAIL, IdentifierType
from tests.support.club import CLUB
from tests.support.desk import REGISTER as DESK

REGISTER = """
[controllers.maison]
legal_name = "Maison Exemple SAS"
country = "FR"
time_zone = "Europe/Paris"
dpo_contact = "dpo@maison-exemple.example"

[recipients.own]
legal_name = "Maison Exemple SAS"
role = "processor"

[accounts.warehouse]
recipient = "own"
connector = "sql"
category = "it_services"
environment = "sandbox"
mode = "dry_run"
secrets = { dsn = "env:WAREHOUSE_DSN" }

[accounts.warehouse.options]
yields = { "members.card" = "loyalty.card" }

[accounts.warehouse.options.tables.members]
key = "id"
find = { email = "email", no = "customer_id" }
record_class = "membership"
do = "delete"

[[retention]]
id = "fr-memberships"
record_class = "membership"
statute = "Code de commerce, art. L123-22"
years = 10
from_end_of_year = false
"""


def _read(directory: Path, text: str = REGISTER) -> Register:
    path = directory / "register.toml"
    path.write_text(text, encoding="utf-8")
    return load_register(path, catalog())


def test_tables_decide_types_classes_and_secrets(tmp_path: Path) -> None:
    """What the tables name is what the plan searches by, keeps and learns."""
    register = _read(tmp_path)

    plan = register.plan_for("maison")
    assert plan is not None
    planned = plan.account(AccountId("warehouse"))
    assert planned.accepts == {EMAIL, CUSTOMER_ID}
    assert planned.yields == {IdentifierType("loyalty.card")}
    assert register.accounts[AccountId("warehouse")].spec.secrets == ("dsn",)
    assert [rule.record_class for rule in plan.retention] == ["membership"]


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        pytest.param(
            'do = "delete"',
            'do = "anonymise"\ncolumns = { email = "null", no = "pseudonym" }',
            "secrets.pseudonym_key: the key is missing",
            id="a pseudonym needs its key",
        ),
        pytest.param(
            "secrets = { dsn",
            'secrets = { pseudonym_key = "env:X", dsn',
            "reads no such secret",
            id="a key without pseudonyms",
        ),
        pytest.param(
            'connector = "sql"',
            'connector = "sql"\naccepts = ["phone"]',
            'cannot search by "phone"',
            id="a type that no column holds",
        ),
        pytest.param(
            'connector = "sql"',
            'connector = "sql"\nbase_url = "https://x.example"',
            "sends no request",
            id="an address",
        ),
        pytest.param(
            'record_class = "membership"\nstatute',
            'record_class = "members"\nstatute',
            'write record_class = "membership"',
            id="a class that no table has",
        ),
        pytest.param(
            'do = "delete"',
            'do = "delete"\nparent = "shops"\nparent_key = "shop"',
            "the parent of a table is another table",
            id="a parent that is not there",
        ),
    ],
)
def test_register_is_judged_by_what_the_tables_declare(
    old: str, new: str, told: str, tmp_path: Path
) -> None:
    """Each mistake is told with its key, before a database is asked for anything."""
    with pytest.raises(SetUpError) as caught:
        _read(tmp_path, REGISTER.replace(old, new))

    assert told in str(caught.value)


def test_processor_with_a_connector_that_only_tells_is_doubted(
    tmp_path: Path,
) -> None:
    """A processor is instructed: a notice to it would erase nothing."""
    ads = """
[accounts.ads]
recipient = "own"
connector = "notify"
category = "advertising"
environment = "sandbox"
mode = "live"
base_url = "https://privacy.example"
secrets = { token = "env:ADS_TOKEN" }
"""
    register = _read(tmp_path, REGISTER + ads)

    doubts = [str(it) for it in check(register) if "only tells" in str(it)]

    assert len(doubts) == 1
    assert doubts[0].startswith("accounts.ads.connector: notify only tells")


@pytest.mark.parametrize(
    ("account", "rule", "doubted"),
    [
        pytest.param(DESK, "return", "desk", id="people"),
        pytest.param(CLUB, "customer_account", "club", id="a topic"),
        pytest.param(DESK + CLUB, "invoice", "", id="a law keeps something else"),
    ],
)
def test_class_that_a_law_keeps_where_only_names_are_understood_is_doubted(
    account: str, rule: str, doubted: str, tmp_path: Path
) -> None:
    """Once the law ends nobody's identifiers are left, so a person must erase it."""
    retention = REGISTER[REGISTER.index("[[retention]]") :].replace(
        '"membership"', f'"{rule}"'
    )
    register = _read(tmp_path, f"{REGISTER}{account}{retention.replace('fr-', 'de-')}")

    doubts = [str(it) for it in check(register) if "is for a person" in str(it)]

    assert [one.split(".")[1] for one in doubts] == [doubted] * bool(doubted)
    assert all(f"({rule})" in one for one in doubts)
