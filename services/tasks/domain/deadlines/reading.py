"""Reading a deadline out of an administrative sentence.

normalise -> take out what counts no days (document numbers, recurrences, durations) -> find days and periods with
their governing words -> decide. What cannot be decided is kept verbatim and flagged; nothing is guessed.
"""

import re
from dataclasses import dataclass, field, replace
from datetime import date, timedelta

from services.tasks.domain.deadlines.flags import DeadlineFlag, DeadlineKind
from services.tasks.domain.deadlines.recurrences import (
    Recurrence,
    Recurring,
    occurrence,
    take_recurrence,
)
from services.tasks.domain.deadlines.roles import IGNORED, Mention, Role, find_mentions
from services.tasks.domain.deadlines.words import (
    RELATIVE,
    UNDATED_KINDS,
    URGENT,
    mask_document_numbers,
    normalise,
    take_durations,
)


@dataclass(frozen=True, slots=True)
class Reading:
    """What a deadline says.

    text: verbatim.
    start_on: first day of a month, quarter, half, year or range; None for a plain day.
    due_on: last in-time day.
    recurrence: of a recurring duty; None where a person must say (flag period_unknown, ambiguous ...).
    unread_words: what stands beside the deadline and was not understood (flag words_unread).
    """

    text: str
    kind: DeadlineKind
    start_on: date | None = None
    due_on: date | None = None
    recurrence: Recurrence | None = None
    flags: tuple[DeadlineFlag, ...] = field(default=())
    unread_words: tuple[str, ...] = ()


def read_deadline(text: str, issued_on: date | None = None, *, before_includes_day: bool = False) -> Reading:
    """The reading of any text, empty and unreadable ones included.

    Args:
        text: a deadline phrase, or the whole sentence that holds one.
        issued_on: day of the document; gives "năm nay" its year and flags a deadline that lies before it.
        before_includes_day: "trước ngày 15/11" means the 15th; by default the 14th. Months and longer are not touched.
    """
    words, recurring = take_recurrence(mask_document_numbers(normalise(text, issued_on)))
    words, horizon, relative = take_durations(words)
    mentions = [
        _resolve(mention, before_includes_day=before_includes_day) for mention in find_mentions(words)
    ]
    flags = {IGNORED[mention.role] for mention in mentions if mention.role in IGNORED}
    flags |= {DeadlineFlag.HORIZON_IGNORED} if horizon else set()
    mentions = _refine(words, [mention for mention in mentions if mention.role not in IGNORED])
    if recurring:
        reading = _recur(recurring, mentions, before_includes_day=before_includes_day)
    elif chosen := _chosen(mentions):
        reading = _decide(chosen)
    else:
        flags |= {mention.days for mention in mentions if isinstance(mention.days, DeadlineFlag)}
        reading = _undated(words, flags, relative=relative)
    if reading.kind is DeadlineKind.NONE:
        urgent = {DeadlineFlag.URGENT} if URGENT.search(words) else set()
        reading = replace(reading, flags=(*reading.flags, DeadlineFlag.UNDATED, *urgent))
    if issued_on and reading.due_on and reading.due_on < issued_on:
        reading = replace(reading, flags=(*reading.flags, DeadlineFlag.PAST_ISSUE))
    order = list(DeadlineFlag)
    return replace(reading, text=text, flags=tuple(sorted(set(reading.flags), key=order.index)))


def _resolve(mention: Mention, *, before_includes_day: bool) -> Mention:
    """Trước and từ turn a day or period into one plain day."""
    if isinstance(mention.days, DeadlineFlag) or mention.role not in {Role.BEFORE, Role.FROM}:
        return mention
    day = mention.days[0]
    if mention.role is Role.BEFORE and not (
        before_includes_day and mention.written.kind is DeadlineKind.DATE
    ):
        day -= timedelta(days=1)
    return replace(mention, days=(day, day), written=replace(mention.written, kind=DeadlineKind.DATE))


_JOINING = re.compile(
    r"(?:[\s,.():-]|\b(?:trước|ngày|là|vào|đến|tới|hết|cuối|trong|chậm|muộn|trễ|nhất|hoàn|thành|xong|phải|và|ngay)\b)*"
)
_LATEST = re.compile(r"\b(?:chậm|muộn|trễ) nhất\b")


def _refine(words: str, mentions: list[Mention]) -> list[Mention]:
    """Trong năm 2025, hoàn thành trước ngày 30/10/2025: the finer of two that stand together holds."""
    kept: list[Mention] = []
    for right in mentions:
        left = kept[-1] if kept else None
        finer = _finer(words, left, right) if left and left.governed and right.governed else None
        if finer:
            kept[-1] = finer
        else:
            kept.append(right)
    return kept


