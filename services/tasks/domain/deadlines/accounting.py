"""Every word beside a deadline is accounted for: it is grammar, an ordinary word in its place, or it is told to a person.

The scope is the clause (between full stops and semicolons) that carries a date which is used:
1. right after the date, up to a comma or bracket, an ordinary word must follow;
2. right before the governing words nothing that turns them (từ, sau, không, a number of its own); right before a date
   without governing words an ordinary word, and no governing word further left in its segment;
3. in the date's segment (between commas) no word of time, order, condition or negation that the grammar has not read;
4. in the rest of the clause no length of time, event or condition, and anywhere no other day or period, that the
   grammar has not read.
What stands behind "để", "nhằm", "phục vụ" is what the deadline serves, and is not looked at.
"""

import re
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

from services.tasks.domain.deadlines.contexts import HAPPENING
from services.tasks.domain.deadlines.cues import Role
from services.tasks.domain.deadlines.marks import DURATION, blank
from services.tasks.domain.deadlines.mentions import Mention
from services.tasks.domain.deadlines.spelling import plain
from services.tasks.domain.deadlines.vocabulary import HARMLESS, KNOWN

_DATE, _SEEN, _OTHER_DATE = (
    "\ue006",
    "\ue007",
    "\ue008",
)  # marks: the date in use, one that is explained, any other
_TOKEN = re.compile(
    rf"(?P<date>{_DATE}{{1,999}})|(?P<seen>{_SEEN}{{1,999}})|(?P<taken>[\ue000-\ue002\ue004\ue005]{{1,999}})"
    rf"|(?P<other_date>{_OTHER_DATE}{{1,999}})|(?P<duration>{DURATION}{{1,999}})"
    rf"|\b(?:(?P<harmless>{HARMLESS})"
    r"|(?P<purpose>để|nhằm|phục vụ|làm cơ sở|làm căn cứ)"
    rf"|(?P<event>(?:tại|trước|sau|đến|trong|kịp|vào|cùng)(?: các| dịp)? {HAPPENING})"
    r"|(?P<condition>(?:ngay )?(?:sau|trước|đến|tới) khi|ngay khi|khi|nếu|trường hợp|tùy|tuỳ|trừ|ngoại trừ|với điều kiện)"
    r"|(?P<negation>không|chưa|chẳng|đừng|thay vì)"
    r"|(?P<cue>trước|sau|chậm nhất|muộn nhất|trễ nhất|sớm nhất|không quá)"
    r"|(?P<weak>kể từ|từ|đến|tới|đầu|giữa|khoảng|hoặc)"
    r"|(?P<time>ngày|tháng|năm|quý|tuần|giờ)"
    r"|(?P<lasting>tạm dừng|hoãn|giá trị|hiệu lực|bảo hành|bảo lưu|giữ nguyên|duy trì|tạm giữ|miễn giảm)"
    r"|(?P<done>đã))\b"
    r"|(?P<number>[0-9]{1,12}(?:[.,/:-][0-9]{1,12}){0,4}(?:[0-9]|(?!\w)) ?%?)"
    r"|(?P<stop>[,:()\[\]])|(?P<word>\w{1,99})|(?P<mark>\S)"
)
_OTHER_DATES = re.compile(rf"{_OTHER_DATE}{{1,999}}")
_CLAUSE_END = re.compile(r";|(?<!\btp)(?<!\btt)\.(?= |$)")
_LATEST = frozenset({"chậm nhất", "muộn nhất", "trễ nhất", "không quá"})  # go together with "trước"
_LATEST_WORDS = re.compile(r"(?:chậm|muộn|trễ) nhất|không (?:quá|muộn|chậm)")
_UNTIL = re.compile(
    r"(?:đến|tới|hết)\b|từ [^,;]{1,30} đến\b"
)  # after "tạm dừng", "có giá trị": how long it lasts
_NEAR = 4  # words to the left that a negation or a governing word reaches over
_FAR = 6
_SAID_OF_WORK = frozenset(
    ["được", "giao", "có", "đề", "ban", "phê", "ký", "nêu", "cấp", "ra", "thông", "nêu"]
)  # nhiệm vụ đã giao
_MOST_WORDS = 6  # of one unread phrase
_SMALL = re.compile(r"[0-9]{1,2} ?")  # may be a day or a number of days
_SHORT = 4  # letters: shorter words are too often one letter from another


@dataclass(frozen=True, slots=True)
class _Token:
    kind: str
    text: str
    start: int
    end: int
    segment: int


@dataclass(frozen=True, slots=True)
class _Cues:
    """Where the dates in use begin that have no governing words, "chậm nhất", "đến"."""

    bare: frozenset[int]
    latest: frozenset[int]
    until: frozenset[int]


