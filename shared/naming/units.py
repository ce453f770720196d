"""Units of an agency: "C06, Bộ Công an" is the ministry, with the unit kept."""

from shared.naming import bodies
from shared.naming.directory import Entry
from shared.naming.names import Names
from shared.naming.passage import PARENTHESIS
from shared.naming.places import DASHES
from shared.naming.text import name_key, past

_ITEMS_OF_A_UNIT = 4


class Units(Names):
    """Names, and the units before or after them."""

    def take_unit(self, start: int) -> int:
        """A unit with its agency: "Vụ Pháp chế, Bộ Tư pháp", "Cục C06 - Bộ Công an", "Vụ Pháp chế (Bộ Tư pháp)"."""
        passage, words = self.passage, self.passage.words
        if not bodies.begins_a_unit(words, start, passage.printed(start, start + 1), lesser=True, other=True):
            return 0
        for end in passage.ends_after(start)[:_ITEMS_OF_A_UNIT]:
            if not passage.is_joined(start, end):
                break
            for unit_end, name in self._owners(start, end):
                stop, entries = self.exact(name)
                if stop and self._has_units(entries, start):
                    self.settle()
                    unit = passage.whole(start, unit_end)
                    return self.take(name, stop, entries, first=start, unit=unit)
            note = passage.notes.get(end - 1, "")
            entries = self.issuer.directory.lookup(name_key(note), note) if note else ()
            if entries and self._has_units(entries, start):
                self.settle()
                self.add(start, end, entries, 100.0, passage.printed(start, end))
                self.asides.append(note)
                return end
            if self.exact(end)[0] if end < len(words) else True:
                break
        return 0

    def _owners(self, start: int, end: int) -> list[tuple[int, int]]:
        """The position where the unit's words end and its agency's name may begin, for the item that ends at `end`."""
        words, passage = self.passage.words, self.passage
        clear = bodies.is_clear_unit(words, start) or bodies.is_code(passage.printed(start, start + 1))
        lesser = bodies.begins_a_unit(words, start, "", lesser=True, other=False)
        found = [(n, n + 1) for n in range(start + 1, end - 1) if words[n].key in {"thuoc", "cua"}]
        if clear:
            found += [(n, n) for n in range(start + 1, end) if words[n].key == "bo"]
        elif past(words, start, "van phong bo") > start:
            found += [(start + 2, start + 2)]
        elif words[start].key == "phong":
            found += [
                (n, n)
                for n in range(start + 1, end)
                if bodies.is_bare_kind(words, n) and words[n - 1].key != "cac"
            ]
        if end < len(words):
            gap = PARENTHESIS.sub("", passage.gap(end)).strip()
            pair = start == 0 and self.exact(end)[0] == len(words) and (lesser or words[start].key == "phong")
            if gap in DASHES or (gap == "," and (clear or pair)):
                found.append((end, end))
        return found

    def _has_units(self, entries: tuple[Entry, ...], start: int) -> bool:
        """Units are those of central bodies; a "Phòng" may be a commune's."""
        if not entries or entries[0].kind == "group":
            return False
        if all(entry.commune for entry in entries):
            return self.passage.words[start].key == "phong"
        return entries[0].kind == "former" or (len(entries) == 1 and not self.is_place(entries[0].codes[0]))

    def is_place(self, code: str) -> bool:
        agency = self.issuer.directory.agencies.get(code)
        return (
            agency is not None
            and agency.level != "central"
            and name_key(agency.name).startswith(("tinh ", "thanh pho ", "xa ", "phuong ", "dac khu "))
        )
