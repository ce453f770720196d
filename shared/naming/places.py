"""Names in a passage for this issuer, with their place: "phường Hòa Cường, thành phố Đà Nẵng"."""

from dataclasses import dataclass

from shared.naming import bodies
from shared.naming.directory import Entry, without_committee
from shared.naming.issuers import Issuer
from shared.naming.lookup import Similarity
from shared.naming.mentions import Reason
from shared.naming.passage import PARENTHESIS, Passage
from shared.naming.phrases import Header
from shared.naming.text import name_key

DASHES = frozenset("-–—/")
_OF = frozenset({"thuoc", "cua", "o", "tai"})


@dataclass
class Places:
    """A passage and who issued it; `within`: the header of the list it is the body of."""

    passage: Passage
    issuer: Issuer
    similarity: Similarity | None
    within: Header | None = None

    def exact(self, start: int, within: Header | None = None) -> tuple[int, tuple[Entry, ...]]:
        """End and meaning of the longest known name that begins here; (0, ()) when there is none."""
        for end in reversed(self.passage.ends_after(start)):
            if end - start <= self.issuer.directory.longest and self.passage.is_joined(start, end):
                entries = self.lookup(start, end, within or self.within)
                if entries:
                    return end, entries
        return self._commune_of(start)

    def _commune_of(self, start: int) -> tuple[int, tuple[Entry, ...]]:
        """A commune before "thuộc" and its province."""
        words, stop = self.passage.words, self.passage.ends_after(start)[0]
        end = next((n for n in range(start + 2, stop) if words[n].key == "thuoc"), 0)
        entries = self.lookup(start, end, None) if end else ()
        return (end, entries) if any(entry.commune for entry in entries) else (0, ())

    def lookup(self, start: int, end: int, within: Header | None) -> tuple[Entry, ...]:
        directory = self.issuer.directory
        key, printed = self.passage.key(start, end), self.passage.printed(start, end)
        if within is None or not within.kinds:
            return directory.lookup(key, printed, bare=within is not None)
        tried = [(f"{name_key(kind)} {key}", f"{kind} {printed}") for kind in within.kinds]
        entries = (entry for each in (*tried, (key, printed)) for entry in directory.lookup(*each))
        return tuple(dict.fromkeys(entry for entry in entries if self.is_of(entry, within)))

    def is_of(self, entry: Entry, within: Header) -> bool:
        """True if an entry is one of those that a list of communes, or of a province's units, is of."""
        if within.kinds != ("sở",):
            return bool(entry.commune)
        agency = self.issuer.directory.agencies.get(entry.codes[0])
        return (
            entry.kind == "agency" and agency is not None and bool(agency.parent_code) and not entry.commune
        )

    def place_after(self, end: int) -> tuple[int, str]:
        """The index after the province of the name before, and its code: ", Hà Nội", "thuộc tỉnh Nghệ An"."""
        words = self.passage.words
        if end >= len(words):
            return end, ""
        gap = PARENTHESIS.sub("", self.passage.gap(end)).strip(" \t\u00a0")
        at = end + 1 if not gap and words[end].key in _OF else end
        joined = at > end or gap.strip() in {"", ",", *DASHES}
        if not joined or gap.startswith("\n") or at >= len(words):
            return end, ""
        for stop in reversed(self.passage.ends_after(at)):
            if place := self.place(self.passage.key(at, stop), self.passage.printed(at, stop)):
                return stop, place
        return end, ""

    def place(self, key: str, printed: str) -> str:
        """The code of the province that these words name, or that answers for the former one; "" where they name none."""
        entries = self.issuer.directory.lookup(key.removeprefix("thuoc "), printed)
        is_one = len(entries) == 1 and entries[0].place and not entries[0].commune
        return entries[0].codes[0] if is_one and without_committee(key) == key else ""

    def district_after(self, end: int) -> int:
        """The index after the district of a commune, as documents wrote until districts ended; 0 without one."""
        words = self.passage.words
        if end >= len(words) or self.passage.gap(end).strip() not in {",", "", *DASHES}:
            return 0
        begins = end + (words[end].key in _OF)
        stop = self.passage.ends_after(end)[0]
        if begins >= stop or not bodies.is_of_a_district(words, begins, self.passage.printed(begins, stop)):
            return 0
        return stop

    def located(
        self, start: int, end: int, entries: tuple[Entry, ...]
    ) -> tuple[int, tuple[Entry, ...], Reason | None]:
        """The end, the entries in the place that follows or else the issuer's, and why there are none."""
        directory = self.issuer.directory
        says_where = not any(
            entry.commune and name_key(entry.commune) == without_committee(self._full_key(start, end, entry))
            for entry in entries
        )
        if not says_where:
            at, place = self.place_after(end)
            note = self.passage.notes.get(end - 1, "")
            place = place or (note and self.place(name_key(note), note))
            there = tuple(entry for entry in entries if place in directory.ancestors(entry.codes[0]))
            # in a list of communes a province's name may be a commune's too
            if there or (place and not self.within):
                return at, there or entries, None if there else "elsewhere"
        if says_where and any(entry.commune for entry in entries):
            return end, entries, None
        near, own = self.issuer.narrow(entries)
        if own:
            return end, near, None
        return end, near, "elsewhere" if any(entry.commune for entry in near) else "ambiguous"

    def _full_key(self, start: int, end: int, entry: Entry) -> str:
        key = self.passage.key(start, end)
        if self.within is None or not self.within.kinds:
            return key
        return f"{name_key(entry.commune).removesuffix(key).strip()} {key}"
