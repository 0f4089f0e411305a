"""Take what is there, take one step, acknowledge: one module for each stage."""
