"""The fakes behind the demo's accounts: which, with what credentials, how disturbed."""

from __future__ import annotations

from base64 import b64decode
from collections.abc import Callable, Mapping
from hashlib import sha256
from typing import Any, Final

from connectors.fakes import (
    amplitude,
    commercetools,
    desk,
    hubspot,
    iterable,
    klaviyo,
    mixpanel,
    notify,
    opendsr,
    opendsr_signing,
    participant,
    vtex,
    webhook,
    zendesk,
)
from connectors.fakes.faults import Fault, FaultKind
from connectors.fakes.frame import FakeProcessor

LEDGER: Final = "refunds"  # a database, and no fake
DESKS: Final = frozenset({"events", "delivery"})
PARTICIPANT: Final = "returns"
TOLD: Final = "ads"
CALLING_BACK: Final = "cdp"

FAKES: Final[Mapping[str, Callable[[], FakeProcessor]]] = {
    "hubspot": hubspot.app,
    "klaviyo": klaviyo.app,
    "iterable": iterable.app,
    "ads": notify.app,
    "mixpanel": mixpanel.app,
    "amplitude": amplitude.app,
    "cdp": opendsr.app,
    "events": desk.app,
    "bookings": webhook.app,
    "commercetools": commercetools.app,
    "vtex": vtex.app,
    "delivery": desk.app,
    "returns": participant.app,
    "zendesk": zendesk.app,
}
SECRETS: Final[Mapping[str, Mapping[str, str]]] = {
    "hubspot": {"token": hubspot.TOKEN},
    "klaviyo": {"token": klaviyo.API_KEY},
    "iterable": {"token": iterable.API_KEY},
    "ads": {"token": notify.TOKEN},
    "mixpanel": {"token": mixpanel.OAUTH_TOKEN},
    "amplitude": {
        "project_key": amplitude.PROJECT_KEY,
        "org_key": amplitude.ORG_KEY,
    },
    "cdp": {"authorization": opendsr.AUTHORIZATION},
    "bookings": {"token": webhook.TOKEN},
    "commercetools": {
        "client_id": commercetools.CLIENT_ID,
        "client_secret": commercetools.CLIENT_SECRET,
    },
    "vtex": {"app_key": vtex.APP_KEY, "app_token": vtex.APP_TOKEN},
    "zendesk": {"authorization": zendesk.AUTHORIZATION},
}
# What each system calls the account; the desks are called as in the example register.
INSTALLATIONS: Final[Mapping[str, str]] = {
    "hubspot": str(hubspot.PORTAL_ID),
    "klaviyo": klaviyo.ACCOUNT,
    "iterable": iterable.INSTALLATION,
    "ads": notify.NAME,
    "mixpanel": str(mixpanel.PROJECT_ID),
    "cdp": opendsr_signing.DOMAIN,
    "bookings": webhook.NAME,
    "commercetools": commercetools.PROJECT,
    "vtex": vtex.ACCOUNT,
    "returns": sha256(b64decode(participant.SEALING_KEY)).hexdigest()[:16],
    "zendesk": zendesk.ACCOUNT,
}
MIXPANEL_PROJECT_TOKEN: Final = mixpanel.PROJECT_TOKEN
AMPLITUDE_PROJECT: Final = amplitude.PROJECT
TEAM_KEYS: Final = {
    "ads": notify.TEAM_KEY,
    "bookings": webhook.TEAM_KEY,
    "returns": participant.SIGNING_KEY,
}
SEALING_KEY: Final = participant.SEALING_KEY

DISTURBANCES: Final[Mapping[str, Fault]] = {
    "hubspot": Fault(kind=FaultKind.FAIL, operation="search", times=2),
    "klaviyo": Fault(
        kind=FaultKind.THROTTLE, operation="search_profiles", retry_after="1"
    ),
    "ads": Fault(kind=FaultKind.LOSE_ANSWER, operation="tell"),
}
# Told to a fake before anything begins: the platform speaks its own dialect, and never
# says by itself that it is done.
COMMANDS: Final[Mapping[str, Mapping[str, Any]]] = {
    "cdp": {"dialect": "mparticle", "steps": 1_000_000},
}
