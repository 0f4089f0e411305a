"""HubSpot: contacts, each erased for good by itself."""

from connectors.hubspot.connector import HubSpot

__all__ = ["HubSpot"]
