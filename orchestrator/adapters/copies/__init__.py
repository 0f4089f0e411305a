"""The package that a person gets with a copy of their data."""
