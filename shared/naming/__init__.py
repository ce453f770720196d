"""Agencies as they are written: one look-up of names for every service.

`directory` has all known names, `lookup` finds one name, `cells` reads one cell of a table: `roles` cuts it where roles
are given, `reader` goes through each run of names, `names` decides on one, `issuers` finds the parent of a unit,
`mentions` is the result. `text` makes spellings comparable; `phrases` and `bodies` are the vocabulary.
Business in `shared`, as the copy of agencies is: every service that takes a file reads the same names.
"""
