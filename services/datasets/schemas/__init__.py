"""Shapes of requests and responses, by noun; dates and instants are ISO 8601."""
