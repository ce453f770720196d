"""Right phrases changed as hands and documents change them: none is ever silently wrong.

A changed phrase keeps the reading that is right for it, or has no date, or is flagged so that a person looks.
"""

from dataclasses import dataclass
from datetime import date, timedelta

from hypothesis import assume, given, settings
from hypothesis import strategies as st

from services.tasks.domain.deadlines import DeadlineFlag, Reading, read_deadline

CALM = {DeadlineFlag.URGENT}  # says nothing of a date that was read


@dataclass(frozen=True)
class Phrase:
    """A deadline put together: content, governing words, the written date, what follows; and its last in-time day."""

    lead: str
    cue: str
    written: str
    tail: str
    due: date

    @property
    def text(self) -> str:
        return f"{self.lead}{self.cue}{self.written}{self.tail}"


LEADS = st.sampled_from(
    [
        "",
        "Hoàn thành ",
        "Báo cáo Thủ tướng Chính phủ ",
        "Rà soát, cập nhật dữ liệu, gửi Bộ Công an ",
        "Bộ Nội vụ chủ trì, phối hợp với các bộ, ngành xây dựng Đề án, trình Chính phủ ",
    ]
)
TAILS = st.sampled_from(["", ".", " để tổng hợp", " theo quy định", ", bảo đảm chất lượng"])
DAYS = st.dates(date(2025, 1, 2), date(2027, 12, 28))
BEFORE, BY = ("trước ngày ", "chậm nhất trước ngày "), ("đến ngày ", "chậm nhất ngày ", "đến hết ngày ")


@st.composite
def dated(draw: st.DrawFn) -> Phrase:
    day = draw(DAYS)
    cue = draw(st.sampled_from([*BEFORE, *BY]))
    form = draw(st.sampled_from(["{d}/{m}/{y}", "{d:02}/{m:02}/{y}", "{d} tháng {m} năm {y}", "{d}-{m}-{y}"]))
    written = form.format(d=day.day, m=day.month, y=day.year)
    due = day - timedelta(days=1) if cue in BEFORE else day
    return Phrase(draw(LEADS), cue, written, draw(TAILS), due)


@st.composite
def monthly(draw: st.DrawFn) -> Phrase:
    day = draw(DAYS)
    last = (day.replace(day=28) + timedelta(days=4)).replace(day=1) - timedelta(days=1)
    cue = draw(st.sampled_from(["trong ", "đến hết ", "chậm nhất ", "chậm nhất trong "]))
    return Phrase(draw(LEADS), cue, f"tháng {day.month}/{day.year}", draw(TAILS), last)


PHRASES = dated() | monthly()


def silently_wrong(reading: Reading, right: date | None) -> bool:
    """Read without any flag, and not the right day. `right` is None where no day can be told."""
    return reading.due_on is not None and not set(reading.flags) - CALM and reading.due_on != right


@given(PHRASES)
def test_the_phrases_are_read_rightly_before_they_are_changed(phrase: Phrase) -> None:
    reading = read_deadline(phrase.text)
    assert (reading.due_on, set(reading.flags) - CALM) == (phrase.due, set())


NOUNS = st.sampled_from(
    [
        "Hội nghị tổng kết ", "đợt kiểm tra ", "lễ công bố ", "kỳ họp thứ 10 ", "Đề án 06 ", "dự án ", "bàn giao ", "Quốc hội ",
        "khai giảng năm học mới ", "nghiệm thu giai đoạn 1 ", "phiên họp ", "thời điểm sáp nhập ", "hạn ", "Đại hội ", "kế hoạch ",
    ]
)  # fmt: skip


@given(PHRASES, NOUNS)
def test_a_noun_between_governing_words_and_date(phrase: Phrase, noun: str) -> None:
    cue = phrase.cue.removesuffix("ngày ")
    for unit in ("ngày ", ""):
        text = f"{phrase.lead}{cue}{noun}{unit}{phrase.written}{phrase.tail}"
        assert not silently_wrong(read_deadline(text), phrase.due), text


