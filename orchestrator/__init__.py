"""Carry out and prove data-subject requests in every account that holds the data."""