def unread_words(
    text: str, words: str, mentions: Sequence[Mention], used: Sequence[tuple[int, int]]
) -> tuple[str, ...]:
    """What stands in the scope of the dates in use and was not understood, in the text's order.

    Args:
        text: normalised.
        words: the same, letter for letter, with marks where something was taken out.
        mentions: every day and period of the text, those in use among them.
        used: from first to last letter, the dates and recurrences that the reading stands on.
    """
    used = list(_apart(used))
    marked = _mark(words, mentions, used)
    cues = _Cues(
        frozenset(mention.span[0] for mention in mentions if mention.role is Role.BARE),
        frozenset(start for start, _ in used if _LATEST_WORDS.match(text, start)),
        frozenset(start for start, _ in used if _UNTIL.match(text, start)),
    )
    found: list[tuple[int, int]] = []
    for start, end in _clauses(marked, used):
        clause = _Clause(list(_tokens(marked, start, end)), cues)
        found += clause.unread()
    found += [match.span() for match in _OTHER_DATES.finditer(marked)]  # a second date, wherever it stands
    return tuple(dict.fromkeys(text[start:end].strip() for start, end in _merged(found)))


def _mark(words: str, mentions: Sequence[Mention], used: list[tuple[int, int]]) -> str:
    starts = [start for start, _ in used]
    others: list[tuple[int, int]] = []
    explained: list[tuple[int, int]] = []
    for mention in mentions:
        at = bisect_right(starts, mention.written.start) - 1
        if at >= 0 and mention.written.start < used[at][1]:
            continue
        is_explained = mention.ignored or mention.role is Role.AFTER
        (explained if is_explained else others).append(mention.span)
    for spans, mark in ((others, _OTHER_DATE), (explained, _SEEN), (used, _DATE)):
        words = blank(words, list(_apart(spans)), mark)
    return words


def _apart(spans: Iterable[tuple[int, int]]) -> Iterator[tuple[int, int]]:
    at = 0
    for start, end in sorted(spans):
        if end > at:
            yield max(start, at), end
            at = end


def _clauses(words: str, spans: Sequence[tuple[int, int]]) -> Iterator[tuple[int, int]]:
    """From one full stop or semicolon to the next, around each span; each clause once."""
    ends = [0, *(match.end() for match in _CLAUSE_END.finditer(words)), len(words)]
    held = sorted(start for start, _ in spans)
    for start, end in pairwise(ends):
        if bisect_left(held, end) > bisect_left(held, start):
            yield start, end


def _tokens(words: str, start: int, end: int) -> Iterator[_Token]:
    segment = 0
    for match in _TOKEN.finditer(words, start, end):
        kind = match.lastgroup or "mark"
        segment += kind == "stop"
        yield _Token(kind, match[0], match.start(), match.end(), segment)


def _merged(spans: Iterable[tuple[int, int]]) -> Iterator[tuple[int, int]]:
    """Spans that touch become one phrase."""
    last: tuple[int, int] | None = None
    for start, end in sorted(set(spans)):
        if last and start <= last[1] + 1:
            last = (last[0], max(last[1], end))
            continue
        if last:
            yield last
        last = (start, end)
    if last:
        yield last


def _like_a_cue(word: str) -> bool:
    """A slip of "trước" or "chậm", "muộn": the same letters but for marks, or one letter more, less or other."""
    return any(_near(plain(word), cue) for cue in ("truoc", "cham", "muon")) and word not in _NO_SLIPS


_NO_SLIPS = frozenset(
    [
        "trực",
        "trúc",
        "trước",
        "chạm",
        "chấm",
        "chăm",
        "chậm",
        "muốn",
        "muộn",
        "mượn",
        "môn",
        "cam",
        "cảm",
        "tham",
        "thăm",
        "nhóm",
        "làm",
        "chăm",
        "nước",
    ]
)


def _near(word: str, cue: str) -> bool:
    if word == cue:
        return True
    if not len(cue) - 1 <= len(word) <= len(cue) + 1 or len(cue) <= _SHORT:
        return False
    common = next(
        (at for at, (a, b) in enumerate(zip(word, cue, strict=False)) if a != b), min(len(word), len(cue))
    )
    rest, due = word[common:], cue[common:]
    return rest[1:] == due[1:] or rest[1:] == due or rest == due[1:] or sorted(rest) == sorted(due)


