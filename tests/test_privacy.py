"""
The canary: after runs with every kind of failure nobody can be found anywhere.

One invented person goes through everything that can go wrong.  Then every byte that was
left, and every line that was said, is searched for what identifies them.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from signal import SIGKILL
from typing import Any
from urllib.parse import parse_qsl, unquote

from starlette.responses import JSONResponse, Response

from connectors.fakes.faults import Fault, FaultKind
from connectors.fakes.frame import Seen
from connectors.fakes.hubspot import FakeHubSpot
from connectors.registry import connectors
from schemas.connecting import Operation
from schemas.topics import CASE_EVENTS
from tests.support.broker import Broker
from tests.support.canary import CANARY, found_in
from tests.support.canary_places import (
    found_at,
    found_in_process,
    found_on_servers,
    segments,
)
from tests.support.people import a_submission, held_of, settle_in
from tests.support.postgres import Postgres
from tests.support.site import Backend, Site
from tests.support.site_fixtures import NewSite
from tests.support.site_register import RegisterText

NOWHERE: dict[str, object] = {"visible": [], "meanwhile": {}, "after": {}}


class LoudHubSpot(FakeHubSpot):
    """Repeats in every error all that it knows."""

    def refusal(self, status: int) -> Response:
        """Quote the people of the account."""
        said = json.dumps(self.data["contacts"])
        return JSONResponse({"message": said, "category": said}, status)


def _asked_in_every_way(site: Site) -> None:
    """Let the canary ask for a copy and an erasure, and be misunderstood."""
    settle_in(site.fakes, [CANARY], whole=True)
    good = a_submission(CANARY, "access", "erasure")
    conflicting = a_submission(CANARY, "erasure", event_id="another", channel="phone")
    nobodys = a_submission(
        CANARY, request_id="6f0e0d3c-8f5a-4f2b-9a55-0c1d7a1e4b11", controller="nobody"
    )
    broken = a_submission(
        CANARY,
        request_id="6f0e0d3c-8f5a-4f2b-9a55-0c1d7a1e4b12",
        locale=CANARY.email,
        event_id=CANARY.email,
    )
    site.publish(good, conflicting, nobodys, broken)


def _everything_fails() -> Iterable[tuple[str, Fault]]:
    """Yield a few of each fault for each processor."""
    for name in ("hubspot", "klaviyo", "mixpanel", "commercetools"):
        for kind in (
            FaultKind.FAIL,
            FaultKind.FAIL_AFTER,
            FaultKind.THROTTLE,
            FaultKind.LOSE_ANSWER,
            FaultKind.GARBAGE,
            FaultKind.TRUNCATE,
            FaultKind.UNAUTHORISED,
        ):
            yield name, Fault(kind=kind, skip=3, retry_after="0")


def _run(site: Site) -> dict[str, Any]:
    """Run with failures, a kill and a restart; return what stood about meanwhile."""
    temporary = site.folder / "tmp"
    temporary.mkdir()
    extra = {"ERASURE_LOG_LEVEL": "debug", "TMPDIR": str(temporary)}
    _asked_in_every_way(site)
    for name, fault in _everything_fails():
        site.fakes[name].faults.add(fault)
    child = site.start(KILL_AT="before commit: INSERT INTO statements #1", **extra)
    visible = found_in_process(child.pid)
    assert child.wait() == -SIGKILL
    meanwhile = found_at(site)
    if site.backend.is_embedded:
        names = {path.name for path in site.folder.iterdir()}
        assert {"erasure.db", "erasure.db-wal", "erasure.db-shm"} <= names
    site.run_until_over(1, **extra)
    return {"visible": visible, "meanwhile": meanwhile, "after": found_at(site)}


def _misplaced(site: Site) -> list[tuple[str, str]]:
    """Name the operations whose URLs identify the canary without being declared."""
    found = []
    for name, fake in site.fakes.items():
        operations = connectors()[name].spec.operations
        for seen in fake.log:
            declared = operations.get(seen.operation)
            if not _is_declared(seen, declared):
                found.append((name, seen.operation))
    return found


def _is_declared(seen: Seen, declared: Operation | None) -> bool:
    """Tell whether the URL names nobody, or only where the connector's spec says."""
    identifies = declared.identifies if declared else frozenset()
    if found_in(unquote(seen.path).encode()):
        template = declared.path if declared else ""
        if not any(f"{{{name}}}" in template for name in identifies):
            return False
    return all(
        name in identifies
        for name, value in parse_qsl(seen.query)
        if found_in(value.encode())
    )


def _is_well(site: Site) -> None:
    """Check that the run was a real one: all refused, erased, kept and told."""
    (receipt,) = site.receipts().values()
    assert receipt.result == "complete_with_retention"
    assert held_of(site.fakes, CANARY) == ["commercetools"]
    assert site.count("SELECT count(*) FROM quarantine") == 3
    assert _misplaced(site) == []
    assert any(found_in(seen.query.encode()) for seen in site.fakes["klaviyo"].log)


def test_canary_stands_in_clear_nowhere_on_one_machine(
    embedded: Backend, new_site: NewSite
) -> None:
    """Not in the database, its WAL, logs at DEBUG, temporary files or what we said."""
    site = new_site(
        embedded, RegisterText(keeps_orders=True), {"hubspot": LoudHubSpot()}
    )

    found = _run(site)

    _is_well(site)
    assert found == NOWHERE


def test_canary_stands_in_clear_nowhere_on_many_nodes(
    distributed: Backend, new_site: NewSite, postgres: Postgres, broker: Broker
) -> None:
    """Not in PostgreSQL's files, nor in the segments of our own Kafka topics."""
    site = new_site(
        distributed, RegisterText(keeps_orders=True), {"hubspot": LoudHubSpot()}
    )

    found = _run(site)
    servers = found_on_servers(postgres, broker, distributed.database_url)

    _is_well(site)
    assert found == NOWHERE
    assert servers == {}
    assert any(name.startswith(CASE_EVENTS) for name in segments(broker))
    # The portal's own topic holds the request: it is the proof that we look well.
    assert any(traits for traits in segments(broker).values())
