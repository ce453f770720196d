"""The tables that every service's database has beside its own: outbox, inbox, log cursors, log identity, idempotency keys, audit, revoked keys."""
