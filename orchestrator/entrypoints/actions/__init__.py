"""What people do, one module for each matter; the command line only words it."""
