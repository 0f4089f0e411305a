"""The contract with the portal."""
