"""Every word beside a deadline is accounted for: it is grammar, an ordinary word in its place, or unread and flagged.

The scope is the clause (between full stops and semicolons) that carries a date which is used:
1. right after the date, up to a comma or bracket, an ordinary word must follow;
2. right before the governing words nothing that changes them (từ, sau, không, a number of its own); right before a date
   without governing words an ordinary word, and no governing word further left in its segment;
3. in the date's segment (between commas) no word of time, order, condition or negation that the grammar has not read;
4. in the rest of the clause no length of time, event or condition, and anywhere no other day or period, that the
   grammar has not read.
Words after "để", "nhằm", "phục vụ" give the purpose and are not checked.
"""

import re
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

from services.tasks.domain.deadlines.cues import Role
from services.tasks.domain.deadlines.marks import blank
from services.tasks.domain.deadlines.mentions import Mention
from services.tasks.domain.deadlines.tokens import DATE, NOTHING, OTHER_DATE, SEEN, Token, like_a_cue, tokens
from services.tasks.domain.deadlines.vocabulary import AGENCIES, KNOWN

_OTHER_DATES = re.compile(rf"{OTHER_DATE}{{1,999}}")
_CLAUSE_END = re.compile(r";|(?<!\btp)(?<!\btt)\.(?= |$)")
_LATEST = frozenset({"chậm nhất", "muộn nhất", "trễ nhất", "không quá"})  # go together with "trước"
_LATEST_WORDS = re.compile(r"(?:chậm|muộn|trễ) nhất|không (?:quá|muộn|chậm)")
_UNTIL = re.compile(
    r"(?:đến|tới|hết)\b|từ [^,;]{1,30} đến\b"
)  # after "tạm dừng", "có giá trị": how long it lasts
_FROM = re.compile(r"(?:kể |bắt đầu )?từ\b|bắt đầu\b")  # a length of time after it gives the end
_NEAR, _FAR = 4, 6  # words that a negation, and any other word, reaches over
_OF_WORK = frozenset(
    {"được", "giao", "có", "đề", "ban", "phê", "ký", "nêu", "cấp", "ra", "thông"}
)  # việc đã giao
_FURTHEST = 24  # words between an event and its day
_MOST_WORDS = 6  # of one unread phrase
_GOES_ON = frozenset({"word", "number", "time", "seen", "taken"})
_FURTHER = frozenset("/+&±~<>≤≥=")  # join a further number to a date
_ENDS = frozenset({"trong", "hết", "vào", "cuối", "kịp"})  # before "từ", "trước": neither a start nor an end
_DOUBT = frozenset("?*")
_ABOUT = frozenset({"ngoài", "qua", "sát", "độ"})  # before a day: not on it
_CLOCK = re.compile(r"[0-9]{1,2}:[0-9]{2} ?")
_SMALL = re.compile(r"[0-9]{1,2} ?")  # may be a day or a number of days


@dataclass(frozen=True, slots=True)
class _Cues:
    """Offsets of the dates in use that have no governing words, and of those with "chậm nhất", "đến", "từ", "trước"."""

    bare: frozenset[int]
    latest: frozenset[int]
    until: frozenset[int]
    start: frozenset[int]
    before: frozenset[int]


