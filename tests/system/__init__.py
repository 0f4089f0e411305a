"""Prove facts about the whole thing, with real parts."""
