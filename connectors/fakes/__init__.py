"""Imitate each processor with its state, its delays and its bad habits."""
