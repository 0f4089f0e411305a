"""
What Alembic runs to migrate: on a connection that `adapters.sql.schema` hands over.

The transaction is the caller's, so that a migration is whole or not at all on SQLite
too; there is no offline mode and no alembic.ini.
"""

from __future__ import annotations

from alembic import context

from orchestrator.adapters.sql.lost_tables import metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    transactional_ddl=True,
    render_as_batch=True,  # SQLite alters a table only by copying it
)
context.run_migrations()