def unread_words(
    text: str, words: str, mentions: Sequence[Mention], used: Sequence[tuple[int, int]]
) -> tuple[str, ...]:
    """Words in the scope of the dates in use that were not understood, in the text's order.

    Args:
        text: normalised.
        words: the same, letter for letter, with marks in place of the parts taken out.
        mentions: every day and period of the text, those in use among them.
        used: spans of the dates and recurrences that the reading uses.
    """
    used = list(_apart(used))
    marked = _mark(words, mentions, used)
    cues = _Cues(
        frozenset(mention.span[0] for mention in mentions if mention.role is Role.BARE),
        frozenset(start for start, _ in used if _LATEST_WORDS.match(text, start)),
        frozenset(start for start, _ in used if _UNTIL.match(text, start)),
        frozenset(start for start, _ in used if _FROM.match(text, start)),
        frozenset(start for start, _ in used if text.startswith("trước", start)),
    )
    found: list[tuple[int, int]] = []
    for start, end in _clauses(marked, used):
        clause = _Clause(list(tokens(marked, start, end)), cues)
        found += clause.unread()
    found += [match.span() for match in _OTHER_DATES.finditer(marked)]  # a second date anywhere
    found += [
        (m.span[0], m.written.start)
        for m in mentions
        if m.role is Role.OCCASION and marked[m.written.start] == DATE
    ]
    return tuple(dict.fromkeys(text[start:end].strip() for start, end in _merged(found)))


def _mark(words: str, mentions: Sequence[Mention], used: list[tuple[int, int]]) -> str:
    starts = [start for start, _ in used]
    others: list[tuple[int, int]] = []
    explained: list[tuple[int, int]] = []
    for mention in mentions:
        at = bisect_right(starts, mention.written.start) - 1
        if at >= 0 and mention.written.start < used[at][1]:
            continue
        is_explained = mention.ignored or mention.role in {Role.AFTER, Role.OCCASION}
        (explained if is_explained else others).append(mention.span)
    for spans, mark in ((others, OTHER_DATE), (explained, SEEN), (used, DATE)):
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


