"""Carry out and prove data-subject requests across every account that holds the data."""
