"""How figures, copies and registers are drawn and masked for people."""
