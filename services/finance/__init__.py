"""Owns budget flows: decisions and their postings, claims, and the figures worked out from them.

Invariant: every decision's postings sum to zero, nothing recorded is ever changed, and no account but the authority
to spend goes below zero on any day, whatever instant is asked for.
"""
