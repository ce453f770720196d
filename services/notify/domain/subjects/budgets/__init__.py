"""Budgets: the examinations of a year, and how their findings are worded."""
