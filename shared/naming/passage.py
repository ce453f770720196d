"""A printed text cut into words and the text between them: where a name may begin and end."""

import re
from bisect import bisect_right
from dataclasses import dataclass, field

from shared.naming.text import CONNECTIVES, Word, is_bullet, words_of

PARENTHESIS = re.compile(r"\((?:[^()]|\([^()]*\))*\)")
_OPEN_END = re.compile(r"\.{3,}|…|\bv\.\s?v\b\.*", re.IGNORECASE)  # "...", "v.v."
_ITEM_NUMBER = re.compile(r"\(\s*(?:\d{1,2}|[a-zđ])\s*\)")  # "(1) Bộ Nội vụ; (b) Bộ Y tế"
_HARD_BREAK = re.compile(r"[;()\[\]]")  # no name reaches across these
_BEFORE_AN_ITEM = frozenset({"", *"\n;,.:-"})
_TAIL = re.compile(rf"(?:\s*(?:{PARENTHESIS.pattern}|{_OPEN_END.pattern})){{1,9}}", re.IGNORECASE)
_LONGEST_PHRASE = 40  # words; of the shipped names the longest has 19


@dataclass
class Passage:
    """Words outside parentheses; indices below are of words, an end is the index after the last one.

    Attributes:
        notes: index of the word a parenthesis follows -> the text inside; -1 for one that leads.
    """

    text: str
    words: list[Word] = field(init=False)
    notes: dict[int, str] = field(init=False, default_factory=dict)
    _ends: list[int] = field(init=False, default_factory=list)

    def __post_init__(self) -> None:
        spans = [match.span() for match in PARENTHESIS.finditer(self.text)]
        plain = _OPEN_END.sub(lambda match: "…".ljust(len(match.group())), self.text)
        self.words = [w for w in words_of(plain) if not any(a < w.start < b for a, b in spans)]
        for start, end in spans:
            before = self.text[:start].rstrip(" \t")[-1:]
            if before in _BEFORE_AN_ITEM and _ITEM_NUMBER.fullmatch(self.text, start, end):
                continue
            owner = sum(word.start < start for word in self.words) - 1
            inside = self.text[start + 1 : end - 1]
            self.notes[owner] = f"{self.notes[owner]}; {inside}" if owner in self.notes else inside
        self._ends = [end for end in range(1, len(self.words) + 1) if self.is_end(end)]

    @property
    def is_open(self) -> bool:
        """True if dots outside parentheses leave the list open."""
        return _OPEN_END.search(PARENTHESIS.sub("", self.text)) is not None

    def gap(self, index: int) -> str:
        """The text between the words at `index - 1` and `index`."""
        start = self.words[index - 1].end if index else 0
        end = self.words[index].start if index < len(self.words) else len(self.text)
        return self.text[start:end]

    def is_end(self, index: int) -> bool:
        """True if a name may end before the word at `index`."""
        if index >= len(self.words):
            return True
        gap = self.gap(index)
        return bool(gap.strip()) or "\n" in gap or self.words[index].key in CONNECTIVES

    def ends_after(self, start: int) -> list[int]:
        """Possible ends of a phrase from `start`: after its first item, and further ones within the longest phrase."""
        first = bisect_right(self._ends, start)
        last = max(first + 1, bisect_right(self._ends, start + _LONGEST_PHRASE))
        return self._ends[first:last]

    def key(self, start: int, end: int) -> str:
        return " ".join(word.key for word in self.words[start:end])

    def printed(self, start: int, end: int) -> str:
        return self.text[self.words[start].start : self.words[end - 1].end]

    def whole(self, start: int, end: int) -> str:
        """As printed, with the parenthesis or dots that follow."""
        tail = _TAIL.match(self.text, self.words[end - 1].end)
        return self.printed(start, end) + (tail.group() if tail else "")

    def is_joined(self, start: int, end: int) -> bool:
        """True if it contains no hard break."""
        return not any(_HARD_BREAK.search(self.gap(index)) for index in range(start + 1, end))

    def is_bullet(self, index: int) -> bool:
        return is_bullet(self.text, self.words, index)

    def line_end(self, start: int) -> int:
        """End of what runs up to ";" or the end of the line."""
        stops = (i for i in range(start + 1, len(self.words)) if re.search(r"[;\n]", self.gap(i)))
        return next(stops, len(self.words))
