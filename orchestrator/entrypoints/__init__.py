"""Let people and machines in: the command line, the API and the console."""
