"""What processors say without being asked: callbacks, answers by topic."""
