"""Shapes of requests and responses. Money is integer đồng, dates are ISO 8601."""
