"""Version 5 of the platform tables: indexes for the removal by age from large tables."""

from shared.platform.concurrent_index import create_index_concurrently


def index_for_retention() -> None:
    create_index_concurrently("ix_idempotency_keys_created_at", "idempotency_keys (created_at)")
