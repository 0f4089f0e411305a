"""Zendesk: users and their tickets, deleted softly, then for good."""

from connectors.zendesk.connector import Zendesk

__all__ = ["Zendesk"]
