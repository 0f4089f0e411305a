"""What the adapters promise, each against its real library."""
