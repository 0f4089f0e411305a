"""What a wrong register says about itself, and what it never repeats."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from orchestrator.adapters.register import load_register
from orchestrator.errors import SetUpError
from schemas.kept_fields import KeptField
from tests.adapters.register_builders import (
    DESK,
    REGISTER,
    STATS,
    sentences_of,
    with_line,
    without_line,
)

PASTED = "pat-eu1-7c1e9f32-0b0c-literal"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param(
            with_line("accounts.crm", 'mode = "on"'),
            'accounts.crm.mode: "on" is not one of off, dry_run, live; '
            'write mode = "live".',
            id="mode",
        ),
        pytest.param(
            with_line("accounts.crm", "mode = true"),
            "accounts.crm.mode: true is not one of off, dry_run, live; "
            'write mode = "live".',
            id="mode of another type",
        ),
        pytest.param(
            with_line("recipients.crm-vendor", 'role = "controller"'),
            'recipients.crm-vendor.role: "controller" is not one of processor, joint, '
            'independent; write role = "independent".',
            id="role",
        ),
        *(
            pytest.param(
                re.sub('dpo_key = ".*"', f'dpo_key = "{wrong}"', REGISTER),
                f"controllers.maison.dpo_key: {said} is not an X25519 public key "
                "(32 bytes in base64); write what `erasure keys dpo --to FILE` prints.",
                id=f"key of an officer: {said}",
            )
            # No base64, too short, and a point to which anybody could unseal.
            for wrong, said in [
                ("key", '"key"'),
                ("AAAA", '"AAAA"'),
                ("A" * 43 + "=", "the value"),
            ]
        ),
        pytest.param(
            with_line("accounts.crm", 'modus = "live"'),
            "accounts.crm.modus: the key is not known; write mode.",
            id="unknown key",
        ),
        pytest.param(
            with_line("accounts.crm.waits", 'zzz = "1s"'),
            "accounts.crm.waits.zzz: the key is not known; remove it; the keys are "
            "check_after, check_most, horizon, lease, linger, looks_wanted, "
            "ping_every, retry_base, retry_cap, settle_for, timeout.",
            id="unknown key in a nested table",
        ),
        pytest.param(
            REGISTER + DESK + 'base_url = "https://desk.example"\n',
            "accounts.desk.base_url: desk sends no request; remove it.",
            id="address of a connector without requests",
        ),
        pytest.param(
            "acounts = {}\n" + REGISTER,
            "acounts: the table is not known; write accounts.",
            id="unknown table",
        ),
        pytest.param(
            without_line("controllers.maison", "legal_name"),
            "controllers.maison.legal_name: the key is missing; "
            'write legal_name = "Maison Exemple SAS".',
            id="missing key",
        ),
        pytest.param(
            with_line("controllers.maison", 'time_zone = "Paris"'),
            'controllers.maison.time_zone: "Paris" is not a time zone of the IANA '
            'database; write time_zone = "Europe/Paris".',
            id="time zone",
        ),
        pytest.param(
            with_line("controllers.maison", 'country = "France"'),
            'controllers.maison.country: "France" is not a two-letter country code '
            '(ISO 3166-1); write country = "FR".',
            id="country",
        ),
        pytest.param(
            with_line("controllers.maison", 'export_kept_for = "a week"'),
            'controllers.maison.export_kept_for: "a week" is not a duration (a whole '
            'number and ms, s, m, h or d); write export_kept_for = "7d".',
            id="duration",
        ),
        pytest.param(
            with_line("controllers.maison", 'min_verification = { access = "strong" }'),
            'controllers.maison.min_verification.access: "strong" is not one of low, '
            'substantial, high; write access = "low".',
            id="level",
        ),
        pytest.param(
            with_line("controllers.maison", 'min_verification = { erase = "high" }'),
            'controllers.maison.min_verification.erase: "erase" is not one of erasure, '
            "access, portability; write erasure.",
            id="right",
        ),
        pytest.param(
            with_line("accounts.crm", 'recipient = "crm-vendr"'),
            'accounts.crm.recipient: "crm-vendr" is not a recipient; '
            'write recipient = "crm-vendor".',
            id="unknown recipient",
        ),
        pytest.param(
            with_line("accounts.crm", 'fed_until = { shop = "accepted" }'),
            "accounts.crm.fed_until: shop does not feed this account; name it in"
            " fed_by, or remove it here.",
            id="awaited but no feeder",
        ),
        pytest.param(
            with_line("accounts.crm", 'connector = "salesforce"'),
            'accounts.crm.connector: "salesforce" is not a connector; '
            "there are crm, desk, shop, stats.",
            id="unknown connector",
        ),
        pytest.param(
            with_line("accounts.crm", 'controllers = ["maison-x"]'),
            'accounts.crm.controllers: "maison-x" is not a controller; '
            'write "maison" in its place.',
            id="unknown controller",
        ),
        pytest.param(
            with_line("accounts.crm", 'fed_by = ["warehouse"]'),
            'accounts.crm.fed_by: "warehouse" is not an account; there are crm, shop.',
            id="unknown feeder",
        ),
        pytest.param(
            with_line("accounts.crm", 'accepts = ["phone"]'),
            'accounts.crm.accepts: crm cannot search by "phone"; write some of email.',
            id="identifier type",
        ),
        pytest.param(
            with_line("accounts.crm", "max_records = 0"),
            "accounts.crm.max_records: the number is too small; "
            "write max_records = 10000.",
            id="number too small",
        ),
        pytest.param(
            with_line("accounts.crm", 'max_records = "many"'),
            "accounts.crm.max_records: a whole number is expected here; "
            "write max_records = 10000.",
            id="number in quotes",
        ),
        pytest.param(
            with_line("accounts.crm", 'allow_http = "no"'),
            "accounts.crm.allow_http: true or false is expected here; "
            "write allow_http = false.",
            id="boolean in quotes",
        ),
        pytest.param(
            with_line("accounts.crm", 'valid_from = "2026-01-01"'),
            "accounts.crm.valid_from: a date without quotes is expected here; "
            "write valid_from = 2026-01-01.",
            id="date in quotes",
        ),
        pytest.param(
            with_line("accounts.crm", "valid_from = 2026-02-01\nvalid_to = 2026-01-01"),
            "accounts.crm.valid_to: the day is before valid_from; "
            "write a day after 2026-02-01.",
            id="validity backwards",
        ),
        pytest.param(
            with_line("accounts.crm.limits", 'rates = [{ limit = 3, per = "0s" }]'),
            "accounts.crm.limits.rates[1].per: a duration longer than nothing is "
            'expected here; write per = "1s".',
            id="window",
        ),
        pytest.param(
            with_line("accounts.crm.waits", 'retry_cap = "500ms"'),
            "accounts.crm.waits.retry_cap: the longest pause is shorter than "
            "retry_base; write a longer one.",
            id="retry",
        ),
        pytest.param(
            without_line("accounts.crm.secrets", "token"),
            "accounts.crm.secrets.token: the key is missing; "
            'write token = "env:NAME" or "file:/PATH".',
            id="secret missing",
        ),
        pytest.param(
            with_line("accounts.crm.secrets", 'tokn = "env:CRM_TOKEN"'),
            "accounts.crm.secrets.tokn: crm reads no such secret; write token.",
            id="secret of another name",
        ),
        pytest.param(
            with_line("accounts.crm.secrets", f'token = "{PASTED}"'),
            "accounts.crm.secrets.token: a secret does not belong in this file; "
            'keep it outside and write "env:NAME" or "file:/PATH" here.',
            id="literal secret",
        ),
        pytest.param(
            with_line("accounts.crm.options", f'region = "{PASTED}"'),
            "accounts.crm.options.region: the value is not one of eu, us; "
            'write region = "eu".',
            id="option",
        ),
        pytest.param(
            with_line("accounts.crm.options", 'settle_for = "PT1S"'),
            "accounts.crm.options.settle_for: waits have one place; "
            "write waits.settle_for.",
            id="wait among the options",
        ),
        pytest.param(
            REGISTER.replace("years = 8", "years = 0"),
            "retention.de-invoices.years: the number is too small; write years = 8.",
            id="years",
        ),
        pytest.param(
            REGISTER.replace('"invoice"', '"invoices"'),
            "retention.de-invoices.record_class: no connector has the record class "
            '"invoices"; write record_class = "invoice".',
            id="record class",
        ),
        pytest.param(
            REGISTER.replace('["DE"]', '["Germany"]'),
            'retention.de-invoices.jurisdictions[1]: "Germany" is not a country or one '
            'of its parts (ISO 3166); write jurisdictions = ["DE"].',
            id="jurisdiction",
        ),
        pytest.param(
            REGISTER.replace("years = 8", 'years = 8\nfields = ["adress"]'),
            'retention.de-invoices.fields[1]: "adress" is not one of '
            f'{", ".join(KeptField)}; write "address" in its place.',
            id="field",
        ),
        pytest.param(
            REGISTER.replace("years = 8", 'years = 8\nfields = "name"'),
            "retention.de-invoices.fields: a list is expected here; write fields = "
            '["name", "address", "amounts"].',
            id="fields are a list",
        ),
        pytest.param(
            REGISTER + REGISTER[REGISTER.index("[[retention]]") :],
            "retention.de-invoices.id: 2 rules have this id; "
            "write another id for each.",
            id="rule twice",
        ),
        pytest.param(
            with_line("accounts.shop", "identity_root = true"),
            "accounts.shop.identity_root: maison has its identity root in crm already; "
            "write identity_root = false.",
            id="two identity roots",
        ),
        pytest.param(
            with_line("accounts.shop", 'fed_by = ["crm"]'),
            "accounts.shop.fed_by: crm is the identity root and so erased last, never "
            "before shop; remove it from fed_by.",
            id="fed by the identity root",
        ),
        pytest.param(
            with_line("accounts.shop", 'fed_by = ["stats"]') + STATS,
            "accounts.shop.fed_by: the accounts feed one another in a circle "
            "(shop <- stats <- shop); remove one of these links.",
            id="circle",
        ),
        pytest.param(
            REGISTER.replace("[recipients.shop-vendor]", '[recipients."Shop Vendor"]'),
            'recipients."Shop Vendor": the name does not fit; '
            "write small letters, digits and hyphens.",
            id="name of an entry",
        ),
        pytest.param(
            "recipients = 3\n",
            "recipients: a table is expected here; write [recipients.NAME].",
            id="no table",
        ),
        pytest.param(
            "",
            "controllers: the file has no controller; "
            "write [controllers.NAME] with "
            "legal_name, country, time_zone, dpo_contact.",
            id="empty file",
        ),
        pytest.param(
            'a = 1\nb = "\n',
            "line 2, column 6: the file is not TOML: illegal character '\\n'; "
            "write each key once in its table, and texts between quotes.",
            id="no TOML",
        ),
        pytest.param(
            "a = 1\na = 2\n",
            "line 2, column 6: the file is not TOML: cannot overwrite a value; "
            "write each key once in its table, and texts between quotes.",
            id="key twice",
        ),
    ],
)
def test_mistake_is_named_with_what_to_write_instead(
    tmp_path: Path, text: str, expected: str
) -> None:
    """Each mistake is one sentence with its key path and what to write."""
    assert expected in sentences_of(tmp_path, text)


def test_all_mistakes_are_told_at_once(tmp_path: Path) -> None:
    """A broken account hides neither its own other mistakes nor the next one's."""
    text = (
        with_line("accounts.crm", 'mode = "on"\nmodus = 1')
        .replace('"Europe/Paris"', '"Paris"')
        .replace('role = "processor"', 'role = "boss"')
        .replace('base_url = "https://', 'base_url = "ftp://')
    )

    told = [sentence.partition(": ")[0] for sentence in sentences_of(tmp_path, text)]

    assert told == [
        "controllers.maison.time_zone",
        "recipients.crm-vendor.role",
        "recipients.shop-vendor.role",
        "accounts.crm.mode",
        "accounts.crm.modus",
        "accounts.shop.base_url",
    ]


