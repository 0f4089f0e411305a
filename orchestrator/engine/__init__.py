"""
The one transaction, and what stages do alike inside it.

`Engine.apply` is how a case moves (`applying`, `work`, `steps`).  Beside it stands what
several stages need and none may take from another: records taken once (`fresh`), room
for what nobody of ours sent (`bounding`), and what keeps a case that fails from
stopping the others (`apart`).
"""

from orchestrator.engine.applying import Engine
from orchestrator.engine.steps import Announcement, NewCase, Step, Stirred
from orchestrator.engine.work import Work

__all__ = ["Announcement", "Engine", "NewCase", "Step", "Stirred", "Work"]
