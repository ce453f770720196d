"""The reading of a text: the date that holds, or the flags that say why none does."""

import re
from collections.abc import Sequence
from dataclasses import replace
from datetime import date

from services.tasks.domain.deadlines.accounting import unread_words
from services.tasks.domain.deadlines.choosing import chosen_of, refine
from services.tasks.domain.deadlines.cues import Role
from services.tasks.domain.deadlines.flags import DeadlineFlag, DeadlineKind
from services.tasks.domain.deadlines.marks import RECURRENCE, USED
from services.tasks.domain.deadlines.mentions import IGNORED, Mention
from services.tasks.domain.deadlines.model import Reading, Understood
from services.tasks.domain.deadlines.recurrences import Recurring, occurrence
from services.tasks.domain.deadlines.words import RELATIVE, STANDING_CLAUSE, undated_kind

_STATES = re.compile(  # a state that has to hold from a day is a deadline of its own
    r"\b(?:vận hành|áp dụng|có hiệu lực|hiệu lực|sử dụng|duy trì|bảo đảm|đảm bảo|hoạt động|chấm dứt|dừng|ngừng|không còn)\b[^,;:]{0,60}$"
)
_PURPOSE = re.compile(r"\b(?:để|nhằm|phục vụ)\b")


def decide(understood: Understood, *, before_includes_day: bool) -> Reading:
    words = understood.words
    mentions = refine(words, [mention for mention in understood.mentions if not mention.ignored])
    if understood.recurring:
        return _recur(understood, understood.recurring, mentions, before_includes_day=before_includes_day)
    chosen = chosen_of(words, mentions)
    if standing := _standing(understood, chosen):
        return standing
    starts = [mention for mention in chosen if mention.role is Role.FROM]
    if starts and starts == chosen and (reading := _only_started(understood, starts)):
        return reading
    if chosen:
        return _dated(understood, chosen)
    flags = {IGNORED[mention.role] for mention in understood.mentions if mention.ignored}
    problems = {mention.days for mention in mentions if isinstance(mention.days, DeadlineFlag)}
    return _undated(understood, {flag for flag in flags | problems if flag})


def _dated(understood: Understood, chosen: Sequence[Mention], *flags: DeadlineFlag) -> Reading:
    """The reading of the dates that are used, with what was not understood beside them."""
    reading = _decide(understood.words, chosen)
    if reading.due_on is None:
        return replace(reading, flags=(*reading.flags, *flags))
    begun = [
        mention for mention in understood.mentions if _is_begun(understood.words, mention, reading.due_on)
    ]
    unread = _unread(
        _only_started_by(understood, chosen), understood.words, [m.span for m in (*chosen, *begun)]
    )
    if understood.open_end:
        completes = any(mention.completes for mention in chosen)
        flags = (*flags, DeadlineFlag.AMBIGUOUS if completes else DeadlineFlag.OPEN_ENDED)
    return replace(reading, flags=(*reading.flags, *flags), unread_words=unread)


_STARTED = re.compile(r"\b(?:khởi công|khởi động|động thổ|thí điểm|triển khai)(?: (?:vào|trong))?$")


def _is_begun(words: str, mention: Mention, due_on: date) -> bool:
    """Khởi công quý III/2025, hoàn thành năm 2027: a start without "từ"."""
    if mention.role is not Role.BARE or isinstance(mention.days, DeadlineFlag) or mention.days[1] > due_on:
        return False
    start = mention.span[0]
    return _STARTED.search(words[max(0, start - 30) : start].rstrip()) is not None


def _only_started_by(understood: Understood, chosen: Sequence[Mention]) -> Understood:
    """After a lone start a later period or horizon may be the end: count these as bare dates."""
    if any(mention.role is not Role.FROM for mention in chosen):
        return understood
    first = chosen[0].span[1]
    mentions = [
        replace(m, role=Role.BARE) if m.span[0] >= first and _may_end(m) else m for m in understood.mentions
    ]
    return replace(understood, mentions=mentions)


def _may_end(mention: Mention) -> bool:
    if mention.role is Role.PERIOD:
        return mention.written.kind is not DeadlineKind.YEAR
    return mention.role is Role.HORIZON


def _unread(understood: Understood, words: str, spans: Sequence[tuple[int, int]]) -> tuple[str, ...]:
    return unread_words(understood.text, words, understood.mentions, spans)


