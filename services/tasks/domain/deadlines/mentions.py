"""The days and periods of a text, each with the role that the words around it give."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta

from services.tasks.domain.deadlines import contexts
from services.tasks.domain.deadlines.cues import Cue, Role, governing_words
from services.tasks.domain.deadlines.durations import Duration
from services.tasks.domain.deadlines.flags import DeadlineFlag, DeadlineKind
from services.tasks.domain.deadlines.forms import MONTHS, Written, find_written, is_range, linked

IGNORED: dict[Role, DeadlineFlag | None] = {
    Role.HORIZON: DeadlineFlag.HORIZON_IGNORED,
    Role.CITED: DeadlineFlag.CITATION_IGNORED,
    Role.PERIOD: DeadlineFlag.PERIOD_IGNORED,
    Role.FORMER: DeadlineFlag.PERIOD_IGNORED,
    Role.EVENT: None,
}
_PROBLEMS = {
    Role.AFTER: DeadlineFlag.AFTER_ONLY,
    Role.VAGUE: DeadlineFlag.VAGUE_PART,
    Role.WORKING_DAY: DeadlineFlag.WORKING_DAYS,
}
_LUNAR = re.compile(r" ?\(?(?:âm lịch|al)\b")
_RATIO = re.compile(r"[0-9]{1,2} ?/ ?[0-9]{1,2},? (?:của )?năm")  # 9/10 năm 2026: nine of ten, or 9 October


@dataclass(frozen=True, slots=True)
class Mention:
    """A written day or period with its role.

    days: first and last, or the flag that says why there is none.
    governed: the words before it, or its place, make it a deadline.
    completes: "hoàn thành" or its like precedes it in the same clause.
    span: from the first governing word to the end.
    """

    written: Written
    role: Role
    days: tuple[date, date] | DeadlineFlag
    governed: bool = True
    completes: bool = False
    span: tuple[int, int] = (0, 0)

    @property
    def ignored(self) -> bool:
        return self.role in IGNORED


def find_mentions(words: str, durations: Sequence[Duration], *, before_includes_day: bool) -> list[Mention]:
    """Every day and period of the normalised text, in order, each with its role; ranges are joined."""
    mentions: list[Mention] = []
    for written in find_written(words):
        mention = _place(words, written)
        if mention is None:
            continue
        left = mentions[-1] if mentions and mentions[-1].role is not Role.FORMER else None
        if left and is_range(words, left.written.end, written.start) and left.written.kind is written.kind:
            mentions[-1] = _join(words, left, mention)
            continue
        if left and mention.role in {Role.BARE, Role.PERIOD} and linked(words, left.written, written):
            mention = replace(mention, role=left.role, governed=left.governed, completes=left.completes)
        mentions.append(mention)
    ending, starting = {each.end: each for each in durations}, {each.start: each for each in durations}
    mentions = [_count_back(words, mention, ending, starting) for mention in mentions]
    return [_resolve(mention, before_includes_day=before_includes_day) for mention in mentions]


def _join(words: str, left: Mention, right: Mention) -> Mention:
    """Từ A đến B: one period."""
    days: tuple[date, date] | DeadlineFlag
    if isinstance(left.days, DeadlineFlag) or isinstance(right.days, DeadlineFlag):
        days = next(days for days in (left.days, right.days) if isinstance(days, DeadlineFlag))
    else:
        days = (left.days[0], right.days[1])
        if days[0] > days[1]:
            days = DeadlineFlag.INVALID_DATE
    written = replace(right.written, start=left.written.start)
    bare = left.role is Role.BARE and right.role is Role.BARE
    role = left.role if left.ignored or bare else Role.BY
    if contexts.is_narrated(words, written.end):
        role = Role.PERIOD
    governed = left.governed or right.governed
    return Mention(written, role, days, governed, left.completes, (left.span[0], right.span[1]))


def _place(words: str, written: Written) -> Mention | None:
    """The mention with its role; None for a number that is no month after all (57/2024)."""
    cue = governing_words(words, written.start)
    place = contexts.Place(_governed_role(written, cue), governed=cue.role is not Role.OCCASION)
    if cue.role is Role.BARE:
        place = contexts.bare_role(words, written, cue.tail)
        if place.role is Role.BARE and not _is_month(words, written):
            return None
    days: tuple[date, date] | DeadlineFlag = _PROBLEMS.get(place.role) or written.days
    if _LUNAR.match(words, written.end) or _may_be_ratio(words, written, cue):
        days = DeadlineFlag.AMBIGUOUS
    completes = contexts.completes(cue.before, cue.word)
    start = cue.start if place.at is None else cue.offset + place.at
    return Mention(written, place.role, days, place.governed, completes, (start, written.end))


def _is_month(words: str, written: Written) -> bool:
    return not contexts.is_month_number(words, written) or 1 <= written.numbers["m"] <= MONTHS


def _governed_role(written: Written, cue: Cue) -> Role:
    if cue.role is Role.FROM and contexts.is_of_figures(cue.before):
        return Role.PERIOD
    if written.kind is DeadlineKind.DATE and contexts.is_in_force(cue.before, cue.word):
        return Role.CITED
    if cue.role is Role.FROM and contexts.is_force_stated(cue.before):
        return Role.CITED
    if written.kind is DeadlineKind.YEAR and contexts.is_horizon(written, cue.word, cue.before):
        return Role.HORIZON
    if contexts.is_year_of_event(written, cue.word, cue.before):
        return Role.EVENT
    return Role.BY if cue.role is Role.FROM and "y1" in written.numbers else cue.role


def _may_be_ratio(words: str, written: Written, cue: Cue) -> bool:
    ratio = _RATIO.match(words, written.start) and written.numbers.get("d", 0) <= written.numbers.get("m", 0)
    return bool(ratio) and not cue.word and not words.endswith("ngày ", 0, written.start)


_DAY_WORD = re.compile(r"(?: ngày)? ?$")
_SPACE = re.compile(r",? ?")


def _count_back(
    words: str, mention: Mention, ending: Mapping[int, Duration], starting: Mapping[int, Duration]
) -> Mention:
    """Chậm nhất 05 ngày trước ngày 30/6/2025; trước ngày 30/6/2025 ít nhất 05 ngày."""
    if mention.written.kind is not DeadlineKind.DATE or mention.ignored:
        return mention
    start, end = mention.span
    gap = _DAY_WORD.search(words, max(0, start - len(" ngày ")), start)
    after = _SPACE.match(words, end)
    each = (
        ending.get(gap.start() if gap else start)
        or starting.get(end)
        or starting.get(after.end() if after else end)
    )
    if each is None or not each.counts_back:
        return mention
    days = mention.days
    if each.working:
        days = DeadlineFlag.WORKING_DAYS
    elif each.days is None:
        days = DeadlineFlag.RELATIVE
    elif not isinstance(days, DeadlineFlag):
        day = days[0] - timedelta(days=each.days)
        days = (day, day)
    span = (min(start, each.start), max(end, each.end))
    return replace(mention, role=Role.BACK, days=days, governed=True, span=span)


def _resolve(mention: Mention, *, before_includes_day: bool) -> Mention:
    """Resolve trước and từ: a day or period becomes one plain day."""
    if isinstance(mention.days, DeadlineFlag) or mention.role not in {Role.BEFORE, Role.FROM}:
        return mention
    day = mention.days[0]
    if mention.role is Role.BEFORE and not (
        before_includes_day and mention.written.kind is DeadlineKind.DATE
    ):
        day -= timedelta(days=1)
    return replace(mention, days=(day, day), written=replace(mention.written, kind=DeadlineKind.DATE))
