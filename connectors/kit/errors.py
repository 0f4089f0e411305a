"""What the kit tells an author."""

from __future__ import annotations


class KitError(Exception):
    """It cannot be done; the message is a whole sentence that says what to change."""
