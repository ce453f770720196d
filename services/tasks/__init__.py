"""Owns agencies, programmes, documents and tasks with their deadlines, assignments, submissions and endings.

Invariant: every recorded state stays readable; a figure for (as_of, known_at) never changes.
"""
