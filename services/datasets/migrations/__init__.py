"""Alembic versions of the tasks database."""
