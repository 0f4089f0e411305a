"""What is owed after the answer: what a law keeps, and looks whether it stays gone."""
