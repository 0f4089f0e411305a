"""Klaviyo: profiles of an account, erased by a job for each person."""

from connectors.klaviyo.connector import Klaviyo

__all__ = ["Klaviyo"]
