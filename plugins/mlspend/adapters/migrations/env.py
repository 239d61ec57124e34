"""Called by alembic: runs the steps on the connection the ledger opened, inside its transaction."""

from alembic import context

context.configure(
    connection=context.config.attributes["connection"],
    # Airflow keeps its own `alembic_version`; the two may share a database.
    version_table="mlspend_version",
    transactional_ddl=True,
)
with context.begin_transaction():
    context.run_migrations()
