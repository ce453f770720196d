"""Agencies in running text: who is named, what is left open, what is not known.

Exact names first, the longest that fits between two separators; what remains is compared letter by letter, and
taken only when it is one slip away from a single name. The rest is reported with suggestions: a person decides.
"""

import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Literal

from shared.naming.directory import Directory, Entry
from shared.naming.lookup import EXACT, How, Similarity, find_close, named, nearest
from shared.naming.passage import Passage
from shared.naming.phrases import begins_a_name, generic_run, is_exception, list_header
from shared.naming.text import CONNECTIVES
from shared.rows import Suggestion

Reason = Literal["no_match", "dissolved", "ambiguous", "count_mismatch", "exception", "too_long"]

MAX_LENGTH = 2_000  # characters; the longest cell of the real annexes has 140
_SUGGESTED_FOR = 20  # unknown names of one text: beyond that it is no list of agencies
_ITEMS_IN_A_NAME = 4  # "Bộ Văn hóa, Thể thao và Du lịch" has three


@dataclass(frozen=True, slots=True)
class Mention:
    """One name that was found.

    Attributes:
        kind: an agency; a group, or several named by one phrase; a list that spells out its members.
        codes: of agencies, or of groups when kind is group.
        text: as printed.
        how: an exact name (`alias`) or one slip away from it (`fuzzy`).
        score: 0 to 100.
    """

    kind: Literal["agency", "group", "list"]
    codes: tuple[str, ...]
    text: str
    how: How = "alias"
    score: float = EXACT


@dataclass(frozen=True, slots=True)
class Indefinite:
    """A phrase that names no one in particular; suggestions are the examples it gives."""

    text: str
    suggestions: tuple[Suggestion, ...] = ()


@dataclass(frozen=True, slots=True)
class Unknown:
    """A name that a person must decide on; a dissolved body's successor comes first."""

    text: str
    suggestions: tuple[Suggestion, ...] = ()
    reason: Reason = "no_match"


@dataclass(frozen=True, slots=True)
class Naming:
    """All that one text says; `notes` are the parentheses that name no one."""

    found: tuple[Mention, ...] = ()
    indefinite: tuple[Indefinite, ...] = ()
    unknown: tuple[Unknown, ...] = ()
    notes: tuple[str, ...] = ()


def find_agencies(text: str, directory: Directory, similarity: Similarity) -> Naming:
    """Read one agencies cell.

    Args:
        text: as printed, in any case and Unicode form.
        directory: from `directory_of`.
        similarity: of two keys, 0 to 100, symmetric; word order may count or not.
    """
    text = unicodedata.normalize("NFC", text)
    if len(text) > MAX_LENGTH:
        return Naming(unknown=(Unknown(text, reason="too_long"),))
    return _Reader(Passage(text), directory, similarity).read()