def test_missing_file_says_where_one_comes_from(tmp_path: Path) -> None:
    """A file that is not there is one sentence."""
    path = tmp_path / "absent.toml"

    with pytest.raises(SetUpError) as caught:
        load_register(path, {})

    assert str(caught.value) == (
        f"{path}: the file does not exist; write one after examples/register.toml "
        "or set ERASURE_REGISTER to where it is."
    )


@pytest.mark.parametrize(
    "text",
    [
        pytest.param(
            with_line("accounts.crm.secrets", f'token = "{PASTED}"'), id="secret"
        ),
        pytest.param(with_line("accounts.crm.secrets", f'x = ["{PASTED}"]'), id="list"),
        pytest.param(
            with_line("accounts.crm", f'secrets = "{PASTED}"').replace(
                '[accounts.crm.secrets]\ntoken = "env:CRM_TOKEN"', ""
            ),
            id="no table",
        ),
        pytest.param(
            with_line("accounts.crm.options", f'region = "{PASTED}"'), id="option"
        ),
        pytest.param(
            with_line("accounts.crm.options", f'yields = "{PASTED}"'), id="mapping"
        ),
        pytest.param(with_line("accounts.crm", f'mode = "{PASTED}"'), id="closed list"),
    ],
)
def test_pasted_secret_is_never_repeated(tmp_path: Path, text: str) -> None:
    """A secret pasted into the file comes back in no sentence."""
    sentences = sentences_of(tmp_path, text)

    assert sentences
    assert not any(PASTED in sentence for sentence in sentences)
