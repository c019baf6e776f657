"""Alembic's entry: upgrades run over the plain psycopg driver, in one transaction per revision."""

from alembic import context
from sqlalchemy import create_engine, text

from gateway.foundation.database import Base, sqlalchemy_url


def run() -> None:
    """Apply the revisions under a lock, so that two starting processes do not race."""
    url = context.config.get_main_option("sqlalchemy.url") or ""
    engine = create_engine(sqlalchemy_url(url))
    with engine.connect() as connection:
        connection.execute(text("select pg_advisory_lock(7101)"))
        connection.commit()
        context.configure(
            connection=connection, target_metadata=Base.metadata, transaction_per_migration=True
        )
        with context.begin_transaction():
            context.run_migrations()
        connection.execute(text("select pg_advisory_unlock(7101)"))
        connection.commit()
    engine.dispose()


run()
