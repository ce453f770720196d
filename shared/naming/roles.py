"""The agencies of a cell with their roles: "A chủ trì, phối hợp với B", "A (chủ trì), B (phối hợp)", "Chủ trì: A. Phối hợp: B"."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from shared.naming.mentions import Role
from shared.naming.passage import PARENTHESIS
from shared.naming.text import CONNECTIVES, Word, accented, is_bullet, past, words_of

_CORES: tuple[tuple[str, Role], ...] = (
    ("dong chu tri", "co_lead"),
    ("cung chu tri", "co_lead"),
    ("chu tri", "lead"),
    ("ct", "lead"),
    ("ph", "coordinate"),
    ("phoi hop", "coordinate"),
    ("lanh dao chi dao", "direct"),
    ("truc tiep chi dao", "direct"),
    ("phu trach chi dao", "direct"),
    ("chi dao", "direct"),
    ("chiu trach nhiem chinh", "accountable"),
    ("chiu trach nhiem", "accountable"),
    ("to chuc thuc hien", "lead"),
    ("trien khai thuc hien", "lead"),
    ("thuc hien", "lead"),
)
_LINKS = ("la", "lam", "giu vai tro", "dong vai tro", "voi vai tro")
_WHO = (
    "cac co quan don vi", "cac co quan", "cac don vi", "co quan don vi", "co quan", "don vi", "cq", "dv",
)  # fmt: skip
_SHORT = {"ct", "ph"}  # mean a role only where they are alone: "CT: A; PH: B", "A (CT)"
_DOING = ("to chuc thuc hien", "trien khai thuc hien", "thuc hien")
_AFTER = ("to chuc thuc hien", "trien khai thuc hien", "thuc hien", "tham muu", "chinh")
_WITH = ("chat che voi", "cung voi", "voi", "cung")
_IS = ("la", "gom", "bao gom")
_BODIES = (
    "ban",
    "tieu ban",
    "to",
    "hoi dong",
    "duoc giao",
    "duoc phan cong",
    "quy che",
)  # "Ban Chỉ đạo" is a name
_ORDERS = tuple(accented(word) for word in ("giao cho", "giao", "đề nghị", "yêu cầu", "phân công"))


_NEW_ITEM = re.compile(r"\n\s*(?:[-+•*–]|\d{1,2}[.)])")


@dataclass(frozen=True, slots=True)
class Part:
    """A run of names with the role that the cell gives them; None where it gives none.

    Attributes:
        attached: the role is in a parenthesis after the last name.
        unclear: two roles reach it, or a new line may begin something else.
        after_lead: no role is given, and a part before leads.
    """

    text: str
    role: Role | None = None
    attached: bool = False
    unclear: bool = False
    after_lead: bool = False


@dataclass(frozen=True, slots=True)
class _Marker:
    """Words that give a role, up to `end`; `leads` where the names follow, None where it depends on the context."""

    role: Role
    end: int
    leads: bool | None
    colon: bool = False


def parts_of(text: str) -> tuple[tuple[Part, ...], tuple[str, ...]]:
    """A cell cut where roles are given, and the words that give them."""
    cut = _Cut(text)
    cut.run()
    led = False
    parts = []
    for part in cut.parts:
        parts.append(replace(part, after_lead=led and part.role is None))
        led = led or part.role == "lead"
    return tuple(parts), tuple(cut.role_words)


@dataclass
class _Cut:
    """Goes through the words once; `since` is the first part to which the next role after names applies."""

    text: str
    words: list[Word] = field(init=False)
    parts: list[Part] = field(default_factory=list)
    role_words: list[str] = field(default_factory=list)
    role: Role | None = None
    colon: bool = False  # the role in force was given with one: it reaches over lines
    since: int = 0
    begun: int = 0  # offset at which the run of names begins

    def __post_init__(self) -> None:
        self.words = words_of(self.text)

    def run(self) -> None:
        opens, closes = self._parentheses()
        here, inside = 0, False
        while here < len(self.words):
            start = self.words[here].start
            for place in [place for place in (*opens, *closes) if self.begun <= place < start]:
                inside = place in opens
                self._close(place, marked=inside and self._marker(here) is not None)
            marker = self._marker(here)
            if marker is None:
                here = self._order(here) or here + 1
                continue
            self._flush(start)
            self._apply(here, marker, inside=inside)
            here = marker.end
            self.begun = self.words[here - 1].end
        for place in [place for place in closes if place >= self.begun]:
            self._close(place, marked=False)
        self._flush(len(self.text))

    def _parentheses(self) -> tuple[set[int], set[int]]:
        """The positions at which parentheses that give roles open and close; others are notes of the name before them."""
        opens, closes = set(), set()
        for match in PARENTHESIS.finditer(self.text):
            within = [n for n, word in enumerate(self.words) if match.start() < word.start < match.end()]
            if any(self._marker(n) for n in within):
                opens.add(match.start())
                closes.add(match.end() - 1)
        return opens, closes

    def _close(self, place: int, *, marked: bool) -> None:
        """At a parenthesis: a role inside applies to names inside, or to those right before it."""
        self._flush(place)
        self.begun = place + 1
        if not marked:
            self.role = None
            self.since = len(self.parts)

    def _flush(self, end: int) -> None:
        run = self.text[self.begun : end]
        if any(word.key not in CONNECTIVES for word in _names(run)):
            unclear = self.role is not None and not self.colon and _NEW_ITEM.search(run.strip()) is not None
            self.parts.append(Part(run, self.role, unclear=unclear))

    def _apply(self, start: int, marker: _Marker, *, inside: bool) -> None:
        before = self.parts[self.since :]
        follows = marker.leads if marker.leads is not None else not before
        if not follows:
            attached = inside and self.text[: self.words[start].start].rstrip().endswith("(")
            self.parts[self.since :] = [
                part for each in before for part in _given(each, marker.role, attached)
            ]
        self.role = marker.role if follows else None
        self.colon = marker.colon
        self.since = len(self.parts)
        self.role_words.append(self.text[self.words[start].start : self.words[marker.end - 1].end])

    def _order(self, here: int) -> int:
        """Past the word that orders, as in "Giao A chủ trì"."""
        if here and not self._gap(here).strip() and not is_bullet(self.text, self.words, here - 1):
            return 0
        for order in _ORDERS:
            end = here + len(order.split())
            printed = self.text[self.words[here].start : self.words[min(end, len(self.words)) - 1].end]
            if end < len(self.words) and accented(printed) == order and not self._gap(end).strip():
                self._flush(self.words[here].start)
                self.role_words.append(printed)
                self.begun = self.words[end - 1].end
                return end
        return 0

    # markers

    def _marker(self, start: int) -> _Marker | None:
        core, plural = self._lead_in(start)
        found = next((item for item in _CORES if self._past(core, item[0]) > core), None)
        if found is None or self._is_part_of_a_name(start):
            return None
        words, role = found
        with_suffix = self._any(self._past(core, words), _AFTER)
        joined = self._any(with_suffix, _WITH) if role == "coordinate" else with_suffix
        end = self._any(joined, _IS)
        gap = self._gap(end)
        separated = end >= len(self.words) or bool(gap.strip()) or "\n" in gap
        if words in _SHORT and not (":" in gap or self._alone_in_parentheses(start, end)):
            return None
        if (plural and ":" not in gap) or (words in _DOING and not separated):
            return None  # "các cơ quan phối hợp" names none, "thực hiện Nghị quyết 57" gives no role
        if ":" in gap or end > with_suffix:
            return _Marker(role, end, leads=True, colon=":" in gap)
        joins = role == "coordinate" and not separated and self._marker(end) is None
        return _Marker(role, end, leads=True if joins else None)

    def _alone_in_parentheses(self, start: int, end: int) -> bool:
        return self._gap(start).rstrip().endswith("(") and self._gap(end).lstrip().startswith(")")

    def _lead_in(self, start: int) -> tuple[int, bool]:
        """Past "là cơ quan" in "là cơ quan chủ trì"; whether several are spoken of."""
        who = self._any(start, _LINKS)
        core = self._any(who, _WHO)
        first = who - 1 if who and not self._gap(who).strip() else who
        return core, core > who and "cac" in {self.words[first].key, self.words[who].key}

    def _is_part_of_a_name(self, start: int) -> bool:
        return any(
            start >= (size := len(body.split())) and self._past(start - size, body) == start
            and not self._gap(start).strip()
            for body in _BODIES
        )  # fmt: skip

    def _any(self, start: int, phrases: Sequence[str]) -> int:
        return next((end for words in phrases if (end := self._past(start, words)) > start), start)

    def _past(self, start: int, phrase: str) -> int:
        """Past the phrase, which no punctuation may cut."""
        end = past(self.words, start, phrase)
        whole = not any(re.search(r"[^\s,]", self._gap(n)) for n in range(start + 1, end))
        return end if whole else start

    def _gap(self, index: int) -> str:
        start = self.words[index - 1].end if index else 0
        end = self.words[index].start if index < len(self.words) else len(self.text)
        return self.text[start:end]


def _names(run: str) -> list[Word]:
    words = words_of(run)
    return [word for n, word in enumerate(words) if not is_bullet(run, words, n)]


def _given(part: Part, role: Role, attached: bool) -> list[Part]:
    """A part with a role after it; where it has one already, the role applies to the words after its last break."""
    if part.role is None:
        return [replace(part, role=role, attached=attached)]
    cut = max(part.text.rfind(";"), part.text.rfind("\n"))
    if cut < 0:
        return [replace(part, unclear=True)]
    return [replace(part, text=part.text[:cut], unclear=False), Part(part.text[cut + 1 :], role, attached)]
