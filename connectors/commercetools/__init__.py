"""
commercetools: customers and every object that belongs to them.

Vendor API: https://docs.commercetools.com/api/gdpr, read 2026-11.  There is no
erasure of a person: each object is found by us and deleted by itself, with its
version and `dataErasure=true`, which also takes its messages and the vendor's own
logs.  The customer goes last, because everything else is found through it.

What is not here: reviews written without an account and carts of nameless sessions
carry nothing to find them by.
"""

from connectors.commercetools.connector import Commercetools
from connectors.commercetools.options import CommercetoolsOptions, CustomObjects

__all__ = ["Commercetools", "CommercetoolsOptions", "CustomObjects"]
