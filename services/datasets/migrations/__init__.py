"""Alembic versions of the datasets database."""
