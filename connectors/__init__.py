"""Speak each processor's own API, one module or package for each processor."""
