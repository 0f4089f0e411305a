"""One case across a vendor, a database of one's own, and a recipient that is told."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from connectors.fakes import notify
from connectors.fakes.faults import Fault, FaultKind
from connectors.fakes.notify import FakeNotify
from schemas.connecting import Action
from tests.connectors.databases import (
    CUSTOMERS,
    LINES,
    ORDERS,
    PSEUDONYM_KEY,
    ShopDatabase,
)
from tests.support.people import Human, a_submission, humans, settle_in
from tests.support.site import Backend, Site
from tests.support.site_fixtures import NewSite
from tests.support.site_register import RegisterText

_MORE = """
[recipients.ads-exchange]
legal_name = "Ads Exchange Ltd."
role = "independent"

[accounts.ads]
recipient = "ads-exchange"
connector = "notify"
category = "advertising"
environment = "sandbox"
mode = "live"
installation = "{name}"
base_url = "{url}/notify"
allow_http = true
allow_hosts = ["127.0.0.1"]
fed_by = ["hubspot"]
secrets = {{ token = "env:ADS_TOKEN" }}
options = {{ signing_keys = ["{key}"] }}
waits = {{ retry_base = "50ms", retry_cap = "200ms" }}

[recipients.own]
legal_name = "Maison Exemple SAS"
role = "processor"

[accounts.warehouse]
recipient = "own"
connector = "sql"
category = "it_services"
environment = "sandbox"
mode = "live"
installation = "shop.db"
secrets = {{ dsn = "env:WAREHOUSE_DSN", pseudonym_key = "env:WAREHOUSE_KEY" }}

[accounts.warehouse.options.tables.customers]
key = "id"
find = {{ customer_no = "customer_id", email = "email" }}
record_class = "customer_account"
do = "anonymise"
columns = {{ customer_no = "pseudonym", email = "null", name = "constant:erased" }}

[accounts.warehouse.options.tables.orders]
key = ["shop", "number"]
parent = "customers"
parent_key = "customer"
record_class = "shop-order"
started_on = "placed_on"
do = "delete"

[[retention]]
id = "fr-shop-orders"
record_class = "shop-order"
statute = "Code de commerce, art. L123-22"
years = 10
from_end_of_year = false
"""


@pytest.fixture
def site(embedded: Backend, new_site: NewSite) -> Site:
    """Lend an installation with all three."""
    site = new_site(embedded, fakes={"notify": FakeNotify()})
    more = _MORE.format(url=site.url, name=notify.NAME, key=notify.TEAM_KEY)
    site.write_register(RegisterText(accounts=("hubspot",), more=more))
    site.env |= {
        "ADS_TOKEN": notify.TOKEN,
        "WAREHOUSE_DSN": f"sqlite:///{site.folder / 'shop.db'}",
        "WAREHOUSE_KEY": PSEUDONYM_KEY,
    }
    return site


def _shop(folder: Path, human: Human) -> ShopDatabase:
    """Return a shop where *human* has an order of this year and one of long ago."""
    shop = ShopDatabase(f"sqlite:///{folder / 'shop.db'}")
    customer = {
        "table": "customers",
        "id": 1,
        "customer_no": human.customer_id,
        "email": human.email.upper(),
        "name": human.name,
    }
    order = {"table": "orders", "shop": "web", "customer": 1, "ship_to": human.name}
    shop.seed(
        [
            customer,
            {**order, "number": "new", "placed_on": date(2026, 1, 1)},
            {**order, "number": "old", "placed_on": date(2001, 1, 1)},
        ]
    )
    return shop


def test_receipt_tells_erased_kept_and_told_apart(site: Site) -> None:
    """Rows go by their own date, the recipient is told, and each line has its grade."""
    (human,) = humans(1)
    settle_in(site.fakes, [human])
    shop = _shop(site.folder, human)
    site.publish(a_submission(human, "access", "erasure"))

    site.run_until_over(1)

    (receipt,) = site.receipts().values()
    lines = {(one.account, one.action): one for one in receipt.lines}
    told = lines["ads", Action.NOTIFY]
    table = lines["warehouse", Action.ERASE]
    (customer,), (order,) = shop.rows(CUSTOMERS), shop.rows(ORDERS)
    assert receipt.result == "complete_with_retention"
    assert (told.outcome, told.evidence, told.recipient.role) == (
        "notified",
        "E3",
        "independent",
    )
    assert told.answer_sha256
    assert receipt.export is not None
    assert lines["warehouse", Action.EXPORT].outcome == "exported"
    assert set(told.identifier_types) == {"email", "phone", "customer_id"}
    assert ("ads", Action.LOCATE) not in lines
    assert (table.outcome, table.method, table.evidence) == ("done", "redacted", "E4")
    assert [one.record_class for one in table.retained] == ["shop-order"]
    assert (order["number"], customer["name"], customer["email"]) == (
        "new",
        "erased",
        None,
    )
    assert shop.rows(LINES) == []
    assert len(site.fakes["notify"].data["notices"]) == 1
    assert human.email not in site.log.read_text(encoding="utf-8")


def test_lost_answer_to_a_notice_is_followed_by_the_same_notice(site: Site) -> None:
    """The recipient heard it, we did not: it is told again and keeps one notice."""
    (human,) = humans(1)
    settle_in(site.fakes, [human])
    _shop(site.folder, human)
    fake = site.fakes["notify"]
    fake.faults.add(Fault(kind=FaultKind.LOSE_ANSWER, operation="tell", times=2))
    site.publish(a_submission(human))

    site.run_until_over(1)

    (receipt,) = site.receipts().values()
    (told,) = (one for one in receipt.lines if one.account == "ads")
    assert (told.outcome, told.attempts) == ("notified", 3)
    assert fake.requests("tell") == 3
    assert len(fake.data["notices"]) == 1


def test_table_that_is_missing_pauses_the_account_alone(site: Site) -> None:
    """A declared table is not there: told in a sentence, and others go on."""
    (human,) = humans(1)
    settle_in(site.fakes, [human])
    shop = _shop(site.folder, human)
    shop.run('DROP TABLE "order lines"', "DROP TABLE orders")
    site.publish(a_submission(human))
    site.start()

    paused = "SELECT id, paused_reason FROM accounts WHERE paused_reason IS NOT NULL"
    site.wait(lambda: bool(site.rows(paused)))
    found = "SELECT count(*) FROM tasks WHERE account = 'hubspot' AND step = 'act'"
    site.wait(lambda: site.count(f"{found} AND status = 'settled'") > 0)

    assert [tuple(row) for row in site.rows(paused)] == [("warehouse", "not_set_up")]
    assert "orders: there is no table orders" in site.log.read_text(encoding="utf-8")
