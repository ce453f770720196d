"""Agencies as they are written: one look-up of names for every service.

`directory` holds what may be named, `lookup` finds one name, `cells` reads one cell of a table, `text` makes
spellings comparable.
Business in `shared`, as the copy of agencies is: every service that takes a file reads the same names.
"""