def _decide(words: str, chosen: Sequence[Mention]) -> Reading:
    """One last day and one start, or the reasons why there is none."""
    starts = [mention for mention in chosen if mention.role is Role.FROM]
    ends = [mention for mention in chosen if mention.role is not Role.FROM] or starts
    problems = {mention.days for mention in ends if isinstance(mention.days, DeadlineFlag)}
    dated = [(mention, mention.days) for mention in ends if not isinstance(mention.days, DeadlineFlag)]
    if len({days[1] for _, days in dated}) + len(problems) > 1:
        problems.add(DeadlineFlag.SEVERAL_DATES)
    if problems:
        return Reading("", DeadlineKind.NONE, flags=tuple(problems))
    mention, (first, last) = max(dated, key=lambda pair: pair[1][0])
    plain = mention.written.kind is DeadlineKind.DATE and first == last
    reading = Reading("", mention.written.kind, None if plain else first, last)
    return reading if ends == starts else _begun(words, reading, mention, starts)


def _begun(words: str, reading: Reading, end: Mention, starts: Sequence[Mention]) -> Reading:
    """Thí điểm từ tháng 9/2025, hoàn thành trước ngày 15/12/2025: the reading of an end with its starts."""
    first: date | None = None
    several = Reading("", DeadlineKind.NONE, flags=(DeadlineFlag.SEVERAL_DATES,))
    for start in starts:
        if isinstance(start.days, DeadlineFlag):
            return replace(several, flags=(start.days, DeadlineFlag.SEVERAL_DATES))
        behind = start.span[0] > end.span[0]
        if behind and _PURPOSE.search(words, end.written.end, start.span[0]):
            continue  # hoàn thành trước 30/8/2025 để vận hành từ 01/9/2025
        if start.days[0] > (reading.due_on or start.days[0]):
            return several
        if _STATES.search(words[max(0, start.span[0] - 80) : start.span[0]]):
            return several
        first = min(start.days[0], first or start.days[0])
    return replace(reading, start_on=first or reading.start_on)


def _only_started(understood: Understood, starts: Sequence[Mention]) -> Reading | None:
    """A start is the last in-time day only where it is the whole deadline."""
    days = starts[0].days
    if isinstance(days, DeadlineFlag):
        return None
    if understood.durations:
        return replace(_undated(understood, set()), start_on=days[0])
    if understood.open_end:
        return _left_open(understood, days[0])
    undated = undated_kind(understood.words[starts[-1].span[1] :])
    if undated and undated[0] in {DeadlineKind.EVENT, DeadlineKind.STANDING}:
        return replace(_undated(understood, set()), kind=undated[0], start_on=days[0])
    return None


def _left_open(understood: Understood, start_on: date | None, *flags: DeadlineFlag) -> Reading:
    """Từ năm 2025 trở đi; or "từ năm 2026, thường xuyên", which is standing."""
    if _REGULAR.search(understood.text):
        return Reading("", DeadlineKind.STANDING, start_on, flags=flags)
    return Reading("", DeadlineKind.NONE, start_on, flags=(*flags, DeadlineFlag.OPEN_ENDED))


_REGULAR = re.compile(r"\bthường xuyên\b")


def _standing(understood: Understood, chosen: Sequence[Mention]) -> Reading | None:
    """Thường xuyên, từ năm 2026: standing with a start. With an end right beside it, bounded."""
    clause = STANDING_CLAUSE.search(understood.words)
    if not clause or understood.open_end:
        return None
    ends = [mention for mention in chosen if mention.role is not Role.FROM]
    if any(not _beside(understood.words, clause.end(), mention) for mention in ends):
        return _dated(understood, chosen, DeadlineFlag.ALSO_RECURRING)
    starts = [m.days[0] for m in chosen if m.role is Role.FROM and not isinstance(m.days, DeadlineFlag)]
    flags = (DeadlineFlag.BOUNDED,) if ends or _spans_years(understood) else ()
    return Reading("", DeadlineKind.STANDING, min(starts, default=None), flags=flags)


def _spans_years(understood: Understood) -> bool:
    """Hằng năm, giai đoạn 2026-2030."""
    return any(m.role is Role.PERIOD and "y1" in m.written.numbers for m in understood.mentions)


