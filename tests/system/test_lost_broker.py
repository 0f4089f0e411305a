"""One of three brokers is lost, then two: nothing is lost with them."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from orchestrator.adapters.kafka import KafkaTopics
from schemas.topics import REQUESTS, TOPICS
from tests.support.cluster import Cluster
from tests.support.people import Human, a_submission, held_of, humans, settle_in
from tests.support.site import Backend, Site
from tests.support.site_fixtures import NewSite
from tests.support.site_register import RegisterText

# One after the other, so that the loss falls into the middle of the work.
SLOW = RegisterText(rates='[{ limit = 30, per = "1s" }]', concurrency=2)
WITHOUT_READING = "work,sweep,seal,sequence,relay,forget"

# The library leaves the socket of a connection that was refused to the collector.
pytestmark = pytest.mark.filterwarnings("ignore:unclosed <socket:ResourceWarning")


@pytest.fixture(scope="module")
def cluster() -> Iterator[Cluster]:
    """Lend three brokers."""
    cluster = Cluster()
    try:
        cluster.start()
        yield cluster
    finally:
        cluster.remove()


@pytest.fixture
def site(cluster: Cluster, new_site: NewSite, database_url: str) -> Site:
    """Lend an installation on three brokers that have all of each other's records."""
    site = new_site(Backend(database_url, cluster.bootstrap), SLOW)
    site.wait(lambda: cluster.has_in_sync(3, REQUESTS))
    return site


def _is_whole(site: Site, people: list[Human]) -> None:
    """Check that each request has its one receipt, and that nothing is left."""
    receipts = site.receipts()
    assert set(receipts) == {human.request_id for human in people}
    assert {receipt.result for receipt in receipts.values()} == {"complete"}
    assert [human for human in people if held_of(site.fakes, human)] == []


def test_one_lost_broker_loses_nothing(site: Site, cluster: Cluster) -> None:
    """What waits at the lost one goes to another; each case has one receipt."""
    people, late = humans(10), humans(3, first=500)
    settle_in(site.fakes, people)
    settle_in(site.fakes, late)
    site.publish(*(a_submission(human) for human in people))
    child = site.start(ERASURE_LEASE="3s")
    site.wait(lambda: site.count("SELECT count(*) FROM cases") > 0)

    cluster.brokers[1].kill()
    topics = KafkaTopics(site.here.kafka)
    missing = [topics.missing(TOPICS) for _ in range(10)]  # whichever one is asked
    site.wait(lambda: cluster.has_in_sync(2, REQUESTS))
    site.publish(*(a_submission(human) for human in late))
    site.wait_until_over(13)

    assert missing == [[]] * 10
    assert child.is_running
    _is_whole(site, [*people, *late])
    assert child.stop() == 0
    cluster.brokers[1].start()


def test_too_few_replicas_are_waited_for(site: Site, cluster: Cluster) -> None:
    """Below `min.insync.replicas` all is done but told; the log says what is wrong."""
    people = humans(3)
    settle_in(site.fakes, people)
    site.publish(*(a_submission(human) for human in people))
    reader = site.start(STAGES="ingest")
    site.wait(lambda: site.count("SELECT count(*) FROM cases") == len(people))
    assert reader.stop() == 0

    for lost in cluster.brokers[1:]:
        lost.kill()
    site.wait(lambda: cluster.has_in_sync(1, REQUESTS))
    child = site.start(STAGES=WITHOUT_READING)
    site.wait(lambda: site.count("SELECT count(*) FROM statements") >= len(people))
    site.wait(lambda: "min.insync.replicas" in site.log.read_text())
    waiting = site.count("SELECT count(*) FROM outbox WHERE sent_at IS NULL")
    cluster.brokers[2].start()
    site.wait_until_over(len(people))

    assert waiting > len(people)
    assert child.is_running
    _is_whole(site, people)
    assert child.stop() == 0
    cluster.brokers[1].start()
