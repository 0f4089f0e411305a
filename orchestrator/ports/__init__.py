"""
What the engine and the stages need of the outside, as protocols.

Adapters fulfil them; tests may too.  Everything that goes through a `Transaction` is
durable together or not at all.
"""

from orchestrator.ports.brakes import (
    BrakeKey,
    Brakes,
    Counted,
    LetGo,
    Pull,
)
from orchestrator.ports.claims import (
    CallsFor,
    Choose,
    Claims,
    Gather,
    Heard,
)
from orchestrator.ports.clock import (
    Clock,
)
from orchestrator.ports.inbox import (
    Channel,
    Ending,
    Inbox,
    Letter,
    Word,
)
from orchestrator.ports.requests import (
    EventMark,
    Requests,
    SaidEvent,
)
from orchestrator.ports.room import (
    Bounds,
    Cause,
    Room,
    Unkept,
)
from orchestrator.ports.store import (
    Store,
    Transaction,
)
from orchestrator.ports.values import (
    RECOVERED,
    AccountState,
    Artifact,
    Call,
    CallMember,
    Claimed,
    Due,
    KnownRequest,
    OutgoingMessage,
    Quarantined,
    SignedStatement,
    UnsentMessage,
    VaultEntry,
    WrappedKey,
)
from orchestrator.ports.vault import (
    Artifacts,
    CopyPart,
    LockedKeys,
    OpenVault,
    Packing,
    Sealer,
    Tombstones,
    Vault,
)
from orchestrator.ports.writes import (
    AcceptCall,
    CloseCall,
    DestroyKey,
    EndLetter,
    FinishArtifact,
    ForgetRecord,
    ForgetRequestRecord,
    LockKey,
    PutEntry,
    PutKey,
    PutLetter,
    PutStatement,
    PutTombstone,
    UnlockKey,
    Write,
)

__all__ = [
    "RECOVERED",
    "AcceptCall",
    "AccountState",
    "Artifact",
    "Artifacts",
    "Bounds",
    "BrakeKey",
    "Brakes",
    "Call",
    "CallMember",
    "CallsFor",
    "Cause",
    "Channel",
    "Choose",
    "Claimed",
    "Claims",
    "Clock",
    "CloseCall",
    "CopyPart",
    "Counted",
    "DestroyKey",
    "Due",
    "EndLetter",
    "Ending",
    "EventMark",
    "FinishArtifact",
    "ForgetRecord",
    "ForgetRequestRecord",
    "Gather",
    "Heard",
    "Inbox",
    "KnownRequest",
    "LetGo",
    "Letter",
    "LockKey",
    "LockedKeys",
    "OpenVault",
    "OutgoingMessage",
    "Packing",
    "Pull",
    "PutEntry",
    "PutKey",
    "PutLetter",
    "PutStatement",
    "PutTombstone",
    "Quarantined",
    "Requests",
    "Room",
    "SaidEvent",
    "Sealer",
    "SignedStatement",
    "Store",
    "Tombstones",
    "Transaction",
    "Unkept",
    "UnlockKey",
    "UnsentMessage",
    "Vault",
    "VaultEntry",
    "Word",
    "WrappedKey",
    "Write",
]
