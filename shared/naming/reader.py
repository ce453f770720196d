"""The names in one run of a cell, from left to right: who is named, what is left open, what is not known.

Exact names first, the longest that fits between two separators; then what names many, heads, units of an agency.
"""

import re
from dataclasses import replace

from shared.naming import bodies
from shared.naming.directory import Entry
from shared.naming.issuers import Issuer
from shared.naming.many import Phrases
from shared.naming.mentions import Indefinite, Mention, Naming, Unknown
from shared.naming.passage import Passage
from shared.naming.phrases import Header, list_header
from shared.naming.places import DASHES
from shared.naming.text import CONNECTIVES, accented, name_key

_BARE = Header(0)  # names of ministries may leave out "Bộ"
_NAMES_FOLLOW = frozenset(
    {"bo", "tinh", "pho", "xa", "phuong", "khu", "so"}
)  # last words of a header behind which a name may follow without a mark
_PLACE_WORDS = ("thuoc", "truc", "cua", "tinh")


class Reader(Phrases):
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
            or self.take_issuers(start)
            or self._take_name(start)
            or self.take_unit(start)
            or self.take_phrase(start)
        )

    # names and phrases

    def _take_name(self, start: int) -> int:
        end, entries = self.exact(start)
        run, qualified = self.run(start)
        if not end or (end < run and qualified):
            return 0
        if entries[0].unit and (taken := self.take_unit(start)):
            return taken
        self.settle()
        return self.take(start, end, entries)

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

    # heads

    def _take_head(self, start: int) -> int:
        passage = self.passage
        for name in range(min(start + bodies.LONGEST_TITLE, len(passage.words) - 1), start, -1):
            title = passage.printed(start, name)
            if not bodies.is_title(passage.key(start, name)) or bodies.SCHOOL in accented(title).split():
                continue
            rest = passage.key(name, passage.ends_after(name)[0])
            if rest == bodies.GOVERNMENT and not bodies.is_of_government(name_key(title)):
                continue  # "Tổng Thanh tra Chính phủ", "Chánh Văn phòng Chính phủ"
            self.settle()
            if end := self._take_heads_of_many(start, name):
                return end
            if not passage.gap(name).strip(" \n\t\u00a0"):
                before = len(self.found), len(self.indefinite), len(self.unknown)
                take = self._take_titled
                if bodies.runs_into_name(name_key(title)):  # "Tổng Thanh tra Chính phủ", no "Tổng cục A"
                    take = self._take_rest_of_name
                if end := take(start, name):
                    self._entitle(before, start, name)
                    return end
        return self._take_head_of_government(start)

    def _take_head_of_government(self, start: int) -> int:
        """The title alone, which is one person's: "Thủ tướng", "Phó Thủ tướng Thường trực"."""
        end = self.passage.ends_after(start)[0]
        if not bodies.is_of_government(self.passage.key(start, end)):
            return 0
        entries = self.issuer.directory.lookup(bodies.GOVERNMENT, "")
        if not entries:
            return 0
        self.settle()
        before = len(self.found), len(self.indefinite), len(self.unknown)
        taken = self.take(start, end, entries)
        self._entitle(before, start, end)
        return taken

    def _take_rest_of_name(self, start: int, name: int) -> int:
        is_unit = any(entry.unit for entry in self.exact(start)[1])
        return 0 if is_unit else self._take_name(name)

    def _take_titled(self, start: int, name: int) -> int:
        return self._take_one(name) or self._take_minister(start, name)

    def _take_heads_of_many(self, start: int, name: int) -> int:
        """A phrase that names heads: "Bộ trưởng, Thủ trưởng cơ quan ngang bộ" are the heads of the group "các bộ, cơ quan ngang bộ"."""
        if self.passage.key(start, name).endswith("bo truong") and self.passage.gap(name).strip() == ":":
            return self._take_ministers(start, name)
        run, qualified = self.run(name)
        for end in reversed(self.ends(start)):
            bodies_meant = bodies.without_heads(self.passage.key(start, end))
            phrase = "cac " + re.sub(r"\bcac ", "", bodies_meant)
            entries = self.issuer.directory.lookup(phrase, "") if end > name else ()
            if len(entries) == 1 and entries[0].kind == "group" and not (qualified and run > end):
                before = len(self.found), len(self.indefinite), len(self.unknown)
                taken = self.take(start, end, entries)
                self._entitle(before, start, name)
                return taken
        return 0

    def _take_ministers(self, start: int, name: int) -> int:
        """Ministries behind their ministers' title and a colon: "Bộ trưởng: Bộ Nội vụ, Bộ Tài chính"."""
        words, here, end = self.passage.words, name, 0
        before = len(self.found), len(self.indefinite), len(self.unknown)
        while here < len(words):
            if words[here].key in CONNECTIVES or self.passage.is_bullet(here):
                here += 1
                continue
            stop, entries = self.exact(here, _BARE)
            if not stop or not self._is_ministry(entries):
                break
            here = end = self.take(here, stop, entries)
        self._entitle(before, start, name)
        return end

    def _is_ministry(self, entries: tuple[Entry, ...]) -> bool:
        agency = self.issuer.directory.agencies.get(entries[0].codes[0])
        return len(entries) == 1 and agency is not None and name_key(agency.name).startswith("bo ")

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
        behind = self.passage.words[name].start if name < len(self.passage.words) else None
        lead = self.passage.text[self.passage.words[start].start : behind]

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
        """True if the head of such an agency has this title: there is no "Giám đốc Hà Nội"."""
        return not self.is_place(code) or bodies.heads_places(name_key(title))

    # lists that spell out their members

    def _take_list(self, start: int) -> int:
        header = None if self.within else list_header(self.passage.words, start)
        if header is None:
            return 0
        end, body = self._body(header)
        if not body or bodies.takes_out(body) or self._is_barren(start, end, header):
            return 0
        issuer, listed = self._where(header, body)
        inner = Reader(Passage(listed), issuer, self.similarity, header).read()
        members = tuple(dict.fromkeys(c for m in inner.found if m.kind != "group" for c in m.codes))
        if not (members or header.kinds or (header.count and inner.unknown)):
            self.barren = range(start, end + 1)
            self.barren_of_all = not inner.unknown
            return 0
        self.settle()
        self._add_list(start, end, header, members, inner)
        return end

    def _where(self, header: Header, body: str) -> tuple[Issuer, str]:
        """Whose communes a list is of, where the province is named behind the last: "Tân Phú, Tam Hợp (Nghệ An)"."""
        inside = Passage(body)
        last = len(inside.words)
        note = inside.notes.get(last - 1, "") if len(inside.notes) == 1 else ""
        cuts = [(inside.words[-1].end, name_key(note), note)] if note else []
        if not inside.notes:
            starts = [
                n
                for n in range(1, last)
                if inside.key(n, n + 1) in _PLACE_WORDS or inside.key(n, n + 2) == "thanh pho"
            ]
            cuts = [(inside.words[n].start, inside.key(n, last), inside.printed(n, last)) for n in starts]
        for cut, key, printed in cuts:
            place = self.place(re.sub(r"^(?:truc thuoc|thuoc|cua) ", "", key), printed)
            if place and header.kinds and header.kinds != ("sở",):
                return Issuer(self.issuer.directory, place), body[:cut].rstrip(" ,")
        return self.issuer, body

    def _is_barren(self, start: int, end: int, header: Header) -> bool:
        """True if the list lies in one that has no members: each is read once, however many headers begin in it."""
        inside = start in self.barren and end in self.barren
        return inside and not header.kinds and (header.count is None or self.barren_of_all)

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
        direct = not gap.strip() and passage.words[start - 1].key in _NAMES_FOLLOW
        if ":" not in gap and not (direct and self._begins_bare(header)):
            return start, ""
        end = len(passage.words) if ":" in gap and "\n" in gap else passage.line_end(start)
        while ":" in gap and self._list_goes_on(end, header):
            end = passage.line_end(end)
        return end, passage.whole(start, end)

    def _list_goes_on(self, start: int, header: Header) -> bool:
        """True if a list goes on behind a semicolon: "các Bộ: Tài chính; Xây dựng", "các tỉnh: Nghệ An; Hà Tĩnh"."""
        if start >= len(self.passage.words) or "\n" in self.passage.gap(start):
            return False
        entries, by_itself = self.exact(start, header)[1], self.exact(start)[1]
        provinces = self.passage.words[header.end - 1].key in {"tinh", "pho"}
        return bool(entries) and (not by_itself or (provinces and entries[0].place))

    def _begins_bare(self, header: Header) -> bool:
        return any(entry.kind != "group" for entry in self.exact(header.end, header)[1])
