"""
Every setting of a process, from environment variables that begin with `ERASURE_`.

Read once, in `bootstrap`, and handed on as values.  What belongs to controllers and
accounts is in the register instead.  A secret may be written as `file:/PATH` or
`env:NAME`, so that an orchestrator's own secret files need no other mechanism.

A new setting is a field of `process` or of the part that it belongs to (`kafka`,
`keeping`, `stamping`); what its value may be is in `kinds`.
"""

from orchestrator.settings.kinds import KeptSecret, LogFormat, Unsigned
from orchestrator.settings.loading import load_settings
from orchestrator.settings.process import Settings, variable_of

UNSIGNED_TAKEN = (
    "Unsigned requests are taken (ERASURE_UNSIGNED_REQUESTS=take): whoever can write to"
    " the topic can have anybody erased; for trials only."
)

__all__ = [
    "UNSIGNED_TAKEN",
    "KeptSecret",
    "LogFormat",
    "Settings",
    "Unsigned",
    "load_settings",
    "variable_of",
]
