"""VTEX: shoppers of a store by e-mail, erased by a job across its modules."""

from connectors.vtex.connector import Vtex

__all__ = ["Vtex"]
