"""Choosing the days and periods of a text that are deadlines."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import replace

from services.tasks.domain.deadlines.cues import Role
from services.tasks.domain.deadlines.flags import DeadlineFlag, DeadlineKind
from services.tasks.domain.deadlines.mentions import Mention

_JOINING = re.compile(
    r"(?:[\s,.():-]|\b(?:trước|ngày|là|vào|đến|tới|hết|cuối|trong|chậm|muộn|trễ|nhất|hoàn|thành|xong|phải|và|ngay)\b){0,40}"
)
_ANOTHER = re.compile(r"\b(?:hoàn thành|xong|phải|và)\b")
_LATEST = re.compile(r"\b(?:chậm|muộn|trễ) nhất\b")
# khởi công ngày 19/8/2025, tại cuộc họp ngày 15/9/2025: a day on which something else is held
_HELD = re.compile(
    r"\b(?:khởi công|khánh thành|khai mạc|bế mạc|bắt đầu|tổ chức|diễn ra|họp|hội nghị|lễ|ký|ban hành|để|nhằm|phục vụ)\b[^,;]{0,50}$"
)


def refine(words: str, mentions: Iterable[Mention]) -> list[Mention]:
    """Trong năm 2025, hoàn thành trước ngày 30/10/2025: the finer of two that adjoin is used."""
    refined: list[Mention] = []
    for right in mentions:
        left = refined[-1] if refined else None
        bracketed = left is not None and words.startswith(" (", left.written.end, right.span[0])
        governed = left is not None and left.governed and (right.governed or bracketed)
        finer = _finer(words, left, right) if left and governed else None
        if left and finer:
            refined[-1] = replace(finer, span=(left.span[0], right.span[1]))
        else:
            refined.append(right)
    return refined


def _finer(words: str, left: Mention, right: Mention) -> Mention | None:
    """The finer of two with only governing words between them; None where neither is."""
    if Role.FROM in {left.role, right.role} or not _JOINING.fullmatch(
        words, left.written.end, right.written.start
    ):
        return None
    match left.days, right.days:
        case DeadlineFlag.VAGUE_PART, (_, _):
            # "đầu quý IV và cuối quý IV/2025" are two
            return None if _ANOTHER.search(words, left.written.end, right.written.start) else right
        case (outer_first, outer_last), (first, last) if outer_first <= first and last <= outer_last:
            return right
        case (first, last), (outer_first, outer_last) if outer_first <= first and last <= outer_last:
            # "trước 15/9/2025, hoàn thành trong năm 2025" gives two things to do
            return None if _ANOTHER.search(words, left.written.end, right.written.start) else left
        case (_, earlier), (_, later) if earlier <= later and _LATEST.search(
            words, left.written.end, right.written.start
        ):
            return right
    return None


def chosen_of(words: str, mentions: Sequence[Mention]) -> list[Mention]:
    """Governed mentions; without any, the bare ones. A lower bound counts only where there is nothing else.

    A bare day before a governed one is a meeting or the like, after it a second deadline, unless its words name a
    meeting; a bare month is a second deadline, unless one completes.
    """
    governed = [mention for mention in mentions if mention.governed]
    upper = [mention for mention in governed if mention.role is not Role.AFTER]
    unsure = [m for m in mentions if m.role is Role.OCCASION]
    bare = [
        m
        for m in mentions
        if not m.governed and m.role is not Role.OCCASION and m.days is not DeadlineFlag.YEAR_MISSING
    ]
    if upper and not any(mention.completes for mention in upper):
        upper += [mention for mention in bare if mention.written.kind is not DeadlineKind.DATE]
    if upper:
        last = upper[-1].span[1]
        behind = (m for m in bare if m.span[0] >= last and m.written.kind is DeadlineKind.DATE)
        upper += [m for m in behind if not _HELD.search(words[max(0, m.span[0] - 60) : m.span[0]])]
    return upper or governed or bare or unsure
