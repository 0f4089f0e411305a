"""Three brokers, of which one may be lost: every record is on two disks at least."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Final

from kafka.admin import KafkaAdminClient
from kafka.errors import KafkaError

from tests.support.broker import Broker, a_cluster

_PROPERTIES: Final = """
node.id={number}
controller.quorum.voters=1@127.0.0.1:{controller}
default.replication.factor=3
min.insync.replicas=2
offsets.topic.replication.factor=3
transaction.state.log.replication.factor=3
transaction.state.log.min.isr=2
"""
# Only the first one decides about the cluster, so that the others can be lost.
_FOLLOWS: Final = """
process.roles=broker
listeners=PLAINTEXT://127.0.0.1:{port}
"""


class Cluster:
    """
    Three brokers that copy each other; 2 of 3 must have what is acknowledged.

    The first one is the controller as well: kill the others.
    """

    def __init__(self) -> None:
        cluster = a_cluster()
        self.brokers = [Broker(cluster=cluster) for _ in range(3)]
        for number, broker in enumerate(self.brokers, start=1):
            broker.more = _PROPERTIES.format(
                number=number, controller=self.brokers[0].controller_port
            )
            if number > 1:
                broker.more += _FOLLOWS.format(port=broker.port)
        self.bootstrap = ",".join(broker.bootstrap for broker in self.brokers)

    def start(self) -> None:
        """Start all three and return once each is part of the cluster."""
        with ThreadPoolExecutor() as pool:
            list(pool.map(Broker.format, self.brokers))
        for broker in self.brokers:
            broker.launch()
        for broker in self.brokers:
            broker.await_start()

    def remove(self) -> None:
        """End all three and delete what they stored."""
        for broker in self.brokers:
            broker.remove()

    def has_in_sync(self, count: int, topic: str) -> bool:
        """Tell whether each partition of *topic* has just so many replicas in sync."""
        admin = KafkaAdminClient(bootstrap_servers=self.brokers[0].bootstrap)
        try:
            (described,) = admin.describe_topics([topic])
        except KafkaError:
            return False  # it asked one that is lost: not known
        finally:
            admin.close()
        parts = described["partitions"]
        return {len(part["isr_nodes"]) for part in parts} == {count}
