"""
How each vendor speaks OpenDSR, as data: a new one is a table, never a branch.

Read 2026-11: the specification's repository, docs.mparticle.com (DSR API v3),
dev.appsflyer.com with its OpenAPI file, and gdpr.singular.net/api/gdpr/discovery.
Every member can be set otherwise for one account in the register (`differs`).
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from schemas.connecting import CUSTOMER_ID, EMAIL, IdentifierType

Format = Literal["raw", "sha256", "sha1", "md5"]
Plain = str | int | bool


class State(StrEnum):
    """Every state of a request (OpenDSR 2.0, section 8.5); there is no failed one."""

    PENDING = "pending"
    IN_PROGRESS = "in_progress"
    COMPLETED = "completed"
    CANCELLED = "cancelled"


# Types of the specification that only a processor of apps knows.
DEVICE_TYPES = (
    "android_advertising_id",
    "android_id",
    "fire_advertising_id",
    "ios_advertising_id",
    "ios_vendor_id",
    "microsoft_advertising_id",
    "microsoft_publisher_id",
    "roku_advertising_id",
    "roku_publisher_id",
)
OWN_TYPES = (*DEVICE_TYPES, "appsflyer_id", "mpid")


def own_type(name: str) -> IdentifierType:
    """Return the identifier type for an identity that only OpenDSR knows."""
    return IdentifierType(f"opendsr.{name}")


_STANDARD: Mapping[IdentifierType, str] = MappingProxyType(
    {
        EMAIL: "email",
        CUSTOMER_ID: "controller_customer_id",
        **{own_type(name): name for name in DEVICE_TYPES},
    }
)


class Differences(BaseModel):
    """What the register may set otherwise for one account; each member replaces."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    requests: str | None = Field(default=None, pattern=r"[a-z_]{1,40}")
    api_version: str | None = None
    identities: Literal["list", "map"] | None = None
    types: Mapping[IdentifierType, str] | None = None
    formats: Mapping[str, Format] | None = None
    statuses: Mapping[str, State] | None = None
    not_found: int | None = Field(default=None, ge=400, le=499)
    extensions: Mapping[str, Mapping[str, Plain]] | None = None
    processor_domain: str | None = None
    certificate_host: str | None = None


class Dialect(BaseModel):
    """One vendor's way of speaking OpenDSR."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    # The last part of the path: "/requests" below the base URL.
    requests: str = "requests"
    api_version: str | None = "2.0"
    # `list` of {identity_type, identity_value, identity_format}, or a `map` by type
    # with {value, encoding}: then one of each type at most.
    identities: Literal["list", "map"] = "list"
    # Our identifier types, and what they are called there.
    types: Mapping[IdentifierType, str] = Field(default_factory=lambda: dict(_STANDARD))
    # How their types are given; `raw` where absent.
    formats: Mapping[str, Format] = {}
    # Other spellings of states.
    statuses: Mapping[str, State] = {}
    # Which code says that there is no such request.
    not_found: int = 404
    extensions: Mapping[str, Mapping[str, Plain]] = {}
    # Who signs, and the host that has its certificate where that is another one.
    processor_domain: str | None = None
    certificate_host: str | None = None
    # Names of the headers that carry domain and signature, newest first.
    header_prefixes: tuple[str, ...] = ("x-opendsr", "x-opengdpr")

    def with_differences(self, differs: Differences) -> Dialect:
        """Return the dialect with what the register sets otherwise."""
        changes = {
            name: value
            for name in type(differs).model_fields
            if (value := getattr(differs, name)) is not None
        }
        return self.model_copy(update=changes)

    def state(self, word: str) -> State | None:
        """Return the state that *word* means, or nothing where none is documented."""
        known = State.__members__.values()
        return self.statuses.get(word) or next((s for s in known if s == word), None)


DIALECTS: Mapping[str, Dialect] = MappingProxyType(
    {
        "opendsr": Dialect(),
        "mparticle": Dialect(
            api_version="3.0",
            identities="map",
            types={**_STANDARD, own_type("mpid"): "mpid"},
            processor_domain="opendsr.mparticle.com",
            # Against the specification, which wants the discovery's own domain.
            certificate_host="static.mparticle.com",
        ),
        "appsflyer": Dialect(
            requests="opendsr_requests",
            types={
                CUSTOMER_ID: "customer_user_id",
                **{own_type(name): name for name in DEVICE_TYPES},
                own_type("appsflyer_id"): "appsflyer_id",
            },
            statuses={
                "in-progress": State.IN_PROGRESS,
                "canceled": State.CANCELLED,
            },
            not_found=400,
            processor_domain="hq1.appsflyer.com",
        ),
        # No certificate, so nothing that it says by itself can be verified.
        "singular": Dialect(
            api_version="0.1.4",
            types={
                CUSTOMER_ID: "user_id",
                **{own_type(name): name for name in DEVICE_TYPES},
            },
        ),
    }
)
