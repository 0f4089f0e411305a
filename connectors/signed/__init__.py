"""Signed and sealed words between us and systems of one's own."""
