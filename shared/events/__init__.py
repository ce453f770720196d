"""Versioned schemas of the events between services, by publisher. Additive only within a version."""
