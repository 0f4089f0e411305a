"""Bind the ports to third-party libraries, one library for each module."""
