"""
A Kafka that asks who is there: TLS, logins and access rights, as a managed one has.

It has several doors, each a listener of its own; `bootstrap` is the one inside, where
a test may do everything.
"""

from __future__ import annotations

import shlex
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, Final

from kafka.admin import (
    ACL,
    ACLFilter,
    ACLOperation,
    ACLPermissionType,
    ACLResourcePatternType,
    KafkaAdminClient,
    ResourcePattern,
    ResourcePatternFilter,
    ResourceType,
    UserScramCredentialUpsertion,
)

from orchestrator.adapters.kafka import KafkaSettings, KafkaTopics
from orchestrator.ports.event_log import LogUnavailable
from tests.connectors.authority import LAPSED, Authority
from tests.support.broker import Broker
from tests.support.logs import eventually
from tests.support.processes import free_port

HOST: Final = "127.0.0.1"
USER: Final = "erasure"
PASSWORD: Final = "canary-of-a-broker"
CERTIFIED: Final = "erasure-by-certificate"
PRINCIPALS: Final = (f"User:{USER}", f"User:CN={CERTIFIED}")

_PATIENCE: Final = 60  # seconds
_SCRAM: Final = "SCRAM-SHA-512"
_DOORS: Final = {
    "login": "SASL_SSL",
    "certificate": "SSL",
    "lapsed": "SSL",
    "stranger": "SSL",
}
_PROPERTIES: Final = """
listeners=PLAINTEXT://{inside},CONTROLLER://{controller},{doors}
advertised.listeners=PLAINTEXT://{inside},{doors}
listener.security.protocol.map=PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT,{protocols}
authorizer.class.name=org.apache.kafka.metadata.authorizer.StandardAuthorizer
super.users=User:ANONYMOUS
ssl.truststore.type=PEM
ssl.truststore.location={cafile}
listener.name.login.sasl.enabled.mechanisms=SCRAM-SHA-512,PLAIN
listener.name.login.scram-sha-512.sasl.jaas.config={module}.scram.ScramLoginModule \
required;
listener.name.login.plain.sasl.jaas.config={module}.plain.PlainLoginModule required \
user_{user}="{password}";
listener.name.certificate.ssl.client.auth=required
"""
_KEYS: Final = """
listener.name.{door}.ssl.keystore.type=PEM
listener.name.{door}.ssl.keystore.location={file}
"""


class SecureBroker(Broker):
    """
    A broker with access rights, of which nobody from outside has any at first.

    Doors: `login` (TLS, then a password: SCRAM-SHA-512 or PLAIN), `certificate` (TLS
    on both sides), and two that nobody should enter: `lapsed` (its certificate is over)
    and `stranger` (its certificate is another host's).
    """

    def __init__(self, folder: Path) -> None:
        super().__init__()
        authority = Authority(folder)
        self.cafile = authority.file
        self.client_pem = authority.certified(CERTIFIED)
        self._ports = {door: free_port() for door in _DOORS}
        ours = authority.certified("localhost", HOST)
        files = {
            "login": ours,
            "certificate": ours,
            "lapsed": authority.certified(HOST, ends=LAPSED),
            "stranger": authority.certified("elsewhere.example"),
        }
        self.more = _PROPERTIES.format(
            inside=f"{HOST}:{self.port}",
            controller=f"{HOST}:{self.controller_port}",
            doors=",".join(f"{door.upper()}://{self.door(door)}" for door in _DOORS),
            protocols=",".join(f"{d.upper()}:{what}" for d, what in _DOORS.items()),
            module="org.apache.kafka.common.security",
            user=USER,
            password=PASSWORD,
            cafile=self.cafile,
        ) + "".join(_KEYS.format(door=d, file=file) for d, file in files.items())

    def door(self, name: str) -> str:
        """Return the bootstrap address of a door."""
        return f"{HOST}:{self._ports[name]}"

    def set_password(self, password: str) -> None:
        """Let our user in with *password* and no other, by SCRAM-SHA-512, from now."""
        wanted = UserScramCredentialUpsertion(USER, _SCRAM, password)
        self.ask(lambda admin: admin.alter_user_scram_credentials([wanted]))
        settings = KafkaSettings(
            self.door("login"),
            security_protocol="SASL_SSL",
            sasl_mechanism=_SCRAM,
            sasl_username=USER,
            sasl_password=password,
            ssl_cafile=str(self.cafile),
        )
        eventually(lambda: _is_let_in(settings), _PATIENCE, "the password to be taken")

    def allow(self, commands: Sequence[str]) -> None:
        """Give our users the rights of these `kafka-acls.sh` commands, from now."""
        rights = {right for line in commands for right in _rights(line)}
        granted = self.ask(lambda admin: admin.create_acls(list(rights)))
        assert not granted["failed"], granted
        eventually(lambda: self._rights() >= rights, _PATIENCE, "the rights to count")

    def _rights(self) -> set[ACL]:
        """Return the rights that the broker goes by."""
        every = ACLFilter(
            None,
            None,
            ACLOperation.ANY,
            ACLPermissionType.ANY,
            ResourcePatternFilter(ResourceType.ANY, None, ACLResourcePatternType.ANY),
        )
        found, _ = self.ask(lambda admin: admin.describe_acls(every))
        return set(found)

    def ask(self, question: Callable[[Any], Any]) -> Any:  # noqa: ANN401 (kafka-python has no types)
        """Let somebody who may do everything do something."""
        admin = KafkaAdminClient(bootstrap_servers=self.bootstrap)
        try:
            return question(admin)
        finally:
            admin.close()


def _is_let_in(settings: KafkaSettings) -> bool:
    try:
        KafkaTopics(settings).missing([])
    except LogUnavailable:
        return False
    return True


def _rights(command: str) -> Iterator[ACL]:
    """Read one `kafka-acls.sh --add` command, for each of our users."""
    words = iter(shlex.split(command))
    operations: list[str] = []
    patterns: list[tuple[str, str]] = []
    way = "literal"
    for word in words:
        if word == "--operation":
            operations.append(next(words))
        elif word in {"--topic", "--group"}:
            patterns.append((word[2:], next(words)))
        elif word == "--resource-pattern-type":
            way = next(words)
    for principal in PRINCIPALS:
        for kind, name in patterns:
            for operation in operations:
                yield ACL(
                    principal=principal,
                    host="*",
                    operation=ACLOperation[operation.upper()],
                    permission_type=ACLPermissionType.ALLOW,
                    resource_pattern=ResourcePattern(
                        ResourceType[kind.upper()],
                        name,
                        ACLResourcePatternType[way.upper()],
                    ),
                )
