"""API keys: signed tokens, the keys that sign them, and the list of those that were revoked."""
