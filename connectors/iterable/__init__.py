"""Iterable: users of a project, forgotten, or deleted and suppressed."""

from connectors.iterable.connector import Iterable

__all__ = ["Iterable"]
