"""Kinds of deadlines, and flags with a sentence in each language."""

from enum import StrEnum
from typing import NamedTuple


class DeadlineKind(StrEnum):
    DATE = "date"
    MONTH = "month"
    QUARTER = "quarter"
    HALF = "half"
    YEAR = "year"
    RECURRING = "recurring"
    STANDING = "standing"
    EVENT = "event"
    REFERENCE = "reference"
    NONE = "none"


class DeadlineFlag(StrEnum):
    """A reason for a person to look at a reading, which lists its flags in this order."""

    UNDATED = "undated"
    URGENT = "urgent"
    LEGACY_ENCODING = "legacy_encoding"
    TOO_LONG = "too_long"
    WORDS_UNREAD = "words_unread"
    DIGITS_CORRECTED = "digits_corrected"
    AMBIGUOUS = "ambiguous"
    SEVERAL_DATES = "several_dates"
    YEAR_MISSING = "year_missing"
    INVALID_DATE = "invalid_date"
    YEAR_OUT_OF_RANGE = "year_out_of_range"
    VAGUE_PART = "vague_part"
    AFTER_ONLY = "after_only"
    HORIZON_IGNORED = "horizon_ignored"
    CITATION_IGNORED = "citation_ignored"
    PERIOD_IGNORED = "period_ignored"
    RELATIVE = "relative"
    WORKING_DAYS = "working_days"
    CONDITIONAL = "conditional"
    OPEN_ENDED = "open_ended"
    BOUNDED = "bounded"
    ALSO_RECURRING = "also_recurring"
    PERIOD_UNKNOWN = "period_unknown"
    PAST_ISSUE = "past_issue"


class Sentence(NamedTuple):
    vi: str
    en: str


