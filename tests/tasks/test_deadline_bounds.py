"""Reading takes time in step with the text, whatever it holds."""

import re
import sys
from types import FrameType

import pytest

from services.tasks.domain.deadlines import (
    DeadlineFlag,
    DeadlineKind,
    accounting,
    choosing,
    contexts,
    cues,
    deciding,
    durations,
    forms,
    marks,
    mentions,
    read_deadline,
    recurrences,
    spelling,
    tokens,
    words,
)
from services.tasks.domain.deadlines.reading import MOST_CHARACTERS

HOSTILE = [
    "15/11/2025 ",
    "tháng 5, ",
    "từ 01/5 đến ",
    "1/aaaa-",
    "hằng tháng, quý, năm ",
    "nghị quyết số ",
    "tại kỳ họp ",
    "trước ngày khai giảng ",
    "chậm nhất 5 ngày trước ngày 15/11/2025 ",
    "trước 3O/6/2026 (",
    "đợt 1 tháng 8/2025 và ",
    "\u0301\u0323",
    "(" * 9,
]


def calls(text: str) -> int:
    count = 0

    def profile(_frame: FrameType, _event: str, _arg: object) -> None:
        nonlocal count
        count += 1

    sys.setprofile(profile)
    try:
        read_deadline(text)
    finally:
        sys.setprofile(None)
    return count


@pytest.mark.parametrize("seed", HOSTILE, ids=repr)
def test_work_grows_in_step_with_the_text(seed: str) -> None:
    longest = (seed * MOST_CHARACTERS)[:MOST_CHARACTERS]
    read_deadline(longest)  # what is read once for all
    small, large = calls(longest[: MOST_CHARACTERS // 4]), calls(longest)
    assert large < 4 * small + 1_000


def test_a_text_longer_than_any_deadline_is_kept_flagged_and_not_read() -> None:
    phrase = "trước ngày 15/11/2025"
    assert read_deadline(phrase.rjust(MOST_CHARACTERS)).due_on is not None
    for text in (phrase.rjust(MOST_CHARACTERS + 1), "từ 01/5 đến " * 17_000 + phrase):
        reading = read_deadline(text)
        assert (reading.text, reading.kind, reading.due_on) == (text, DeadlineKind.NONE, None)
        assert reading.flags == (DeadlineFlag.UNDATED, DeadlineFlag.TOO_LONG)
        assert calls(text) < 20


MODULES = (
    spelling,
    marks,
    words,
    durations,
    recurrences,
    forms,
    cues,
    contexts,
    mentions,
    deciding,
    choosing,
    accounting,
    choosing,
    tokens,
)


def patterns() -> list[str]:
    found: list[str] = []
    for module in MODULES:
        for value in vars(module).values():
            items = value if isinstance(value, tuple) else (value,)
            flat = [part for item in items for part in (item if isinstance(item, tuple) else (item,))]
            found += [part.pattern for part in flat if isinstance(part, re.Pattern)]
    return found


def test_no_pattern_can_backtrack_without_bound() -> None:
    unbounded = [
        pattern
        for pattern in patterns()
        if re.search(r"[*+]|\{\d*,\}", re.sub(r"\[[^\]]*\]|\\.", "x", pattern))
    ]
    # one class each, run over once: marks after four marks, a space, a word
    assert unbounded == [spelling._MARKS.pattern, spelling._SPACES.pattern, spelling._WORD.pattern]
    assert len(patterns()) > 60


def test_signs_that_stand_for_whole_phrases_make_no_long_text() -> None:
    text = "tháng 5 " + "\ufdfa" * 900
    assert len(spelling.normalise(text).words) <= 2 * len(text)
