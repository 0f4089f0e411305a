"""How a case begins, and how later words of the portal change it."""
