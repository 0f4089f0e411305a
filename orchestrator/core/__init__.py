"""Hold the whole workflow as pure functions: no clock, no randomness, no network."""
