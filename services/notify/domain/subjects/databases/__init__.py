"""Databases: the changes of which the owner is alerted, and how they are worded."""
