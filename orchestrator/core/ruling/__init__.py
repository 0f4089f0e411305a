"""What people decide of a case, and what waits until they have."""
