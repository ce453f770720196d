"""Shapes of requests and responses. Words are explained in DOMAIN's terms; dates and instants are ISO 8601."""
