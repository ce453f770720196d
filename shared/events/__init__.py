"""Versioned contracts of what the services tell each other, by publisher. Additive only within a version."""
