"""An order that was open is erased later, once, by whichever process is there then."""

from __future__ import annotations

import subprocess
import sys
from datetime import timedelta
from pathlib import Path
from signal import SIGKILL

import pytest

from orchestrator.adapters.keys.signing import read_envelope
from schemas.receipts import read_receipt
from tests.support.people import a_submission, held_of, humans, settle_in
from tests.support.site import Backend, Site
from tests.support.site_fixtures import NewSite

VERIFIER = Path("examples/verify_receipt/verify_receipt.py").resolve()
MOMENTS = [
    pytest.param("before commit: INSERT INTO calls #1", id="before the call"),
    pytest.param("after commit: INSERT INTO calls #1", id="after the call"),
    pytest.param("after send: DELETE  #1", id="its answer lost"),
    pytest.param("before commit: INSERT INTO statements #1", id="before signing"),
    pytest.param("after commit: INSERT INTO statements #1", id="after signing"),
    pytest.param("before commit: DELETE FROM data_keys #1", id="before forgetting"),
]


def _answered_with_an_open_order(site: Site) -> None:
    """Let one person be erased but for an order, which is then completed."""
    (human,) = humans(1)
    settle_in(site.fakes, [human], whole=True)
    orders = site.fakes["commercetools"].data["objects"]["orders"].values()
    for order in orders:
        order["orderState"] = "Open"
    site.publish(a_submission(human))
    site.run_until_over(1)
    assert held_of(site.fakes, human) == ["commercetools"]
    for order in orders:
        order["orderState"] = "Complete"


def _let_a_day_pass(site: Site) -> None:
    """Let the case believe that it was answered the day before."""
    today = site.here.clock.now().date()
    ago = [today + timedelta(days=days) for days in (1, 0, -1)]
    long_ago = str(today - timedelta(days=3))
    for day in ago:
        site.execute(
            "UPDATE cases SET doc = replace(doc, :said, :said_now), wake_at = 0",
            said=f'"due_on":"{day}"',
            said_now=f'"due_on":"{long_ago}"',
        )
    site.execute(
        "UPDATE cases SET doc = json_set(doc, '$.wake_at', '2026-01-01T00:00:00Z')"
    )


def _closed(site: Site) -> bool:
    return site.count("SELECT count(*) FROM cases WHERE status = 'closed'") == 1


def _check(site: Site, tmp_path: Path) -> None:
    """Check what must be so at the end, whatever happened in between."""
    assert site.fakes["commercetools"].data["objects"]["orders"] == {}
    kinds = site.rows("SELECT kind FROM statements ORDER BY number")
    assert [row[0] for row in kinds] == ["final", "supplement"]
    assert site.count("SELECT count(*) FROM data_keys") == 0
    assert site.count("SELECT count(*) FROM vault") == 0
    assert site.count("SELECT count(*) FROM obligations") == 0
    ((envelope,),) = site.rows("SELECT envelope FROM statements WHERE number = 2")
    (line,) = read_receipt(read_envelope(envelope).payload).lines
    assert (line.outcome, line.evidence) == ("done", "E4")
    file, key = tmp_path / "supplement.dsse.json", tmp_path / "public.pem"
    file.write_bytes(envelope)
    site.here.keys.export_public(key)
    done = subprocess.run(
        [sys.executable, VERIFIER, file, key],
        check=False,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "commercetools erase done E4" in done.stdout


@pytest.mark.parametrize("moment", MOMENTS)
def test_killed_follow_up_is_carried_out_once(
    moment: str, embedded: Backend, new_site: NewSite, tmp_path: Path
) -> None:
    """After a kill -9 at a durable step the next process ends it, with one paper."""
    site = new_site(embedded)
    _answered_with_an_open_order(site)
    _let_a_day_pass(site)

    death = site.start(KILL_AT=moment).wait()
    child = site.start()
    site.wait(lambda: _closed(site) or not child.is_running)
    child.stop()

    assert death == -SIGKILL
    _check(site, tmp_path)
