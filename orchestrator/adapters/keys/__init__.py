"""Our own keys: their files, checks and rotation, and what they sign."""
