"""Describe what crosses a process border."""
