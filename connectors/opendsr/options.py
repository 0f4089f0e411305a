"""What the register says of one OpenDSR account."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Literal, Self
from urllib.parse import urlsplit

from pydantic import Field, model_validator

from connectors.base import Options
from connectors.durations import Duration
from connectors.opendsr.dialects import DIALECTS, Dialect, Differences, Plain
from connectors.opendsr.signatures import store_of

RECORD_CLASSES = frozenset(
    {"analytics_profile", "customer_account", "marketing_profile"}
)


class OpenDsrOptions(Options):
    """
    What the register may set for one account.

    `callback_url` is our own public address of `/callbacks/<account>`; without it
    nothing is called back and a line reaches E2.  `fields` go into every request beside
    the protocol's own (AppsFlyer's `property_id`).  `roots_pem` replaces the public
    authorities for a processor that has its own.
    """

    dialect: Literal["opendsr", "mparticle", "appsflyer", "singular"] = "opendsr"
    differs: Differences = Differences()
    regulation: Literal["gdpr", "ccpa"] = "gdpr"
    export_type: Literal["access", "portability"] = "access"
    record_class: str = "marketing_profile"
    fields: Mapping[str, Plain] = {}
    callback_url: str | None = None
    roots_pem: str | None = None
    check_after: Duration = Field(default=timedelta(hours=6), gt=timedelta(0))
    # The same identities are in an open request there already (mParticle: 409).
    busy_after: Duration = Field(default=timedelta(days=1), gt=timedelta(0))

    @property
    def speaks(self) -> Dialect:
        """The dialect with what is different for this account."""
        return DIALECTS[self.dialect].with_differences(self.differs)

    @model_validator(mode="after")
    def _fits(self) -> Self:
        """Refuse what could never work, at the start."""
        if self.record_class not in RECORD_CLASSES:
            raise ValueError(f"record_class: use one of {sorted(RECORD_CLASSES)}")
        taken = sorted(set(self.fields) & _OURS)
        if taken:
            raise ValueError(f"fields: {', '.join(taken)} is the protocol's own")
        if self.roots_pem is not None:
            store_of(self.roots_pem)
        self._check_callbacks()
        return self

    def _check_callbacks(self) -> None:
        """Refuse an address at which nobody could be verified."""
        if self.callback_url is None:
            return
        if self.speaks.processor_domain is None:
            raise ValueError("callback_url: name differs.processor_domain, who signs")
        parts = urlsplit(self.callback_url)
        if parts.scheme != "https" or "/callbacks/" not in parts.path:
            raise ValueError("callback_url: write https://…/callbacks/<account>")


_OURS = frozenset(
    {
        *("api_version", "extensions", "regulation", "status_callback_urls"),
        *("subject_identities", "subject_request_id", "subject_request_type"),
        "submitted_time",
    }
)
