"""The words of a clause, each with its kind: a mark, a word that may change a deadline beside it, or an ordinary word."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from services.tasks.domain.deadlines.contexts import HAPPENING
from services.tasks.domain.deadlines.marks import DURATION
from services.tasks.domain.deadlines.spelling import plain
from services.tasks.domain.deadlines.vocabulary import HARMLESS, OF_AN_OBJECT

# marks in the text: the date in use, one that is explained, any other
DATE, SEEN, OTHER_DATE = "\ue006", "\ue007", "\ue008"
_TOKEN = re.compile(
    rf"(?P<date>{DATE}{{1,999}})|(?P<seen>{SEEN}{{1,999}})|(?P<taken>[\ue000-\ue002\ue004\ue005]{{1,999}})"
    rf"|(?P<other_date>{OTHER_DATE}{{1,999}})|(?P<duration>{DURATION}{{1,999}})"
    rf"|\b(?:(?P<harmless>{HARMLESS})"
    r"|(?P<purpose>để|nhằm|phục vụ|làm cơ sở|làm căn cứ)"
    rf"|(?P<event>(?:tại|trước|sau|đến|trong|kịp|vào|cùng)(?: các| dịp)? {HAPPENING})"
    r"|(?P<condition>(?:ngay )?(?:sau|trước|đến|tới) khi|ngay khi|khi|nếu|trường hợp|tùy|tuỳ|trừ|ngoại trừ|với điều kiện)"
    rf"|(?P<object>{OF_AN_OBJECT})(?= {DATE})"
    r"|(?P<negation>không|chưa|chẳng|đừng|tránh|thay vì|có thể|tốt nhất|lý tưởng|(?:đề xuất|xem lại|tạm thời|tạm tính)(?=\))|(?<!điều )(?<!quy )(?<!hương )(?<!công )ước)"
    r"|(?P<cue>trước|sau|chậm nhất|muộn nhất|trễ nhất|sớm nhất|không quá)"
    rf"|(?P<weak>(?:ít|tối) (?:nhất|thiểu)|kể từ|từ|đến|tới|đầu|giữa|khoảng|gần|quá|hoặc|(?:bước|tồn|cập nhật)(?= {DATE}))"
    r"|(?P<time>ngày|tháng|năm|quý|tuần|giờ)"
    r"|(?P<lasting>tạm dừng|hoãn|giá trị|hiệu lực|bảo hành|bảo lưu|giữ nguyên|duy trì|chậm tiến độ|ổn định|áp dụng|miễn phí|giảm thuế|nghỉ|bảo lãnh|tạm giữ|miễn giảm)"
    r"|(?P<done>đã))\b"
    r"|(?P<number>[0-9]{1,12}(?:[.,/:-][0-9]{1,12}){0,4}(?:[0-9]|(?!\w)) ?%?)"
    r"|(?P<stop>[,:()\[\]])|(?P<word>\w{1,99})|(?P<mark>\S)"
)


@dataclass(frozen=True, slots=True)
class Token:
    """`kind` is the name of its group above; `segment` counts the commas, colons and brackets before it."""

    kind: str
    text: str
    start: int
    end: int
    segment: int


NOTHING = Token("", "", 0, 0, -1)


def tokens(words: str, start: int, end: int) -> Iterator[Token]:
    segment = 0
    for match in _TOKEN.finditer(words, start, end):
        kind = match.lastgroup or "mark"
        segment += kind == "stop"
        yield Token(kind, match[0], match.start(), match.end(), segment)


_CUES = ("cham", "muon")
_LONG_CUE = "truoc"  # long enough that a word one letter away is a slip of it
_NO_SLIPS = frozenset(
    "trực trúc chạm chấm chăm chậm muốn muộn mượn thước nước cước rượt bước lược trượt".split()  # noqa: SIM905 - a list of words
)


def like_a_cue(word: str) -> bool:
    """A slip of "trước", "chậm" or "muộn": the same letters but for marks, or of "trước" one letter more, less or other."""
    letters = plain(word)
    return word not in _NO_SLIPS and (letters in _CUES or _one_slip(letters, _LONG_CUE))


def _one_slip(word: str, cue: str) -> bool:
    if abs(len(word) - len(cue)) > 1:
        return False
    pairs = enumerate(zip(word, cue, strict=False))
    common = next((at for at, (one, other) in pairs if one != other), min(len(word), len(cue)))
    rest, due = word[common:], cue[common:]
    return rest[1:] == due[1:] or rest[1:] == due or rest == due[1:] or sorted(rest) == sorted(due)
