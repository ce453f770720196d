"""Databases: the changes of which the owner is alerted, and the messages about them."""
