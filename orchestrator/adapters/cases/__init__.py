"""Cases as rows: written by the engine's one transaction, claimed by workers."""
