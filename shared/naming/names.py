"""One name in a run of words: its meaning for this issuer, and the words beside it that belong to it.

What no exact name covers is compared letter by letter, and taken only when it is one slip away from a single name. The
rest is reported with suggestions: a person decides.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field, replace

from shared.imports.rows import Suggestion
from shared.naming import bodies
from shared.naming.directory import Entry
from shared.naming.issuers import Issuer
from shared.naming.lookup import EXACT, How, find_close, named, nearest
from shared.naming.mentions import Indefinite, Mention, Reason, Sort, Unknown
from shared.naming.passage import PARENTHESIS, Passage
from shared.naming.phrases import begins_a_name
from shared.naming.places import DASHES, Places
from shared.naming.text import name_key, past

_SUGGESTED_FOR = 20  # unknown names of one text: beyond that it is no list of agencies
_ITEMS_IN_A_NAME = 4  # "Bộ Văn hóa, Thể thao và Du lịch" has three
_NEARLY = 85.0  # likeness of an agency's name, from which an unknown one is no company's
_LONGEST_NOTE = 60  # words of a parenthesis that are looked through for names


@dataclass
class Names(Places):
    """A passage that is being read, and what was found in it."""

    found: list[Mention] = field(default_factory=list)
    indefinite: list[Indefinite] = field(default_factory=list)
    unknown: list[Unknown] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    asides: list[str] = field(default_factory=list)
    pending: list[tuple[int, int]] = field(default_factory=list)  # items that no exact name covers
    barren: range = range(0)  # words of what was read as a list and has no members
    barren_of_all: bool = False  # nor anything that a person must decide on

    # taking a name

    def take(
        self, start: int, end: int, entries: tuple[Entry, ...], *, first: int | None = None, unit: str = ""
    ) -> int:
        """Take a known name and the words that belong to it, which begin at `first`. Returns the end."""
        first = start if first is None else first
        if district_end := self.district_after(end) if any(entry.commune for entry in entries) else 0:
            past_place, place = self.place_after(district_end)
            there = [each for each in entries if place in self.issuer.directory.ancestors(each.codes[0])]
            self.doubt(first, past_place, "district", self.named(there or entries), "unit")
            return past_place
        end, entries, reason = self.located(start, end, entries)
        note = self.passage.notes.get(end - 1, "")
        if note:
            unit, found = self._read_note(note, entries, unit)
            reason = found if found == "exception" else reason or found
        if reason is not None:
            self.doubt(first, end, reason, self.named(entries))
            return end
        before = len(self.found)
        self.add(first, end, entries, EXACT, unit)
        return self._suffix(end) if len(self.found) > before else end

    def _read_note(self, note: str, entries: tuple[Entry, ...], unit: str) -> tuple[str, Reason | None]:
        """A parenthesis behind a name: the unit that is meant, or a note; one that names another body is unclear."""
        if bodies.takes_out(note):
            return unit, "exception"
        if entries[0].kind == "group":
            return unit, self.note_on_many(note)
        inside = Passage(note)
        printed = inside.printed(0, 1) if inside.words else ""
        is_unit = inside.words and bodies.begins_a_unit(inside.words, 0, printed, lesser=True, other=True)
        has_units = not entries[0].place or (bool(entries[0].commune) and inside.words[0].key == "phong")
        own = {code for entry in entries for code in entry.codes}
        around = {place for code in own for place in self.issuer.directory.ancestors(code)}
        if self._says_nothing_new(note, inside, around):
            self.asides.append(note)
            return unit, None
        if is_unit and entries[0].kind == "agency" and has_units:
            return (f"{unit}; {note}" if unit else note), None
        of_a_place = entries[0].place and bool(inside.words) and bodies.is_local(inside.words, 0)
        if of_a_place or _named_in(inside, self.issuer) - own - around:
            return unit, "note_unclear"
        self.notes.append(note)
        return unit, None

    def _says_nothing_new(self, note: str, inside: Passage, around: set[str]) -> bool:
        """True if a note is another name of the agency, or of where it is, or what it is besides."""
        key = name_key(note.strip())
        called = bodies.without_calling(key)
        entries = self.issuer.directory.lookup(called, note, bare=True)
        named = {code for entry in entries for code in entry.codes}
        return (
            bool(named & around)
            or not note.strip()
            or (bool(inside.words) and bodies.is_aside(inside.words, 0))
        )

    def note_on_many(self, note: str) -> Reason | None:
        """The reason for which a phrase that names many is not taken: a parenthesis after it may restrict it."""
        if bodies.takes_out(note):
            return "exception"
        if note.strip() and not bodies.reaches_further(note):
            return "note_unclear"
        self.notes += [note] if note.strip() else []
        return None

    def add(self, first: int, end: int, entries: tuple[Entry, ...], score: float, unit: str = "") -> None:
        """Record a name as found, unknown or indefinite."""
        printed, entry = self.passage.printed(first, end), entries[0]
        own = self.issuer.province and not unit and bodies.may_be_local(name_key(printed))
        if len(entries) > 1 or (entry.unit and own):
            self.doubt(first, end, "ambiguous", self.named(entries))
        elif entry.kind == "former" and entry.unit and not unit:
            self.found.append(Mention("agency", entry.codes[:1], printed, _how(score), score, unit=printed))
        elif entry.kind == "former":
            suggestions = self.named(entries, score)
            text = self.passage.whole(first, end) if unit else printed
            self.unknown.append(Unknown(text, suggestions, "dissolved", valid_to=entry.valid_to))
        elif entry.kind == "group" and self.issuer.province and "dia phuong" in name_key(printed):
            self.indefinite.append(Indefinite(printed, whose=True))
        else:
            self.found.append(Mention(entry.kind, entry.codes, printed, _how(score), score, unit=unit))

    def _suffix(self, end: int) -> int:
        """Past what an agency is besides ("- Cơ quan Thường trực Ban Chỉ đạo"), or the unit of it that is meant ("- C06")."""
        words, passage = self.passage.words, self.passage
        if end >= len(words) or not self.found:
            return end
        gap, printed = PARENTHESIS.sub("", passage.gap(end)).strip(), passage.printed(end, end + 1)
        stop = passage.ends_after(end)[0]
        if bodies.is_aside(words, end) and (gap == "," or gap in DASHES):
            self.asides.append(passage.whole(end, stop))
            return stop
        is_unit = gap in DASHES and bodies.begins_a_unit(words, end, printed, lesser=True, other=False)
        last = self.found[-1]
        is_unit = (is_unit or (gap == "," and bodies.is_code(printed))) and not self.exact(end)[0]
        if not is_unit or last.kind != "agency" or last.unit or self._is_province_code(last.codes[0]):
            return end
        self.found[-1] = replace(last, unit=passage.whole(end, stop))
        return stop

    def _is_province_code(self, code: str) -> bool:
        agency = self.issuer.directory.agencies.get(code)
        return agency is not None and agency.level == "province" and not agency.parent_code

    def doubt(
        self, start: int, end: int, reason: Reason, suggestions: tuple[Suggestion, ...], sort: Sort = "name"
    ) -> None:
        self.unknown.append(Unknown(self.passage.whole(start, end), suggestions, reason, sort=sort))

    def named(self, entries: Iterable[Entry], score: float = EXACT) -> tuple[Suggestion, ...]:
        return named(entries, self.issuer.directory, score)

    # what no exact name covers

    def leave(self, start: int) -> int:
        """Leave an item for later; a body of a locality, or a school there, keeps the province that is named behind it."""
        end = self.passage.ends_after(start)[0]
        words = self.passage.words
        if bodies.is_local(words, start) or bodies.is_outside(
            words, start, end, self.passage.printed(start, end)
        ):
            end = self.place_after(end)[0]
        self.pending.append((start, end))
        return end

    def settle(self) -> None:
        """Compare the items left over with every name; report what is not close to one."""
        items, self.pending = self.pending, []
        while items:
            sizes = range(min(_ITEMS_IN_A_NAME, len(items)), 0, -1)
            taken = next((size for size in sizes if self._take_close(items[0][0], items[size - 1][1])), 0)
            if not taken:
                taken = self._one_name(items)
                self._give_up(items[0][0], items[taken - 1][1])
            del items[:taken]

    def _one_name(self, items: list[tuple[int, int]]) -> int:
        """The number of items that make one unknown name: "Sở Khoa học" and "Công nghệ tỉnh A" do, two bodies do not."""
        taken = 1
        local = bodies.is_local(self.passage.words, items[0][0])
        for start, end in items[1:]:
            between = self.passage.key(items[taken - 1][1], start)
            gap = self.passage.gap(start).strip()
            joined = between == "va" or (local and not between and gap in {",", *DASHES})
            if not joined or end - start == 1 or self._begins_another(start, end):
                break
            taken += 1
        return taken

    def _begins_another(self, start: int, end: int) -> bool:
        words = self.passage.words
        society = past(words, start, "xa hoi") > start  # of a "Phòng Văn hóa - Xã hội"
        return bodies.is_outside(words, start, end, self.passage.printed(start, end)) or (
            begins_a_name(words, start) and not society
        )

    def _take_close(self, start: int, end: int) -> bool:
        if self.similarity is None:
            return False
        close = find_close(self.passage.key(start, end), self.issuer.directory, self.similarity)
        if close is None or not self.passage.is_joined(start, end):
            return False
        entries, score = close
        if self.within and self.within.kinds and not all(self.is_of(each, self.within) for each in entries):
            return False
        note = self.passage.notes.get(end - 1, "")
        unit, reason = self._read_note(note, entries, "") if note else ("", None)
        if reason:
            self.doubt(start, end, reason, self.named(entries))
        else:
            self.add(start, end, entries, score, unit)
        return True

    def _give_up(self, start: int, end: int) -> None:
        suggestions: tuple[Suggestion, ...] = ()
        if self.similarity is not None and len(self.unknown) < _SUGGESTED_FOR:
            suggestions = nearest(self.passage.key(start, end), self.issuer.directory, self.similarity)
        nearly = bool(suggestions) and suggestions[0].score >= _NEARLY
        sort: Sort = "name"
        if bodies.is_local(self.passage.words, start):
            sort = "unit"
        elif (
            bodies.is_outside(self.passage.words, start, end, self.passage.printed(start, end)) and not nearly
        ):
            sort, suggestions = "outside", ()
        district = bodies.is_of_a_district(self.passage.words, start, self.passage.printed(start, end))
        self.doubt(start, end, "district" if district else "no_match", suggestions, sort)


def _named_in(passage: Passage, issuer: Issuer) -> set[str]:
    """Codes of the agencies that a passage names exactly, but for the Government, whose documents are cited."""
    directory, found = issuer.directory, set()
    for start in range(min(len(passage.words), _LONGEST_NOTE)):
        for end in passage.ends_after(start):
            if end - start > directory.longest:
                break
            key = passage.key(start, end)
            entries = directory.lookup(key, passage.printed(start, end)) if key != bodies.GOVERNMENT else ()
            found |= {code for entry in entries if entry.kind == "agency" for code in entry.codes}
    return found


def _how(score: float) -> How:
    return "alias" if score == EXACT else "fuzzy"