SECOND = st.sampled_from(
    [
        "{a} và {b}", "{a}, {b}", "{a} {b}", "{a} hoặc {b}", "{a} ({b})", "{a}; {b}", "{a} - đợt 2 {b}", "{b}, {a}", "{b} {a}",
        "{a}, riêng các xã đảo {b}", "{a} đối với cấp tỉnh, {b} đối với cấp xã", "{a}. Cấp xã xong {b}", "{a}, gia hạn {b}",
    ]
)  # fmt: skip
SECOND_DATES = st.sampled_from(
    ["20/12/2028", "ngày 20/12/2028", "trước ngày 20/12/2028", "quý II/2029", "tháng 10/2028"]
)


@given(PHRASES, SECOND, SECOND_DATES)
def test_a_second_date(phrase: Phrase, form: str, second: str) -> None:
    text = phrase.lead + form.format(a=phrase.cue + phrase.written, b=second) + phrase.tail
    assert not silently_wrong(read_deadline(text), None), text


@given(dated(), st.data())
def test_a_slip_in_the_governing_word(phrase: Phrase, data: st.DataObject) -> None:
    """One letter left out, doubled, swapped with its neighbour or replaced."""
    assume("trước" in phrase.cue)
    at = data.draw(st.integers(0, 4))
    word = "trước"
    slip = data.draw(
        st.sampled_from(
            [
                word[:at] + word[at + 1 :],
                word[:at] + word[at] + word[at:],
                word[: max(0, at - 1)] + word[at] + word[max(0, at - 1) : at] + word[at + 1 :],
                word[:at] + data.draw(st.sampled_from("aeouươbcdghklmnt")) + word[at + 1 :],
                word[:at] + " " + word[at:],
            ]
        )
    )
    text = phrase.lead + phrase.cue.replace(word, slip) + phrase.written + phrase.tail
    assert not silently_wrong(read_deadline(text), phrase.due), text


STARTS = st.sampled_from(
    [
        "Từ ngày 05/01/2024, ",
        "Triển khai từ tháng 4/2024, ",
        "Khởi công từ quý I/2024, ",
        "Bắt đầu từ năm 2024, ",
    ]
)


@given(PHRASES, STARTS)
def test_a_start_before_the_end(phrase: Phrase, start: str) -> None:
    text = start + phrase.text
    assert not silently_wrong(read_deadline(text), phrase.due), text


@given(
    monthly(),
    st.sampled_from(
        [
            "Đề án",
            "Kỳ họp thứ",
            "Đợt",
            "Giai đoạn",
            "lần",
            "Phụ lục",
            "Tổ",
            "Mục",
            "khoản",
            "Nhóm",
            "mã",
            "lô A",
        ]
    ),
    st.integers(1, 31),
)
def test_a_number_owned_by_the_noun_before_the_month(phrase: Phrase, noun: str, number: int) -> None:
    text = f"{noun} {number:02} {phrase.written}"
    assert not silently_wrong(read_deadline(text), phrase.due), text


TURNS = st.sampled_from(
    [
        ("không ", ""), ("không nhất thiết ", ""), ("chưa hoàn thành ", ""), ("sau ", ""), ("khoảng ", ""), ("từ ", ""),
        ("", ", nếu được phê duyệt"), ("", " trừ các xã đảo"), ("", " khi có hướng dẫn"), ("", ", trừ trường hợp bất khả kháng"),
        ("", ", thời gian thực hiện 12 tháng"), ("", " trong 30 ngày"), ("", " trở về trước"), ("", " âm lịch"), ("", " năm học"),
        ("", ", sau khi có ý kiến của Bộ Tài chính"), ("", " và các năm tiếp theo"), ("", " cộng 05 ngày"), ("", " (dự phòng 10 ngày)"),
        ("", ", trước Đại hội"), ("", " hoặc muộn hơn"), ("", " không kể ngày nghỉ"), ("trước 5 ngày so với ", ""),
    ]
)  # fmt: skip


@given(PHRASES, TURNS)
@settings(max_examples=300)
def test_words_that_turn_a_deadline(phrase: Phrase, turn: tuple[str, str]) -> None:
    before, after = turn
    text = f"{phrase.lead}{before}{phrase.cue}{phrase.written}{after}"
    assert not silently_wrong(read_deadline(text), None), text
