"""What the workflow decides."""
