"""What the author of a connector may say on the command line."""

from __future__ import annotations

from enum import StrEnum


class Auth(StrEnum):
    """How the vendor wants to be told who asks."""

    BEARER = "bearer"
    BASIC = "basic"
    API_KEY = "api-key"
    OAUTH2 = "oauth2"


class Shape(StrEnum):
    """How the vendor erases."""

    DIRECT = "direct"  # the answer says that one record is gone
    JOB = "job"  # a job is accepted and asked about later
    BATCH = "batch"  # many people in one call, a result for each
    MANUAL = "manual"  # it has no API: a person does it


class Step(StrEnum):
    """What a connector under development does first."""

    PING = "ping"
    LOCATE = "locate"
    EXPORT = "export"
    ERASE = "erase"
    LOOK = "look"
    ALL = "all"
