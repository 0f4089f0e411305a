"""Prove what the project promises."""
