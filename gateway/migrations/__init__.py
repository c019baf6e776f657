"""The database's history, one alembic revision after another."""
