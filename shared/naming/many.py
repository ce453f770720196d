"""Phrases that name many or no definite agencies: "các sở, ban, ngành" of the issuer, "các cơ quan liên quan"."""

from shared.naming import bodies
from shared.naming.directory import Entry
from shared.naming.mentions import Indefinite, Mention
from shared.naming.phrases import generic_run
from shared.naming.text import CONNECTIVES
from shared.naming.units import Units

_LONGEST_PHRASE = 24  # words


class Phrases(Units):
    """Each `take_...` returns the end of what it took, 0 when it took nothing."""

    def take_phrase(self, start: int) -> int:
        run, _ = self.run(start)
        if run:
            self.settle()
            self.indefinite.append(Indefinite(self.passage.whole(start, run)))
        return run

    def run(self, start: int) -> tuple[int, bool]:
        return generic_run(self.passage.words, start, self.passage.ends_after(start), self._is_name)

    def _is_name(self, start: int, end: int) -> bool:
        """True if a phrase must stop before this item, which is a name or follows a hard break."""
        found, entries = self.exact(start)
        name = found >= end and any(entry.kind != "group" for entry in entries)
        return name or not self.passage.is_joined(start - 1, start + 1)

    def take_issuers(self, start: int) -> int:
        run, qualified = self.run(start)
        for end in reversed(self.ends(start)):
            key = self.passage.key(start, end)
            own = self.issuer.itself(key)
            if own is not None:
                self.settle()
                return self.take(start, end, (Entry("agency", (own,)),))
            there = self.issuer.members_elsewhere(self.passage.words, start, end)
            if there and self._names_another_place(end):
                continue
            members = there or self.issuer.members(key)
            if members is not None and not (qualified and run > end) and not self._goes_on(end):
                self.settle()
                self._take_members(start, end, members)
                return end
        return 0

    def _take_members(self, start: int, end: int, members: tuple[str, ...]) -> None:
        if reason := self.note_on_many(self.passage.notes.get(end - 1, "")):
            self.doubt(start, end, reason, ())
        elif not members:
            self.indefinite.append(Indefinite(self.passage.whole(start, end), whose=True))
        else:
            self.found.append(Mention("list", members, self.passage.printed(start, end)))

    def _names_another_place(self, end: int) -> bool:
        """True if a second province follows: "UBND các xã thuộc tỉnh Nghệ An và Hà Tĩnh"."""
        words = self.passage.words
        at = end + 1 if end < len(words) and words[end].key in CONNECTIVES else end
        return self.place_after(at)[0] > at

    def _goes_on(self, end: int) -> bool:
        """True if a phrase that names many is only the beginning of a narrower one: "các xã, phường ven biển"."""
        if end >= len(self.passage.words) or self.passage.gap(end).strip() not in {"", ",", "/"}:
            return False
        begins = end + (self.passage.words[end].key in CONNECTIVES)
        return bodies.is_bare_kind(self.passage.words, begins) and not self.exact(begins)[0]

    def ends(self, start: int) -> list[int]:
        ends = self.passage.ends_after(start)
        return [end for end in ends if end - start <= _LONGEST_PHRASE and self.passage.is_joined(start, end)]
