"""Visibility of what a route answers: declared with its scope where it is built, and the source of the generated table."""

from enum import StrEnum


class Visibility(StrEnum):
    """The part of a route's answer, or of what it changes, that is open to a key bound to an agency.

    Keys bound to none (the office, auditors, readers) see the whole, money of defence and security excepted.
    """

    PUBLIC = "public"  # the same for every key that has the scope
    PUBLIC_FORM = (
        "public_form"  # whole what concerns its agency and those below it, the rest in its public form
    )
    CONCERNED = "concerned"  # what concerns its agency and those below it
    OWN = "own"  # what is its agency's own
    OFFICE = "office"  # nothing: only for keys that are bound to none
