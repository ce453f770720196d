"""The names in one run of a cell, from left to right: who is named, what is left open, what is not known.

Exact names first, the longest that fits between two separators; then what names many, heads, units of an agency.
"""

import re
from dataclasses import replace

from shared.naming import bodies
from shared.naming.directory import Entry
from shared.naming.mentions import Indefinite, Mention, Naming, Unknown
from shared.naming.names import DASHES
from shared.naming.passage import Passage
from shared.naming.phrases import Header, generic_run, list_header
from shared.naming.text import CONNECTIVES, accented, name_key
from shared.naming.units import Units

_LONGEST_PHRASE = 24  # words of a phrase that names many
_BARE = Header(0)  # names of ministries may leave out "Bộ"
_OF_MANY_KINDS = {"bo", "tinh", "pho"}  # last words of a header behind which a name may follow without a mark
_OF_ONE_KIND = {"xa", "phuong", "khu", "so"}


class Reader(Units):
    """Each `_take...` returns the end of what it took, 0 when it took nothing."""

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
                here = (
                    self._take_head(here)
                    or self._take_one(here)
                    or self._take_aside(here)
                    or self.leave(here)
                )
        self.settle()
        return Naming(
            tuple(self.found),
            tuple(self.indefinite),
            tuple(self.unknown),
            tuple(self.notes),
            tuple(self.asides),
        )

    def _take_one(self, start: int) -> int:
        return (
            self._take_list(start)
            or self._take_issuers(start)
            or self._take_name(start)
            or self.take_unit(start)
            or self._take_phrase(start)
        )

    # names and phrases

    def _take_name(self, start: int) -> int:
        end, entries = self.exact(start)
        run, qualified = self._run(start)
        if not end or (end < run and qualified):
            return 0
        self.settle()
        return self.take(start, end, entries)

    def _take_phrase(self, start: int) -> int:
        run, _ = self._run(start)
        if run:
            self.settle()
            self.indefinite.append(Indefinite(self.passage.whole(start, run)))
        return run

    def _run(self, start: int) -> tuple[int, bool]:
        return generic_run(self.passage.words, start, self.passage.ends_after(start), self._is_name)

    def _is_name(self, start: int, end: int) -> bool:
        """Whether a phrase must stop before this item, which is a name or stands after a hard break."""
        found, entries = self.exact(start)
        name = found >= end and any(entry.kind != "group" for entry in entries)
        return name or not self.passage.is_joined(start - 1, start + 1)

    def _take_aside(self, start: int) -> int:
        """The apposition first: "Cơ quan Thường trực Ban Chỉ đạo - Văn phòng Trung ương Đảng" is one agency."""
        end = self.passage.ends_after(start)[0]
        gap = self.passage.gap(end).strip() if end < len(self.passage.words) else ""
        if (
            not bodies.is_aside(self.passage.words, start)
            or gap not in {":", *DASHES}
            or not self.exact(end)[0]
        ):
            return 0
        self.settle()
        self.asides.append(self.passage.printed(start, end))
        return end

    # phrases whose meaning depends on who issues

    def _take_issuers(self, start: int) -> int:
        run, qualified = self._run(start)
        for end in reversed(self._ends(start)):
            key = self.passage.key(start, end)
            own = self.issuer.itself(key)
            if own is not None:
                self.settle()
                return self.take(start, end, (Entry("agency", (own,)),))
            members = self.issuer.members(key)
            if members is not None and not (qualified and run > end):
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

    def _ends(self, start: int) -> list[int]:
        ends = self.passage.ends_after(start)
        return [end for end in ends if end - start <= _LONGEST_PHRASE and self.passage.is_joined(start, end)]

    # heads

    def _take_head(self, start: int) -> int:
        passage = self.passage
        for name in range(min(start + bodies.LONGEST_TITLE, len(passage.words) - 1), start, -1):
            title = passage.printed(start, name)
            if not bodies.is_title(passage.key(start, name)) or bodies.SCHOOL in accented(title).split():
                continue
            self.settle()
            if end := self._take_heads_of_many(start, name):
                return end
            if not passage.gap(name).strip(" \n\t\u00a0"):
                before = len(self.found), len(self.indefinite), len(self.unknown)
                first_word = bodies.runs_into_name(
                    name_key(title)
                )  # "Tổng Thanh tra Chính phủ", no "Tổng cục A"
                if end := self._take_name(name) if first_word else self._take_titled(start, name):
                    self._entitle(before, start, name)
                    return end
        return 0

    def _take_titled(self, start: int, name: int) -> int:
        return self._take_one(name) or self._take_minister(start, name)

    def _take_heads_of_many(self, start: int, name: int) -> int:
        """A phrase that names heads: "Bộ trưởng, Thủ trưởng cơ quan ngang bộ" are the heads of the group "các bộ, cơ quan ngang bộ"."""
        run, qualified = self._run(name)
        for end in reversed(self._ends(start)):
            bodies_meant = bodies.without_heads(self.passage.key(start, end))
            phrase = "cac " + re.sub(r"\bcac ", "", bodies_meant)
            entries = self.issuer.directory.lookup(phrase, "") if end > name else ()
            if len(entries) == 1 and entries[0].kind == "group" and not (qualified and run > end):
                before = len(self.found), len(self.indefinite), len(self.unknown)
                taken = self.take(start, end, entries)
                self._entitle(before, start, name)
                return taken
        return 0

    def _take_minister(self, start: int, name: int) -> int:
        """A ministry behind its minister: "Bộ trưởng Nội vụ"."""
        end, entries = (
            self.exact(name, _BARE) if self.passage.key(start, name).endswith("bo truong") else (0, ())
        )
        return self.take(name, end, entries) if end else 0

    def _entitle(self, before: tuple[int, int, int], start: int, name: int) -> None:
        """Give the title to what was taken behind it, and the words of the title to what could not be."""
        found, indefinite, unknown = before
        title = self.passage.printed(start, name)
        lead = self.passage.text[self.passage.words[start].start : self.passage.words[name].start]

        def headed(text: str) -> str:
            return text if text.startswith(title) else lead + text

        self.indefinite[indefinite:] = [
            replace(each, text=headed(each.text)) for each in self.indefinite[indefinite:]
        ]
        self.unknown[unknown:] = [replace(each, text=headed(each.text)) for each in self.unknown[unknown:]]
        mentions, self.found[found:] = self.found[found:], []
        for mention in mentions:
            text = headed(mention.text)
            whole = mention.kind == "agency" and bodies.runs_into_name(name_key(title))
            if mention.kind == "agency" and not self._heads(mention.codes[0], title):
                suggestions = self.named([Entry("agency", mention.codes)])
                self.unknown.append(
                    Unknown(f"{text} ({mention.unit})" if mention.unit else text, suggestions)
                )
            else:
                self.found.append(replace(mention, text=text, position=text if whole else title))

    def _heads(self, code: str, title: str) -> bool:
        """Whether somebody of this title is the head of such an agency: "Giám đốc Hà Nội" is nobody."""
        return not self.is_place(code) or bodies.heads_places(name_key(title))

    # lists that spell out their members

    def _take_list(self, start: int) -> int:
        header = None if self.within else list_header(self.passage.words, start)
        if header is None:
            return 0
        end, body = self._body(header)
        inner = Reader(Passage(body), self.issuer, self.similarity, header).read()
        members = tuple(dict.fromkeys(c for m in inner.found if m.kind != "group" for c in m.codes))
        if (
            not body
            or bodies.takes_out(body)
            or not (members or header.kinds or (header.count and inner.unknown))
        ):
            return 0
        self.settle()
        self._add_list(start, end, header, members, inner)
        return end

    def _add_list(
        self, start: int, end: int, header: Header, members: tuple[str, ...], inner: Naming
    ) -> None:
        in_parentheses = end == header.end
        suggestions = self.named([Entry("agency", members)])
        groups = [mention for mention in inner.found if mention.kind == "group"]
        strays = bool(groups or inner.indefinite or inner.unknown)
        whole = self.passage.whole(start, end)
        if in_parentheses and inner.indefinite:
            self.indefinite.append(Indefinite(whole, suggestions))
        elif header.count is not None and (strays or header.count != len(members)):
            self.doubt(start, end, "count_mismatch", suggestions)
        elif header.kinds and (strays or not members):
            first = inner.unknown[0] if inner.unknown else None
            self.doubt(
                start, end, first.reason if first else "no_match", first.suggestions if first else (), "unit"
            )
        elif in_parentheses and strays:
            self.doubt(start, end, "no_match", suggestions)
        else:
            worst = min(inner.found, key=lambda mention: mention.score)
            self.found += [Mention("list", members, whole, worst.how, worst.score), *groups]
            self.indefinite += inner.indefinite
            self.unknown += inner.unknown
            self.notes += inner.notes
            self.asides += inner.asides

    def _body(self, header: Header) -> tuple[int, str]:
        """End and text of what a list's header introduces: a parenthesis, the rest of the line, or the lines below it."""
        passage, start = self.passage, header.end
        if start - 1 in passage.notes:
            return start, passage.notes[start - 1]
        if start >= len(passage.words):
            return start, ""
        gap = passage.gap(start)
        direct = not gap.strip() and passage.words[start - 1].key in {
            "bo",
            "tinh",
            "pho",
            "xa",
            "phuong",
            "khu",
            "so",
        }
        if ":" not in gap and not (direct and self._begins_bare(header)):
            return start, ""
        end = len(passage.words) if ":" in gap and "\n" in gap else passage.line_end(start)
        return end, passage.whole(start, end)

    def _begins_bare(self, header: Header) -> bool:
        return any(entry.kind != "group" for entry in self.exact(header.end, header)[1])