def _finer(words: str, left: Mention, right: Mention) -> Mention | None:
    """The one of two that holds, when only governing words stand between them; None where neither rules."""
    if not _JOINING.fullmatch(words, left.written.end, right.written.start):
        return None
    match left.days, right.days:
        case DeadlineFlag.VAGUE_PART, (_, _):
            return right
        case (outer_first, outer_last), (first, last) if outer_first <= first and last <= outer_last:
            return right
        case (first, last), (outer_first, outer_last) if outer_first <= first and last <= outer_last:
            return left
        case (_, _), (_, _) if _LATEST.search(words, left.written.end, right.written.start):
            return right
    return None


def _chosen(mentions: list[Mention]) -> list[Mention]:
    """Governed mentions; without any, the bare ones. A lower bound counts only where nothing else stands.

    A bare day beside a governed one is a meeting or the like; a bare month is a second deadline, unless one completes.
    """
    governed = [mention for mention in mentions if mention.governed]
    upper = [mention for mention in governed if mention.role is not Role.AFTER]
    bare = [m for m in mentions if not m.governed and m.days is not DeadlineFlag.YEAR_MISSING]
    if upper and not any(mention.completes for mention in upper):
        upper += [mention for mention in bare if mention.written.kind is not DeadlineKind.DATE]
    return upper or governed or bare


def _decide(chosen: list[Mention]) -> Reading:
    problems = {mention.days for mention in chosen if isinstance(mention.days, DeadlineFlag)}
    dated = [(mention, mention.days) for mention in chosen if not isinstance(mention.days, DeadlineFlag)]
    dues = {days[1] for _, days in dated}
    if len(dues) + len(problems) > 1 and not problems and (joined := _from_until(chosen)):
        return joined
    if len(dues) + len(problems) > 1:
        problems.add(DeadlineFlag.SEVERAL_DATES)
    if problems:
        return Reading("", DeadlineKind.NONE, flags=tuple(problems))
    mention, (first, last) = max(dated, key=lambda pair: pair[1][0])
    plain = mention.written.kind is DeadlineKind.DATE and first == last
    return Reading("", mention.written.kind, None if plain else first, last)


def _from_until(chosen: list[Mention]) -> Reading | None:
    """Thí điểm từ tháng 9/2025, hoàn thành trước ngày 15/12/2025: a start and an end."""
    match chosen:
        case [
            Mention(role=Role.FROM, days=(start, _)),
            Mention(role=Role.BY | Role.BEFORE, completes=True, days=(_, due)),
        ] if start <= due:
            return Reading("", DeadlineKind.DATE, start, due)
    return None


def _undated(words: str, flags: set[DeadlineFlag], *, relative: bool) -> Reading:
    if relative:
        return Reading("", DeadlineKind.EVENT, flags=(DeadlineFlag.RELATIVE,))
    for pattern, kind in UNDATED_KINDS:
        if pattern.search(words):
            return Reading("", kind)
    if RELATIVE.search(words):
        flags = flags | {DeadlineFlag.RELATIVE}
    return Reading("", DeadlineKind.NONE, flags=tuple(flags))


def _recur(recurring: Recurring, mentions: list[Mention], *, before_includes_day: bool) -> Reading:
    """A recurring duty, unless the sentence also completes something on a day."""
    whole = [m for m in mentions if m.governed and not isinstance(m.days, DeadlineFlag)]
    if final := [m for m in whole if m.completes]:
        dated = _decide(final)
        return replace(dated, flags=(*dated.flags, DeadlineFlag.ALSO_RECURRING))
    if any(m.role is Role.BEFORE for m in whole):
        return Reading("", DeadlineKind.NONE, flags=(DeadlineFlag.SEVERAL_DATES, DeadlineFlag.AMBIGUOUS))
    flags: set[DeadlineFlag] = {DeadlineFlag.BOUNDED} if whole else set()
    flags |= {m.days for m in mentions if isinstance(m.days, DeadlineFlag)} - {DeadlineFlag.YEAR_MISSING}
    partial = [m for m in mentions if m.days is DeadlineFlag.YEAR_MISSING]
    recurrence = None
    if recurring.period is None:
        flags.add(DeadlineFlag.PERIOD_UNKNOWN)
    elif len(partial) > 1:
        flags.add(DeadlineFlag.SEVERAL_DATES)
    elif DeadlineFlag.INVALID_DATE not in flags:
        written = partial[0].written.numbers if partial else None
        before = bool(partial) and partial[0].role is Role.BEFORE
        recurrence, unsure = occurrence(
            recurring.period, recurring.due_month, written, before=before, inclusive=before_includes_day
        )
        flags |= unsure
    return Reading("", DeadlineKind.RECURRING, recurrence=recurrence, flags=tuple(flags))
