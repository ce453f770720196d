"""Look-up of one printed name, for every service: found, dissolved, ambiguous or unknown.

A name is known exactly, or it is one slip away from a single known name; anything else is for a person to decide.
"""

import unicodedata
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import date
from itertools import islice
from typing import Generic, Literal, TypeVar

from shared.imports.rows import Suggestion
from shared.naming.directory import Directory, Entry, without_committee
from shared.naming.phrases import begins_a_name
from shared.naming.text import name_key, one_slip_apart, words_of

Similarity = Callable[[str, str], float]
How = Literal["alias", "fuzzy"]

MAX_COMPARED = 1_000  # unknown names of one file: 10 s of comparing; no one corrects more at a time
MAX_LENGTH = 500  # characters; the longest name of the catalogue has 55
EXACT = 100.0
# of 100, the one threshold: a slip in the shortest ministry's name leaves 92 ("Bộ Công ang"), while shorter names
# differ by one letter ("BTC", "BTP"), and "Bộ Ngoại vụ" is 90 like "Bộ Nội vụ"
ACCEPT = 92.0
MARGIN = 4.0  # above the next name that means another body
ALMOST = 99.0  # the most that a misspelt name gets
SUGGEST = 65.0  # likeness from which a name is shown to the person who decides
_LETTERS = 3  # of the shortest word that may be misspelt
_NAME_LETTERS = 8  # of the shortest text that looks like a name; a code or an abbreviation is shorter
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
    """A former body; its successors, the main one first, and its last day where that is known.

    `unit`: it is now a unit of the first of them.
    """

    successors: tuple[Suggestion, ...]
    valid_to: date | None = None
    unit: bool = False


@dataclass(frozen=True, slots=True)
class Ambiguous:
    """A name of several bodies, or of a unit without its parent."""

    candidates: tuple[Suggestion, ...]


@dataclass(frozen=True, slots=True)
class Unknown:
    """A name of no body, with the most similar ones."""

    suggestions: tuple[Suggestion, ...] = ()


Meaning = Found | Dissolved | Ambiguous | Unknown
_T = TypeVar("_T")


def find_name(text: str, directory: Directory, similarity: Similarity | None) -> Meaning:
    """Look up one name or code, as printed.

    Args:
        text: in any case and Unicode form.
        directory: from `directory_of`.
        similarity: of two keys, 0 to 100, symmetric; word order may count or not. None: exact names only.
    """
    text = unicodedata.normalize("NFC", text.strip())
    if text in directory.names:
        return Found("agency", (text,))
    if len(text) > MAX_LENGTH or not (key := name_key(text)):
        return Unknown()
    if entries := directory.lookup(key, text):
        return _meaning(entries, EXACT, directory)
    if similarity is None:
        return Unknown()
    if close := find_close(key, directory, similarity):
        return _meaning(*close, directory)
    return Unknown(_with_code_like(text, directory) or nearest(key, directory, similarity))


class Finder(Generic[_T]):
    """Looks up the texts of one file, each once, until `MAX_COMPARED` unknown names were compared.

    A name that is not known exactly is compared with all that are, which takes up to 10 ms.
    """

    def __init__(
        self,
        find: Callable[[str, Similarity | None], _T],
        similarity: Similarity,
        compared: Callable[[_T], int],
    ) -> None:
        """`find` without a similarity finds exact names only; `compared` counts a result's other names."""
        self._find = find
        self._similarity = similarity
        self._names_compared = compared
        self._found: dict[str, _T | None] = {}
        self._compared = 0

    def find(self, text: str) -> _T | None:
        """The meaning of a text; None where it would have to be compared and too many were before."""
        if text not in self._found:
            self._found[text] = self._look_up(text)
        return self._found[text]

    def _look_up(self, text: str) -> _T | None:
        spent = self._compared >= MAX_COMPARED
        found = self._find(text, None if spent else self._similarity)
        compared = self._names_compared(found)
        if spent and compared:
            return None
        self._compared += compared
        return found