class _Clause:
    """The words of a clause that carries dates in use."""

    def __init__(self, tokens: list[_Token], cues: _Cues) -> None:
        self._tokens, self._cues = tokens, cues
        self._bounded = any(token.start in cues.latest for token in tokens)
        self._dates = [at for at, token in enumerate(tokens) if token.kind == "date"]
        self._segments = {tokens[at].segment for at in self._dates}
        self._segments |= {tokens[at + 1].segment for at in self._dates if self._text(at + 1) == "("}
        first = self._dates[0]
        purposes = (at for at, token in enumerate(tokens) if token.kind == "purpose" and at > first)
        self._end = next(purposes, len(tokens))

    def _text(self, at: int) -> str:
        return self._tokens[at].text if at < len(self._tokens) else ""

    def unread(self) -> Iterator[tuple[int, int]]:
        for at in self._dates:
            yield from self._after(at)
            yield from self._before(at)
        for at, token in enumerate(self._tokens[: self._end]):
            if self._speaks(at, token):
                yield self._phrase(at)

    def _after(self, at: int) -> Iterator[tuple[int, int]]:
        """The first word after a date, also where a bracket opens on it."""
        following = at + 1
        tokens = self._tokens
        while following < len(tokens) and tokens[following].text in {"(", "["}:
            following += 1
        if following >= len(tokens):
            return
        token = tokens[following]
        if token.kind in {"number", "negation", "weak", "done"} or (
            token.kind == "word" and token.text not in KNOWN
        ):
            yield token.start, self._reach(following)

    def _reach(self, at: int) -> int:
        """Where the phrase that begins there ends: with its segment, or after some words."""
        end = self._tokens[at].end
        for token in self._tokens[at + 1 : at + _MOST_WORDS]:
            if token.kind not in {"word", "number", "time", "seen", "taken"}:
                break
            end = token.end
        return end

    def _before(self, at: int) -> Iterator[tuple[int, int]]:
        """What stands right before the governing words, or before a date that has none."""
        if at == 0:
            return
        bare, date, token = self._tokens[at].start in self._cues.bare, self._tokens[at], self._tokens[at - 1]
        if self._turns(token, bare=bare):
            yield token.start, token.end
        near = [
            (back, each)
            for back, each in enumerate(reversed(self._tokens[max(0, at - _FAR) : at]), 1)
            if each.segment == date.segment
        ]
        for back, each in near:
            reaches = each.kind in {"cue", "weak"} and bare
            denied = each.kind == "negation" and back <= _NEAR
            done = each.kind == "done" and self._tokens[at - back + 1].text not in _SAID_OF_WORK
            lasts = each.kind == "lasting" and date.start in self._cues.until
            if (
                reaches
                or denied
                or done
                or lasts
                or (bare and each.kind == "word" and _like_a_cue(each.text))
            ):
                yield each.start, each.end

    @staticmethod
    def _turns(token: _Token, *, bare: bool) -> bool:
        """Whether a word just before changes what a date means."""
        match token.kind:
            case "negation" | "weak":
                return True
            case "cue":
                return token.text not in _LATEST
            case "word":
                return _like_a_cue(token.text) or (bare and token.text not in KNOWN)
            case "number":
                return bare or _SMALL.fullmatch(token.text) is not None
        return False

    def _speaks(self, at: int, token: _Token) -> bool:
        """Whether a word speaks of time, an order or a condition that no rule has read."""
        following = self._tokens[at + 1] if at + 1 < len(self._tokens) else None
        match token.kind:
            case "other_date":
                return True
            case "duration":
                return not (following and following.text == "," and self._dated(at + 2))
            case "event":
                return not self._is_dated(at)
            case "condition" if at == 0 or self._tokens[at - 1].kind == "stop":
                # sau khi có Nghị quyết, chậm nhất ngày 31/12/2025
                return not (self._bounded and at < self._dates[0])
        if token.segment not in self._segments:
            return False
        return token.kind in {"condition", "cue", "time"}

    def _dated(self, at: int) -> bool:
        return at < len(self._tokens) and self._tokens[at].kind == "date"

    def _is_dated(self, at: int) -> bool:
        """The event's own day stands behind it: one that is explained, or the date in use, at most in brackets."""
        event = self._tokens[at]
        for token in self._tokens[at + 1 :]:
            if token.text in {",", ":"} or token.kind == "other_date":
                return False
            if token.kind == "seen":
                return True
            if token.kind == "date":
                return token.start in self._cues.bare and not event.text.startswith(("trước", "sau"))
        return False

    def _phrase(self, at: int) -> tuple[int, int]:
        """The word with a number before it and what it governs."""
        start = (
            at - 1 if at and self._tokens[at].kind == "time" and self._tokens[at - 1].kind == "number" else at
        )
        end = (
            self._reach(at)
            if self._tokens[at].kind in {"event", "condition", "cue"}
            else self._tokens[at].end
        )
        return self._tokens[start].start, end
