"""Alembic versions of the finance database."""
