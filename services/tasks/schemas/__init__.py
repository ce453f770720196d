"""Shapes of requests and responses, by noun. Codes and words are explained in DOMAIN's terms; dates are ISO 8601."""
