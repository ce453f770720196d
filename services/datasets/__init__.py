"""Owns databases, platforms and procedure systems: what is declared of each beside what is seen of it.

Invariant: the declared phase, the declared connection, the observed state and the quality results are facts of their
own; none overwrites another, what was recorded is never changed, and where two disagree a contradiction says so.
"""
