"""The only home of identifiers: sealed under a case's own keys, gone with them."""
