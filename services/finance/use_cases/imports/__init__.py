"""Imports of Treasury files: a file is read, its new rows are posted as decisions."""
