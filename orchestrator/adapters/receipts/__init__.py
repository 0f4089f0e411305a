"""Signed statements, and the log that proves none was altered, moved or left out."""