@dataclass
class _Reader:
    """One pass over a passage; `bare`, inside a list, also takes a ministry's name without "Bộ"."""

    passage: Passage
    directory: Directory
    similarity: Similarity
    bare: bool = False
    found: list[Mention] = field(default_factory=list)
    indefinite: list[Indefinite] = field(default_factory=list)
    unknown: list[Unknown] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    pending: list[tuple[int, int]] = field(default_factory=list)  # items that no exact name covers

    def read(self) -> Naming:
        passage = self.passage
        self.notes.extend(passage.notes[i] for i in passage.notes if i < 0)
        if passage.is_open:
            self.indefinite.append(Indefinite(passage.text.strip()))
        here = 0
        while here < len(passage.words):
            if passage.words[here].key in CONNECTIVES or passage.is_bullet(here):
                here += 1
            else:
                here = self._list(here) or self._name_or_phrase(here) or self._leave(here)
        self._settle()
        return Naming(tuple(self.found), tuple(self.indefinite), tuple(self.unknown), tuple(self.notes))

    def _leave(self, start: int) -> int:
        end = self.passage.ends_after(start)[0]
        self.pending.append((start, end))
        return end

    # names and phrases; each returns the end of what it took, 0 when it took nothing

    def _name_or_phrase(self, start: int) -> int:
        end, entries = self._exact(start)
        ends = self.passage.ends_after(start)
        run, qualified = generic_run(self.passage.words, start, ends, self._is_name)
        if end and (end >= run or not qualified):
            self._settle()
            self._take(start, end, entries)
            return end
        if run:
            self._settle()
            self.indefinite.append(Indefinite(self.passage.whole(start, run)))
        return run

    def _exact(self, start: int) -> tuple[int, tuple[Entry, ...]]:
        """End and meaning of the longest known name that begins here; (0, ()) when there is none."""
        for end in reversed(self.passage.ends_after(start)):
            if end - start <= self.directory.longest and self.passage.is_joined(start, end):
                entries = self._lookup(start, end, bare=self.bare)
                if entries:
                    return end, entries
        return 0, ()

    def _lookup(self, start: int, end: int, *, bare: bool) -> tuple[Entry, ...]:
        return self.directory.lookup(
            self.passage.key(start, end), self.passage.printed(start, end), bare=bare
        )

    def _is_name(self, start: int, end: int) -> bool:
        """Whether a phrase must stop before this item, which is a name or stands after a hard break."""
        found, entries = self._exact(start)
        named = found >= end and any(entry.kind != "group" for entry in entries)
        return named or not self.passage.is_joined(start - 1, start + 1)

    def _take(self, start: int, end: int, entries: tuple[Entry, ...], score: float = EXACT) -> None:
        note = self.passage.notes.get(end - 1)
        printed, entry = self.passage.printed(start, end), entries[0]
        if note:
            self.notes.append(note)
        if note and is_exception(note):
            self._doubt(self.passage.whole(start, end), self._named(entries), "exception")
        elif len(entries) > 1:
            self._doubt(printed, self._named(entries), "ambiguous")
        elif entry.kind == "former":
            self._doubt(printed, self._named(entries, score), "dissolved")
        else:
            how: How = "alias" if score == EXACT else "fuzzy"
            self.found.append(Mention(entry.kind, entry.codes, printed, how, score))

    def _doubt(self, text: str, suggestions: tuple[Suggestion, ...], reason: Reason) -> None:
        self.unknown.append(Unknown(text, suggestions, reason))

    def _named(self, entries: Iterable[Entry], score: float = EXACT) -> tuple[Suggestion, ...]:
        return named(entries, self.directory, score)

    # lists that spell out their members

    def _list(self, start: int) -> int:
        header = None if self.bare else list_header(self.passage.words, start)
        if header is None:
            return 0
        end, body = self._body(header.end)
        inner = _Reader(Passage(body), self.directory, self.similarity, bare=True).read()
        members = tuple(dict.fromkeys(c for m in inner.found if m.kind != "group" for c in m.codes))
        if is_exception(body) or not (members or (header.count and inner.unknown)):
            return 0
        self._settle()
        whole = self.passage.whole(start, end)
        self._take_list(whole, header.count, members, inner, in_parentheses=end == header.end)
        return end

    def _take_list(
        self, whole: str, count: int | None, members: tuple[str, ...], inner: Naming, *, in_parentheses: bool
    ) -> None:
        suggestions = self._named([Entry("agency", members)])
        groups = [mention for mention in inner.found if mention.kind == "group"]
        strays = bool(groups or inner.indefinite or inner.unknown)
        if in_parentheses and inner.indefinite:
            self.indefinite.append(Indefinite(whole, suggestions))
        elif count is not None and (strays or count != len(members)):
            self._doubt(whole, suggestions, "count_mismatch")
        elif in_parentheses and strays:
            self._doubt(whole, suggestions, "no_match")
        else:
            worst = min(inner.found, key=lambda mention: mention.score)
            self.found += [Mention("list", members, whole, worst.how, worst.score), *groups]
            self.indefinite += inner.indefinite
            self.unknown += inner.unknown

    def _body(self, start: int) -> tuple[int, str]:
        """End and text of what a list's header introduces: a parenthesis, or the rest of the line."""
        passage = self.passage
        if start - 1 in passage.notes:
            return start, passage.notes[start - 1]
        if start >= len(passage.words):
            return start, ""
        gap = passage.gap(start)
        direct = not gap.strip() and passage.words[start - 1].key in {"bo", "tinh", "pho"}
        if ":" not in gap and not (direct and self._begins_bare(start)):
            return start, ""
        end = passage.line_end(start)
        return end, passage.whole(start, end)

    def _begins_bare(self, start: int) -> bool:
        found = (self._lookup(start, end, bare=True) for end in self.passage.ends_after(start))
        return any(entry.kind != "group" for entries in found for entry in entries)

    # what no exact name covers

    def _settle(self) -> None:
        """Compare the items left over with every name; report what is not close to one."""
        items, self.pending = self.pending, []
        while items:
            sizes = range(min(_ITEMS_IN_A_NAME, len(items)), 0, -1)
            taken = next((size for size in sizes if self._take_close(items[0][0], items[size - 1][1])), 0)
            if not taken:
                taken = self._one_name(items)
                start, end = items[0][0], items[taken - 1][1]
                self._doubt(self.passage.whole(start, end), self._suggest(start, end), "no_match")
            del items[:taken]

    def _one_name(self, items: list[tuple[int, int]]) -> int:
        """How many items make one unknown name: "Sở Khoa học" and "Công nghệ tỉnh A" do, two bodies do not."""
        taken = 1
        for start, end in items[1:]:
            between = self.passage.key(items[taken - 1][1], start)
            if between != "va" or end - start == 1 or begins_a_name(self.passage.words, start):
                break
            taken += 1
        return taken

    def _take_close(self, start: int, end: int) -> bool:
        close = find_close(self.passage.key(start, end), self.directory, self.similarity)
        if close is None or not self.passage.is_joined(start, end):
            return False
        entries, score = close
        self._take(start, end, entries, score)
        return True

    def _suggest(self, start: int, end: int) -> tuple[Suggestion, ...]:
        if len(self.unknown) >= _SUGGESTED_FOR:
            return ()
        return nearest(self.passage.key(start, end), self.directory, self.similarity)
