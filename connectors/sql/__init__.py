"""
A relational database: a warehouse, an order database.  `Sql` is the connector.

Here alone a connector speaks SQL.  `options` is what the register declares, `schema`
compares it with the database, `session` holds the one transaction and its errors,
`search` finds a person's rows, `change` deletes and anonymises them.
"""

from connectors.sql.connector import Sql
from connectors.sql.options import SqlOptions

__all__ = ["Sql", "SqlOptions"]
