"""The codes of an import's report in words, for people and for the report as a workbook."""

from collections.abc import Mapping
from typing import NamedTuple


class Words(NamedTuple):
    vi: str
    en: str


OUTCOMES: Mapping[str, Words] = {
    "accepted": Words("Nhận", "Accepted"),
    "refused": Words("Từ chối", "Refused"),
    "unchanged": Words("Không đổi", "Unchanged"),
    "question": Words("Cần xác nhận", "To be confirmed"),
    "total": Words("Dòng tổng", "Total"),
}
PASSED_OVER = Words("Bỏ qua", "Passed over")
SKIPS: Mapping[str, Words] = {
    "heading": Words("Tiêu đề cột in lại.", "The heading, printed again."),
    "column_numbers": Words("Dòng đánh số cột.", "The columns' numbers."),
    "section": Words("Tiêu đề mục, không phải nhiệm vụ.", "A section's heading, no task."),
    "total": Words("Dòng tổng cộng.", "A total."),
    "number_only": Words("Chỉ có số thứ tự.", "A number and nothing else."),
    "signature": Words("Phần ký, nơi nhận.", "Signatures and receivers."),
    "note": Words("Ghi chú ngoài bảng.", "A note beside the table."),
}
