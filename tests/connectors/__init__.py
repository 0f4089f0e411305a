"""What each connector does, over real HTTP against its fake."""