def _beside(words: str, end: int, mention: Mention) -> bool:
    return mention.span[0] >= end - 1 and not any(map(str.isalnum, words[end : mention.span[0]]))


def _undated(understood: Understood, flags: set[DeadlineFlag]) -> Reading:
    words = understood.words
    if understood.durations:
        working = {DeadlineFlag.WORKING_DAYS} if any(each.working for each in understood.durations) else set()
        return Reading("", DeadlineKind.EVENT, flags=(DeadlineFlag.RELATIVE, *working))
    if understood.open_end:
        return _left_open(understood, None, *flags)
    if undated := undated_kind(words):
        kind, awaited = undated
        return Reading("", kind, flags=(DeadlineFlag.CONDITIONAL,) if awaited else ())
    if RELATIVE.search(words):
        flags = flags | {DeadlineFlag.RELATIVE}
    return Reading("", DeadlineKind.NONE, flags=tuple(flags))


def _recur(
    understood: Understood, recurring: Recurring, mentions: Sequence[Mention], *, before_includes_day: bool
) -> Reading:
    """A recurring duty, unless the sentence also completes or begins something on a day."""
    whole = [m for m in mentions if m.governed and not isinstance(m.days, DeadlineFlag)]
    final = [m for m in whole if m.completes] or _begins(understood, recurring, whole)
    if final:
        return _dated(understood, final, DeadlineFlag.ALSO_RECURRING)
    if any(m.role is Role.BEFORE for m in whole):
        return Reading("", DeadlineKind.NONE, flags=(DeadlineFlag.SEVERAL_DATES, DeadlineFlag.AMBIGUOUS))
    flags: set[DeadlineFlag] = {DeadlineFlag.BOUNDED} if whole or _spans_years(understood) else set()
    flags |= {m.days for m in mentions if isinstance(m.days, DeadlineFlag)} - {DeadlineFlag.YEAR_MISSING}
    flags |= {DeadlineFlag.WORKING_DAYS} if "ngày làm việc" in understood.text else set()
    partial = [m for m in mentions if m.days is DeadlineFlag.YEAR_MISSING]
    recurrence = None
    if recurring.period is None:
        flags.add(DeadlineFlag.PERIOD_UNKNOWN)
    elif len(partial) > 1 or (recurring.last_day and any(m.role is not Role.FROM for m in partial)):
        flags.add(DeadlineFlag.SEVERAL_DATES)
    elif DeadlineFlag.INVALID_DATE not in flags:
        written = partial[0].written.numbers if partial else None
        role = partial[0].role if partial else Role.BARE
        recurrence, unsure = occurrence(
            recurring, written, before=role is Role.BEFORE, inclusive=before_includes_day
        )
        flags |= unsure
        if role is Role.FROM:  # from that day, but until which?
            recurrence = replace(recurrence, due_day=None)
            flags |= set() if recurring.last_day else {DeadlineFlag.AMBIGUOUS}
    spans = [match.span() for match in _RECURRENCES.finditer(understood.words)]
    spans += [mention.span for mention in mentions]
    unread = _unread(understood, _NEXT.sub(_used, understood.words), spans) if recurrence else ()
    return Reading("", DeadlineKind.RECURRING, recurrence=recurrence, flags=tuple(flags), unread_words=unread)


_RECURRENCES = re.compile(rf"{RECURRENCE}{{1,999}}")
# trước ngày 03 của tháng liền kề: the day falls into the next period
_NEXT = re.compile(
    r"\b(?:của )?(?:tháng|quý|kỳ|năm) (?:liền kề|sau|tiếp theo|kế tiếp|báo cáo|liền sau)(?: liền kề| đó)?|\b(?:của )?tháng cuối kỳ(?: báo cáo)?"
)


def _used(match: re.Match[str]) -> str:
    return USED * len(match[0])


def _begins(understood: Understood, recurring: Recurring, whole: Sequence[Mention]) -> list[Mention]:
    """Bắt đầu triển khai từ ngày 29/5/2026 và báo cáo hằng tuần: begun on a day, and reported on beside."""
    begun = [m for m in whole if m.role is Role.FROM and 0 < m.span[0] < recurring.start]
    has_verb = begun and any(map(str.isalnum, understood.words[: begun[0].span[0]]))
    return list(whole) if has_verb and begun == list(whole) else []
