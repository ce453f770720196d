"""Owns databases, platforms and procedure systems: what is declared and what is observed of each.

Invariant: the declared phase, the declared connection, the observed state and the quality results are separate facts;
none overwrites another, no recorded row is changed, and where two disagree a contradiction is recorded.
"""
