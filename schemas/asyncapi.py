"""
Describe the topics and their messages as an AsyncAPI 3.1.0 document.

A description for people and tools; nothing reads it at run time.  Source:
https://www.asyncapi.com/docs/reference/specification/v3.1.0, Kafka bindings 0.5.0,
read 2026-11.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel

from schemas.case_events import CASE_EVENTS
from schemas.checkpoints import LOG_CHECKPOINTED
from schemas.cloudevents import ALLOWED_ID, ALLOWED_SOURCE, CONTENT_TYPE
from schemas.fields import INSTANT_PATTERN
from schemas.instructions import INSTRUCTION_ANSWERED, INSTRUCTION_ISSUED
from schemas.later_words import LATER_TYPES
from schemas.receipts import RECEIPT_SEALED
from schemas.requests import PrivacyRequest
from schemas.signed_events import SIGNED_CONTENT_TYPE
from schemas.topics import CASE_EVENTS as CASE_EVENTS_TOPIC
from schemas.topics import (
    CONFIRMATIONS,
    EVERY_TOPIC,
    RECEIPTS,
    REQUESTS,
    Topic,
    instructions_topic,
)
from schemas.withdrawals import RequestWithdrawal

BINDING_VERSION = "0.5.0"
_DESCRIPTION = """\
Requests of verified persons come in; what became of them, and signed receipts, go out.
Systems of one's own may be instructed by topic, and answer.

What a portal says is a DSSE envelope around a CloudEvent 1.0 in JSON, signed by a
publisher of the register; `x-signed-data` names the schema of the event's data, whose
identifying members may be sealed (`subject_sealed`). Every other record is a CloudEvent
in binary mode: attributes as `ce_` headers, JSON as value. Consumers ignore members
they do not know; members are added, never renamed; a break is a new type version. No
event but `privacy.request.submitted.v1` and `privacy.request.amended.v1` holds personal
data in clear, and those may be sealed. Delivery is at least once:
`(ce_source, ce_id)` names an event."""

_INSTRUCTED = instructions_topic("{account}")
SIGNED_ENVELOPE = "producer/signed-envelope.v1.json"
FROM_PORTAL = (PrivacyRequest.TYPE, RequestWithdrawal.TYPE, *LATER_TYPES)

# Topic -> (our part in it, the types it carries).
CARRIES: Mapping[str, tuple[str, tuple[str, ...]]] = {
    REQUESTS: ("receive", FROM_PORTAL),
    CASE_EVENTS_TOPIC: ("send", tuple(CASE_EVENTS)),
    RECEIPTS: ("send", (RECEIPT_SEALED, LOG_CHECKPOINTED)),
    _INSTRUCTED: ("send", (INSTRUCTION_ISSUED,)),
    CONFIRMATIONS: ("receive", (INSTRUCTION_ANSWERED,)),
}


_RECEIVED = {*FROM_PORTAL, INSTRUCTION_ANSWERED}


def asyncapi(models: Mapping[str, type[BaseModel]]) -> dict[str, Any]:
    """Describe every topic; *models* are the event types and their data."""
    return {
        "asyncapi": "3.1.0",
        "info": {
            "title": "Erasure orchestrator",
            "version": "1.0.0",
            "description": _DESCRIPTION,
            "license": {"name": "Apache-2.0"},
        },
        "defaultContentType": CONTENT_TYPE,
        "channels": {_id(topic.name): _channel(topic) for topic in EVERY_TOPIC},
        "operations": {_id(topic.name): _operation(topic) for topic in EVERY_TOPIC},
        "components": {
            "messages": {
                type_: _message(type_, model) for type_, model in models.items()
            }
        },
    }


def _id(name: str) -> str:
    """Name a channel: `privacy.case-events` is `caseEvents`."""
    plain = name.removeprefix("privacy.").removesuffix(".{account}")
    first, *others = plain.split("-")
    return first + "".join(word.capitalize() for word in others)


def _channel(topic: Topic) -> dict[str, Any]:
    """Describe one topic and how it is set up."""
    config = topic.config
    return {
        "address": topic.name,
        **_parameters(topic),
        "description": f"{topic.description} Written by: {', '.join(topic.writers)}."
        f" Read by: {', '.join(topic.readers)}. Key: {topic.key}",
        "messages": {
            type_: {"$ref": f"#/components/messages/{type_}"}
            for type_ in CARRIES[topic.name][1]
        },
        "bindings": {
            "kafka": {
                "topic": topic.name,
                "partitions": topic.partitions,
                "topicConfiguration": {
                    "cleanup.policy": [config["cleanup.policy"]],
                    "retention.ms": int(config["retention.ms"]),
                    "max.message.bytes": int(config["max.message.bytes"]),
                },
                "bindingVersion": BINDING_VERSION,
            }
        },
    }


def _parameters(topic: Topic) -> dict[str, Any]:
    """Describe the part of an address that differs by participant."""
    if "{account}" not in topic.name:
        return {}
    told = {"description": "The register's name of the instructed account."}
    return {"parameters": {"account": told}}


def _operation(topic: Topic) -> dict[str, Any]:
    """Say what this system does with the topic."""
    action, types = CARRIES[topic.name]
    channel = f"#/channels/{_id(topic.name)}"
    return {
        "action": action,
        "summary": topic.description,
        "channel": {"$ref": channel},
        "messages": [{"$ref": f"{channel}/messages/{type_}"} for type_ in types],
    }


def _message(type_: str, model: type[BaseModel]) -> dict[str, Any]:
    """Describe one event type: its headers, and where the schema of its data lies."""
    side = "producer" if type_ in _RECEIVED else "consumer"
    is_signed = type_ in FROM_PORTAL
    data = f"./{side}/{type_}.json"
    return {
        "name": type_,
        "title": model.__name__,
        "summary": (model.__doc__ or "").strip().splitlines()[0],
        "contentType": SIGNED_CONTENT_TYPE if is_signed else CONTENT_TYPE,
        "headers": _signed_headers(type_) if is_signed else _headers(type_),
        "payload": {
            "schemaFormat": "application/schema+json;version=draft-2020-12",
            "schema": {"$ref": f"./{SIGNED_ENVELOPE}" if is_signed else data},
        },
        **({"x-signed-data": data} if is_signed else {}),
        "bindings": {
            "kafka": {"key": {"type": "string"}, "bindingVersion": BINDING_VERSION}
        },
    }


def _signed_headers(type_: str) -> dict[str, Any]:
    """Describe the headers of a signed event: the others only repeat what is signed."""
    described = _headers(type_)
    kind = {"const": SIGNED_CONTENT_TYPE}
    properties = {**described["properties"], "content-type": kind}
    return {**described, "properties": properties, "required": ["content-type"]}


def _headers(type_: str) -> dict[str, Any]:
    """Describe the Kafka headers of one event type."""
    return {
        "type": "object",
        "properties": {
            "ce_specversion": {"const": "1.0"},
            "ce_id": {"type": "string", "pattern": f"^{ALLOWED_ID.pattern}$"},
            "ce_source": {"type": "string", "pattern": f"^{ALLOWED_SOURCE.pattern}$"},
            "ce_type": {"const": type_},
            "ce_time": {"type": "string", "pattern": INSTANT_PATTERN},
            "content-type": {"const": CONTENT_TYPE},
        },
        "required": [
            "ce_specversion",
            "ce_id",
            "ce_source",
            "ce_type",
            "content-type",
        ],
    }
