"""What adapters of one port have in common."""
