"""What a receipt says at the end, and what stays behind it."""

from __future__ import annotations

from starlette.responses import Response

from connectors.fakes.frame import Call
from connectors.fakes.mixpanel import FakeMixpanel
from tests.support.people import a_submission, held_of, humans, settle_in
from tests.support.site import Backend
from tests.support.site_fixtures import NewSite
from tests.support.site_register import ACCOUNTS, RegisterText


class ConfusedMixpanel(FakeMixpanel):
    """Puts a row of somebody else into every file."""

    def _download(self, call: Call) -> Response:
        """Hand out one stranger with each person."""
        for rows in self.data["files"].values():
            rows.append({"$distinct_id": "mp-a-stranger", "$properties": {"a": 1}})
        return super()._download(call)


def test_case_without_tasks_is_never_sealed(
    embedded: Backend, new_site: NewSite
) -> None:
    """A case that reaches no account is unplanned, not complete."""
    not_yet = {name: {"valid_from": "2099-01-01"} for name in ACCOUNTS}
    site = new_site(embedded, RegisterText(extra=not_yet))
    (human,) = humans(1)
    settle_in(site.fakes, [human])
    site.publish(a_submission(human))
    site.start()

    told = "SELECT count(*) FROM outbox WHERE sent_at IS NOT NULL"
    site.wait(lambda: site.count(told) == 1)
    # The sweep comes by too, as it would for years.
    site.execute(
        "UPDATE cases SET wake_at = 0,"
        " doc = json_set(doc, '$.wake_at', '2026-01-01T00:00:00Z')"
    )
    site.wait(lambda: site.count("SELECT count(*) FROM cases WHERE wake_at > 0") == 1)

    assert [row[0] for row in site.rows("SELECT status FROM cases")] == ["received"]
    assert site.count("SELECT count(*) FROM tasks") == 0
    assert site.count("SELECT count(*) FROM statements") == 0
    assert len(held_of(site.fakes, human)) == len(ACCOUNTS)


def test_kept_record_is_named_and_stays_findable(
    backend: Backend, new_site: NewSite
) -> None:
    """What a law keeps is said so, and only its locator outlives the identity key."""
    site = new_site(backend, RegisterText(keeps_orders=True))
    (human,) = humans(1)
    settle_in(site.fakes, [human], whole=True)
    site.publish(a_submission(human))

    site.run_until_over(1)

    (receipt,) = site.receipts().values()
    kept = [one for line in receipt.lines for one in line.retained]
    orders = site.fakes["commercetools"].data["objects"]["orders"].values()
    assert receipt.result == "complete_with_retention"
    assert {one.record_class for one in kept} == {"order"}
    assert [order["customerEmail"] for order in orders] == [human.email]
    assert held_of(site.fakes, human) == ["commercetools"]
    assert [row[0] for row in site.rows("SELECT status FROM cases")] == ["answered"]
    ((owner, purpose),) = site.rows("SELECT owner, purpose FROM data_keys")
    assert purpose.startswith("obligation:commercetools:")
    opened = site.here.vault.open([owner], purpose)
    assert any(opened.named(owner, "").values())
    assert site.count("SELECT count(*) FROM obligations") == 1


def test_row_of_a_stranger_is_never_packaged(
    embedded: Backend, new_site: NewSite
) -> None:
    """A processor that exports somebody else's row is not believed; a person looks."""
    site = new_site(embedded, fakes={"mixpanel": ConfusedMixpanel()})
    (human,) = humans(1)
    settle_in(site.fakes, [human])
    site.publish(a_submission(human, "access"))
    site.start()

    stopped = "SELECT account, action FROM tasks WHERE status = 'needs_human'"
    site.wait(lambda: bool(site.rows(stopped)))

    assert [tuple(row) for row in site.rows(stopped)] == [("mixpanel", "export")]
    packed = "SELECT count(*) FROM artifacts WHERE complete = 1 AND account = :account"
    assert site.count(packed, account="mixpanel") == 0
    assert site.count("SELECT count(*) FROM artifacts WHERE kind = 'package'") == 0
    assert site.receipts() == {}
