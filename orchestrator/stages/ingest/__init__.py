"""Ingest: turn each record of the requests topic into a case, its end, or a refusal."""

from orchestrator.stages.ingest.opening import IngestParts, PlanFor
from orchestrator.stages.ingest.taking import Ingest

__all__ = ["Ingest", "IngestParts", "PlanFor"]
