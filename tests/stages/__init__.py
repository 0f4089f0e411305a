"""What each stage promises, on a real database."""
