"""Owns agencies, programmes, documents and tasks with their deadlines, assignments, submissions and endings.

Invariant: whatever the office was ever told stays readable; a figure asked for (as_of, known_at) never changes.
"""