class _Clause:
    """The words of a clause that carries dates in use."""

    def __init__(self, found: list[Token], cues: _Cues) -> None:
        self._tokens, self._cues = found, cues
        self._dates = [at for at, token in enumerate(found) if token.kind == "date"]
        self._starts = any(found[at].start in cues.start for at in self._dates)
        self._latest = any(found[at].start in cues.latest for at in self._dates)
        self._segments = {found[at].segment for at in self._dates}
        self._segments |= {self._at(at + 1).segment for at in self._dates if self._at(at + 1).text == "("}
        first = self._dates[0]
        purposes = (at for at, token in enumerate(found) if token.kind == "purpose" and at > first)
        self._end = next(purposes, len(found))

    def _at(self, at: int) -> Token:
        return self._tokens[at] if 0 <= at < len(self._tokens) else NOTHING

    def unread(self) -> Iterator[tuple[int, int]]:
        for at in self._dates:
            yield from self._after(at)
            yield from self._before(at)
        for at, token in enumerate(self._tokens[: self._end]):
            if self._is_unread(at, token):
                yield self._phrase(at)

    def _after(self, at: int) -> Iterator[tuple[int, int]]:
        """The first word after a date, also where a bracket opens on it."""
        following = at + 2 if self._at(at + 1).text in {"(", "[", "-"} else at + 1
        token = self._at(following)
        dash = self._at(at + 1).text == "-"
        further = token.text in _FURTHER and self._at(following + 1).kind in {"number", "other_date"}
        unknown = token.kind == "word" and token.text not in KNOWN and not dash
        number = token.kind == "number" and not token.text.endswith("%") and not _CLOCK.fullmatch(token.text)
        turned = token.kind in {"negation", "weak", "done"} and not self._leads_to(following)
        if (
            self._at(at + 1).text == ")" and self._at(at + 2).kind == "number"
        ):  # trước ngày bầu cử (15/3/2026) 05 ngày
            yield self._at(at + 2).start, self._reach(at + 2)
        if further or unknown or number or turned or token.kind == "seen" or token.text in _DOUBT:
            yield token.start, self._reach(following)

    def _leads_to(self, at: int) -> bool:
        """Gửi trước ngày 15/11/2025 đến Bộ Tài chính."""
        return self._at(at).text in {"đến", "tới"} and self._at(at + 1).text in AGENCIES

    def _before(self, at: int) -> Iterator[tuple[int, int]]:
        """Unread spans right before the governing words, or a date without any."""
        date, token = self._at(at), self._at(at - 1)
        bare = date.start in self._cues.bare
        if self._turns(token, date, bare=bare):
            yield token.start, token.end
        bracketed = token.text == "("  # trước A80 (02/9/2025)
        segment = self._at(at - 2).segment if bracketed else date.segment
        for back in range(1 + bracketed, _FAR + 1):
            each = self._at(at - back)
            if each.segment == segment and self._reaches(at - back, back, date, bare=bare):
                yield each.start, each.end

    def _turns(self, token: Token, date: Token, *, bare: bool) -> bool:
        """True for a word right before a date that changes its meaning."""
        match token.kind:
            case "negation" | "weak" | "object":
                return True
            case "cue":
                return token.text not in _LATEST
            case "word":
                started = token.text in _ENDS and date.start in self._cues.start | self._cues.before
                unknown = bare and (token.text not in KNOWN or token.text in _ABOUT)
                return started or unknown or like_a_cue(token.text)
            case "mark":
                return token.text in _FURTHER
            case "number":
                return bare or _SMALL.fullmatch(token.text) is not None
        return False

    def _reaches(self, at: int, back: int, date: Token, *, bare: bool) -> bool:
        """True for a word up to `_FAR` words before a date that changes its meaning."""
        token = self._at(at)
        match token.kind:
            case "cue" | "weak":
                return bare
            case "negation":
                return back <= _NEAR
            case "done":
                return self._at(at + 1).text not in _OF_WORK or self._at(at - 1).kind in {"", "stop"}
            case "lasting":
                return date.start in self._cues.until
            case "word":
                return bare and like_a_cue(token.text)
        return False

    def _is_unread(self, at: int, token: Token) -> bool:
        """True for a word of time, order or condition that no rule has read."""
        here = token.segment in self._segments
        match token.kind:
            case "duration":
                return not (self._at(at + 1).text == "," and self._at(at + 2).kind == "date")
            case "event":
                return not self._is_dated(at)
            case "condition":
                first = self._at(at - 1).kind in {"", "stop"}
                until = (
                    self._latest and at < self._dates[0]
                )  # sau khi có Nghị quyết, chậm nhất ngày 31/12/2025
                begun = self._at(at - 1).text in {"từ", "kể từ"} and self._until(at)
                return not begun and (here or (first and not until))
            case "time":
                named = (
                    token.text == "ngày" and self._at(at + 1).kind == "word"
                )  # Ngày Chuyển đổi số quốc gia
                counted = self._at(at - 1).kind == "number"
                return (here and (counted or not named)) or (counted and self._starts)
            case "cue":
                return here and not (token.text in _LATEST and self._at(at + 1).kind == "date")
        return False

    def _until(self, at: int) -> bool:
        """Từ khi ban hành đến hết năm 2025."""
        return any(each > at and self._tokens[each].start in self._cues.until for each in self._dates)

    def _is_dated(self, at: int) -> bool:
        """True where the event's own day follows it: one that is explained, or the date in use, at most in brackets."""
        event = self._at(at)
        for token in self._tokens[at + 1 : at + _FURTHEST]:
            if token.text in {",", ":"} or token.kind == "other_date":
                return False
            if token.kind == "seen":
                return True
            if token.kind == "date":
                return token.start in self._cues.bare and not event.text.startswith(("trước", "sau"))
        return False

    def _phrase(self, at: int) -> tuple[int, int]:
        """The word with a number before it and what it governs."""
        token, before = self._at(at), self._at(at - 1)
        start = before.start if token.kind == "time" and before.kind == "number" else token.start
        return start, self._reach(at) if token.kind in {"event", "condition", "cue"} else token.end

    def _reach(self, at: int) -> int:
        """The end of the phrase that begins there: the end of its segment, or some words on."""
        end = self._at(at).end
        for token in self._tokens[at + 1 : at + _MOST_WORDS]:
            if token.kind not in _GOES_ON:
                break
            end = token.end
        return end
