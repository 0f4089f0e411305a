"""Measure speed and size against a bare loop; `python -m benchmarks` prints a table."""
