"""The log of a service: written by transactions (outbox), read with a cursor, relayed to Kafka, consumed once (inbox)."""
