"""What becomes of a task: search, copy, erase, look; and in which order."""
