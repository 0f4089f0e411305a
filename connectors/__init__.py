"""Speak each processor's HTTP API, one module for each processor."""
