"""Deadlines, alarms, the ladder, and the next moment of a case."""
