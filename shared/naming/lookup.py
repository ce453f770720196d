"""Which agency or group one printed name means: found, dissolved, ambiguous or unknown. Every service asks here.

A name is known exactly, or it is one slip away from a single known name; anything else is for a person to decide.
"""

import unicodedata
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from itertools import islice
from typing import Literal

from shared.naming.directory import Directory, Entry, without_committee
from shared.naming.phrases import begins_a_name
from shared.naming.text import name_key, one_slip_apart, words_of
from shared.rows import Suggestion

Similarity = Callable[[str, str], float]
How = Literal["alias", "fuzzy"]

MAX_LENGTH = 500  # characters; the longest name of the catalogue has 55
EXACT = 100.0
# of 100, the one threshold: a slip in the shortest ministry's name leaves 92 ("Bộ Công ang"), while one letter tells
# shorter names apart ("BTC", "BTP"), and "Bộ Ngoại vụ" is 90 like "Bộ Nội vụ"
ACCEPT = 92.0
MARGIN = 4.0  # above the next name that means another body
ALMOST = 99.0  # the most that a misspelt name gets
SUGGEST = 65.0  # likeness from which a name is shown to the person who decides
_LETTERS = 3  # of the shortest word that may be misspelt
_SUGGESTIONS = 3
_ALIKE = 20  # names among which the suggestions are looked for


@dataclass(frozen=True, slots=True)
class Found:
    """One agency, or the groups that a phrase names; `how` is an exact name (`alias`) or one slip away (`fuzzy`)."""

    kind: Literal["agency", "group"]
    codes: tuple[str, ...]
    score: float = EXACT

    @property
    def how(self) -> How:
        return "alias" if self.score == EXACT else "fuzzy"


@dataclass(frozen=True, slots=True)
class Dissolved:
    """A body that is no more; its successors, the main one first."""

    successors: tuple[Suggestion, ...]


@dataclass(frozen=True, slots=True)
class Ambiguous:
    """A name that several bodies have."""

    candidates: tuple[Suggestion, ...]


@dataclass(frozen=True, slots=True)
class Unknown:
    """A name that no body has; the likeliest ones."""

    suggestions: tuple[Suggestion, ...] = ()


Meaning = Found | Dissolved | Ambiguous | Unknown


def find_name(text: str, directory: Directory, similarity: Similarity) -> Meaning:
    """What one name or code, as printed, means.

    Args:
        text: in any case and Unicode form.
        directory: from `directory_of`.
        similarity: of two keys, 0 to 100, symmetric; word order may count or not.
    """
    text = unicodedata.normalize("NFC", text.strip())
    if text in directory.names:
        return Found("agency", (text,))
    if len(text) > MAX_LENGTH or not (key := name_key(text)):
        return Unknown()
    if entries := directory.lookup(key, text):
        return _meaning(entries, directory, EXACT)
    if close := find_close(key, directory, similarity):
        entry, score = close
        return _meaning((entry,), directory, score)
    return Unknown(nearest(key, directory, similarity))


def find_close(key: str, directory: Directory, similarity: Similarity) -> tuple[Entry, float] | None:
    """The one name that a misspelt key was meant for, with its likeness."""
    key = without_committee(key)
    words = key.split()
    near = {name for name in directory.sized.get(len(words), ()) if _is_slip(words, name.split())}
    ranked = _ranked(key, directory, similarity) if near else []
    if not ranked:  # none near, or no communes are recorded and the words begin as a commune's name does
        return None
    (score, best, entry), *others = ranked
    second = next((other[0] for other in others if other[2] != entry), 0.0)
    if best not in near or score < ACCEPT or score - second < MARGIN:
        return None
    return entry, min(score, ALMOST)


def nearest(key: str, directory: Directory, similarity: Similarity) -> tuple[Suggestion, ...]:
    """The likeliest agencies: those named inside the text, then those that look like it."""
    key = without_committee(key)
    ranked = _ranked(key, directory, similarity)
    inside = [item for item in ranked if " " in item[1] and f" {item[1]} " in f" {key} "]
    alike = [item for item in ranked[:_ALIKE] if item[0] >= SUGGEST]
    best: dict[str, Suggestion] = {}
    for score, _, entry in inside + alike:
        for suggestion in named([entry], directory, score):
            best.setdefault(suggestion.code, suggestion)
    return tuple(islice(best.values(), _SUGGESTIONS))


def named(entries: Iterable[Entry], directory: Directory, score: float = EXACT) -> tuple[Suggestion, ...]:
    """The first agencies that entries stand for, to be shown to a person."""
    codes = dict.fromkeys(code for entry in entries if entry.kind != "group" for code in entry.codes)
    names = directory.names
    return tuple(Suggestion(code, names.get(code, code), score) for code in islice(codes, _SUGGESTIONS))


def _meaning(entries: tuple[Entry, ...], directory: Directory, score: float) -> Meaning:
    entry = entries[0]
    if len(entries) > 1:
        return Ambiguous(named(entries, directory, score))
    if entry.kind == "former":
        return Dissolved(named(entries, directory, score))
    return Found(entry.kind, entry.codes, score)


def _is_slip(words: list[str], name: list[str]) -> bool:
    """One slip apart; not in the kind of body ("Sở Công Thương"), nor in a word of two letters, which is another word."""
    if words[0] != name[0] and begins_a_name(words_of(" ".join(words)), 0):
        return False
    short = any(word != meant and len(word) < _LETTERS for word, meant in zip(words, name, strict=True))
    return not short and one_slip_apart(words, name)


def _ranked(key: str, directory: Directory, similarity: Similarity) -> list[tuple[float, str, Entry]]:
    pool = directory.candidates(key)
    scored = [(similarity(key, name), name, entry) for name, entry in pool.items()]
    return sorted(scored, key=lambda item: (-item[0], item[1]))
