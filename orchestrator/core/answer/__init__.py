"""How a case is answered: statements, their log, recipients, and the figures."""
