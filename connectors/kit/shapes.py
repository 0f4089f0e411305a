"""What the author of a new connector says of its vendor."""

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
