"""What stands before a case: signatures, the quarantine, the brake."""
