"""
commercetools: customers and every object that belongs to them.

Vendor API: https://docs.commercetools.com/api/gdpr, read 2026-11.  There is no
erasure of a person: each object is found by us and deleted by itself, with its
version and `dataErasure=true`, which also takes its messages and the vendor's own
logs.  The customer goes last, because everything else is found through it.

The API client needs `view_project_settings` and `view_messages`, and `manage_` of
business_units, customers, discount_codes, key_value_documents, orders, payments,
products (for reviews), quotes, quote_requests, shopping_lists and staged_quotes.

What nothing here can find: a review written without an account, a cart of a nameless
session that led to no order, and a guest's order under another spelling of the
address (letter case counts there).  A business unit that others act for too is found
and left to a person.
"""

from connectors.commercetools.connector import Commercetools
from connectors.commercetools.options import CommercetoolsOptions, CustomObjects

__all__ = ["Commercetools", "CommercetoolsOptions", "CustomObjects"]
