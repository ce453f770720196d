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
# of a column that the file heads by its field's name, or has not
FIELDS: Mapping[str, str] = {
    "title": "Nhiệm vụ",
    "deliverable": "Sản phẩm",
    "deadline_text": "Thời hạn",
    "lead_text": "Cơ quan chủ trì",
    "coordinate_text": "Cơ quan phối hợp",
    "priority": "Mức độ ưu tiên",
    "kind": "Loại",
    "code": "Mã",
    "name": "Tên",
    "owner": "Cơ quan chủ quản",
    "legal_basis": "Căn cứ pháp lý",
    "phase": "Giai đoạn",
    "ndc_connection": "Kết nối",
    "period_seconds": "Chu kỳ (giây)",
    "grace_seconds": "Trễ cho phép (giây)",
    "effective_on": "Ngày hiệu lực",
    "agency": "Cơ quan",
    "level": "Cấp ngân sách",
    "nature": "Tính chất chi",
    "field": "Lĩnh vực",
    "amount": "Số tiền",
    "date": "Ngày",
    "reference": "Số chứng từ",
    "source": "Nguồn",
}