def name_finder(directory: Directory, similarity: Similarity) -> Finder[Meaning]:
    """Finds texts that are one name or code each."""
    return Finder(
        lambda text, by: find_name(text, directory, by),
        similarity,
        lambda meaning: not (isinstance(meaning, Found) and meaning.how == "alias"),
    )


def find_close(
    key: str, directory: Directory, similarity: Similarity
) -> tuple[tuple[Entry, ...], float] | None:
    """Entries of the only name one slip away from `key`, with its likeness; else None."""
    key = without_committee(key)
    words = key.split()
    kind = begins_a_name(words_of(key), 0)
    near = {name for name in directory.sized.get(len(words), ()) if _is_slip(words, name.split(), kind=kind)}
    ranked = _ranked(key, directory, similarity) if near else []
    if not ranked:  # none near, or no communes are recorded and the words begin as a commune's name does
        return None
    (score, best, entry), *others = ranked
    second = next((other[0] for other in others if other[2] != entry), 0.0)
    if best not in near or score < ACCEPT or score - second < MARGIN:
        return None
    return directory.exact[best], min(score, ALMOST)


def nearest(key: str, directory: Directory, similarity: Similarity) -> tuple[Suggestion, ...]:
    """The likeliest agencies: those named inside the text, then those that look like it; of short words, none does."""
    key = without_committee(key)
    ranked = _ranked(key, directory, similarity)
    inside = [item for item in ranked if " " in item[1] and f" {item[1]} " in f" {key} "]
    bodies = [item for item in ranked[:_ALIKE] if not item[2].unit]
    alike = [item for item in bodies if item[0] >= SUGGEST and len(key) >= _NAME_LETTERS]
    best: dict[str, Suggestion] = {}
    for score, _, entry in inside + alike:
        for suggestion in named([entry], directory, score):
            best.setdefault(suggestion.code, suggestion)
    return tuple(islice(best.values(), _SUGGESTIONS))


def named(
    entries: Iterable[Entry], directory: Directory, score: float = EXACT, most: int | None = _SUGGESTIONS
) -> tuple[Suggestion, ...]:
    """The first agencies of the entries, as suggestions."""
    codes = dict.fromkeys(code for entry in entries if entry.kind != "group" for code in entry.codes)
    return tuple(_suggestion(code, directory, score) for code in islice(codes, most))


def _suggestion(code: str, directory: Directory, score: float) -> Suggestion:
    return Suggestion(code, directory.names.get(code, code), score)


def _with_code_like(text: str, directory: Directory) -> tuple[Suggestion, ...]:
    """Agencies whose code this was before a spreadsheet took the zeros off its front, or people put spaces into it."""
    squashed = _squashed(text) if any(map(str.isdigit, text)) else ""
    codes = (code for code in directory.names if squashed and _squashed(code) == squashed)
    return tuple(_suggestion(code, directory, ALMOST) for code in islice(codes, _SUGGESTIONS))


def _squashed(code: str) -> str:
    return "".join(code.casefold().split()).lstrip("0")


def _meaning(entries: tuple[Entry, ...], score: float, directory: Directory) -> Meaning:
    entry = entries[0]
    if len(entries) > 1 or entry.home:
        return Ambiguous(named(entries, directory, score, None))
    if entry.kind == "former":
        return Dissolved(named(entries, directory, score, None), entry.valid_to, entry.unit)
    return Found(entry.kind, entry.codes, score)


def _is_slip(words: list[str], name: list[str], *, kind: bool) -> bool:
    """One slip apart; not in the kind of body ("Sở Công Thương"), nor in a word of two letters, which is another word."""
    if kind and words[0] != name[0]:
        return False
    if not one_slip_apart(words, name):
        return False
    return all(word == meant or len(word) >= _LETTERS for word, meant in zip(words, name, strict=True))


def _ranked(key: str, directory: Directory, similarity: Similarity) -> list[tuple[float, str, Entry]]:
    pool = directory.candidates(key)
    scored = [(similarity(key, name), name, entry) for name, entry in pool.items()]
    return sorted(scored, key=lambda item: (-item[0], item[1]))
