"""Mixpanel: people of a project by distinct id, erased and copied by jobs."""

from connectors.mixpanel.connector import Mixpanel

__all__ = ["Mixpanel"]
