"""
The acceptance suite: what every connector must do, checked over real HTTP.

A connector's whole test is one subclass:

    class TestAcmeMail(ConnectorContract):
        \"\"\"Acme Mail keeps the promises every connector makes.\"\"\"

        connector = AcmeMail
        fake_app = staticmethod(connectors.fakes.acme_mail.app)
        secret_values: ClassVar = {"token": "acme-token"}
        installation = "acme-1"
        reading = "search"
        changing = "delete"

        def seed(self, fake, somebody): ...

pytest runs it, and `erasure connector test` does where there is no pytest.  Callbacks
and cancelling are not checked yet.
"""

from connectors.testing.bench import (
    BYSTANDER,
    CANARY,
    TASK,
    Bench,
    CollectingSink,
    FreeGate,
    MappingSecrets,
    Somebody,
    work_of,
)
from connectors.testing.contract import ConnectorContract
from connectors.testing.marks import each, raising
from connectors.testing.telling import TellingContract

__all__ = [
    "BYSTANDER",
    "CANARY",
    "TASK",
    "Bench",
    "CollectingSink",
    "ConnectorContract",
    "FreeGate",
    "MappingSecrets",
    "Somebody",
    "TellingContract",
    "each",
    "raising",
    "work_of",
]
