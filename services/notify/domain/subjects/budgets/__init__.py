"""Budgets: the examinations of a year, and the messages about their findings."""