FLAG_SENTENCES = {
    DeadlineFlag.UNDATED: Sentence(
        "Không đọc được ngày đến hạn: cơ quan giao việc ghi rõ ngày.",
        "No due date can be read: the office that gives the task has to write one.",
    ),
    DeadlineFlag.URGENT: Sentence(
        "Chỉ có từ thúc giục (khẩn trương, sớm, ngay), không có ngày.",
        "Words of haste (khẩn trương, sớm, ngay) stand where a date should.",
    ),
    DeadlineFlag.LEGACY_ENCODING: Sentence(
        "Văn bản gõ bằng bảng mã cũ (TCVN3, VNI): chuyển sang Unicode rồi nhập lại.",
        "The text is in an old encoding (TCVN3, VNI): convert it to Unicode and enter it again.",
    ),
    DeadlineFlag.TOO_LONG: Sentence(
        "Dài quá 300 ký tự nên không đọc: chỉ ghi câu nêu thời hạn.",
        "More than 300 characters, which are not read: write the sentence with the deadline alone.",
    ),
    DeadlineFlag.WORDS_UNREAD: Sentence(
        "Cạnh thời hạn có từ chưa hiểu, có thể làm đổi nghĩa: đối chiếu với văn bản.",
        "Words beside the deadline were not understood and may change it: compare with the document.",
    ),
    DeadlineFlag.DIGITS_CORRECTED: Sentence(
        "Có chữ I, l, O gõ thay chữ số: ngày đọc được là đề xuất, cần xác nhận.",
        "Letters I, l, O stand for digits: the date read is a proposal, to be confirmed.",
    ),
    DeadlineFlag.AMBIGUOUS: Sentence(
        "Câu chữ có thể hiểu nhiều cách.",
        "The words allow more than one reading.",
    ),
    DeadlineFlag.SEVERAL_DATES: Sentence(
        "Có từ hai thời hạn khác nhau, không rõ thời hạn nào áp dụng: tách nhiệm vụ hoặc ghi một ngày.",
        "There are two or more different deadlines, and no rule says which one holds: split the task or write one.",
    ),
    DeadlineFlag.YEAR_MISSING: Sentence(
        "Thiếu năm (hoặc thiếu tháng): ghi đủ ngày, tháng, năm.",
        "The year (or the month) is missing: write the day in full.",
    ),
    DeadlineFlag.INVALID_DATE: Sentence(
        "Ngày, tháng hoặc quý không có thật (31/02, tháng 13, quý V).",
        "No calendar has this day, month or quarter (31/02, tháng 13, quý V).",
    ),
    DeadlineFlag.YEAR_OUT_OF_RANGE: Sentence(
        "Năm trước 2000 hoặc sau 2099: có thể gõ nhầm.",
        "The year is before 2000 or after 2099: probably a slip.",
    ),
    DeadlineFlag.VAGUE_PART: Sentence(
        "“Đầu”, “giữa”, “khoảng” không cho biết ngày cuối cùng.",
        "“Đầu”, “giữa”, “khoảng” (early, mid, about) tell no last day.",
    ),
    DeadlineFlag.AFTER_ONLY: Sentence(
        "Chỉ nói sau ngày nào, không nói chậm nhất ngày nào.",
        "Only says after which day, not by which.",
    ),
    DeadlineFlag.HORIZON_IGNORED: Sentence(
        "Năm thuộc tên hoặc mục tiêu của chiến lược, chương trình, không phải thời hạn nhiệm vụ.",
        "The year belongs to the name or the target of a strategy, not to this task.",
    ),
    DeadlineFlag.CITATION_IGNORED: Sentence(
        "Ngày là ngày của văn bản, cuộc họp được dẫn, không phải thời hạn.",
        "The date is that of a cited document or meeting, not a deadline.",
    ),
    DeadlineFlag.PERIOD_IGNORED: Sentence(
        "Thời gian là kỳ số liệu, kỳ kế hoạch, hạn cũ, hạn đã quá hoặc việc đã làm, không phải thời hạn.",
        "The period is what is reported, planned or was done, or a former deadline, not when the task is due.",
    ),
    DeadlineFlag.RELATIVE: Sentence(
        "Thời hạn tính theo số ngày, tháng từ một mốc: ghi ngày khi biết mốc.",
        "Counted in days or months from an event: write the day once the event is known.",
    ),
    DeadlineFlag.WORKING_DAYS: Sentence(
        "Tính theo ngày làm việc: chưa có lịch nghỉ để tính, cần ghi ngày.",
        "Counted in working days: there is no calendar to count them by, write the day.",
    ),
    DeadlineFlag.CONDITIONAL: Sentence(
        "Phụ thuộc một điều kiện hoặc văn bản chưa có: ghi ngày khi điều kiện xảy ra.",
        "Depends on a condition or a document still to come: write the day once it has.",
    ),
    DeadlineFlag.OPEN_ENDED: Sentence(
        "Thời hạn để ngỏ (trở đi, các năm tiếp theo, đến khi hoàn thành): theo dõi như việc thường xuyên, không quá hạn.",
        "The deadline has an open end (trở đi, các năm tiếp theo): followed as a standing duty, never overdue.",
    ),
    DeadlineFlag.BOUNDED: Sentence(
        "Việc định kỳ có ngày bắt đầu hoặc kết thúc: người theo dõi nhập ngày đó.",
        "Recurring, with a first or last day that a person enters.",
    ),
    DeadlineFlag.ALSO_RECURRING: Sentence(
        "Bên cạnh thời hạn còn có việc định kỳ: lập thêm nhiệm vụ định kỳ nếu cần.",
        "A recurring duty stands beside the dated task: record it as a task of its own if needed.",
    ),
    DeadlineFlag.PERIOD_UNKNOWN: Sentence(
        "Việc định kỳ nhưng không rõ một kỳ duy nhất.",
        "Recurring, but not by one period that is said.",
    ),
    DeadlineFlag.PAST_ISSUE: Sentence(
        "Thời hạn trước ngày ban hành văn bản: kiểm tra lại năm.",
        "The last in-time day is before the day of the document: check the year.",
    ),
}
