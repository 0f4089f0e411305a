"""
The kit for the next connector: a package to begin with, and tools to finish it.

It serves the author of a connector and is no part of a running installation.
"""
