"""The kit for the next connector."""
