"""The columns of an annex and the headings under which offices print them.

Case, diacritics, punctuation, line breaks and notes in brackets do not matter (`shared.spreadsheets`).
"""

from collections.abc import Iterable, Mapping
from itertools import product

from shared.spreadsheets import ANSWER_COLUMN, Columns

# who: written before a role ("cơ quan, đơn vị chủ trì") or alone; the most usual come first
_BODIES = (
    "cơ quan", "đơn vị", "cơ quan, đơn vị", "đơn vị, cơ quan", "CQ", "ĐV", "CQ, ĐV", "bộ, ngành",
    "cơ quan, tổ chức", "cơ quan, tổ chức, đơn vị", "bộ, cơ quan", "bộ, ngành, địa phương",
    "cơ quan, đơn vị, địa phương", "sở, ngành", "sở, ban, ngành", "đơn vị, địa phương", "cơ quan, địa phương",
)  # fmt: skip
_LEAD = (
    "chủ trì", "chủ trì thực hiện", "chủ trì tham mưu", "chủ trì triển khai", "chủ trì, thực hiện", "được giao chủ trì",
    "được giao", "thực hiện", "chịu trách nhiệm", "chịu trách nhiệm chính", "đầu mối", "chủ trì, phối hợp",
    "chủ trì và phối hợp", "thực hiện chính", "triển khai", "triển khai thực hiện", "giao thực hiện", "tham mưu",
    "được giao nhiệm vụ", "được phân công", "được giao thực hiện", "chủ trì giải quyết", "tổ chức thực hiện",
)  # fmt: skip
_HELP = (
    "phối hợp", "phối hợp thực hiện", "cùng phối hợp", "phối hợp triển khai", "tham gia", "tham gia phối hợp", "phối hợp chính",
    "liên quan", "phối hợp, tham gia",
)  # fmt: skip
_WORK = ("nhiệm vụ", "công việc", "nhiệm vụ, giải pháp", "nhiệm vụ và giải pháp", "giải pháp, nhiệm vụ")
_BEFORE_WORK = ("", "nội dung ", "tên ", "các ", "danh mục ", "nội dung các ", "tên các ")
_AFTER_WORK = (
    "",
    " cụ thể",
    " chủ yếu",
    " trọng tâm",
    " được giao",
    " giao",
    " triển khai",
    " thực hiện",
    " cần thực hiện",
)
_TIME = (
    "thời hạn", "thời gian", "tiến độ", "hạn", "thời gian, tiến độ", "tiến độ, thời gian", "thời điểm", "mốc thời gian",
    "thời hạn, tiến độ", "tiến độ, thời hạn", "hạn xử lý", "kỳ hạn", "lộ trình", "thời gian, lộ trình",
)  # fmt: skip
_AFTER_TIME = (
    "", " hoàn thành", " thực hiện", " hoàn thành nhiệm vụ", " thực hiện, hoàn thành", " thực hiện nhiệm vụ", " trình",
    " phải hoàn thành", " cần hoàn thành", " xong", " dự kiến", " dự kiến hoàn thành", " hoàn thành dự kiến",
    " báo cáo", " ban hành", " triển khai", " triển khai thực hiện", " theo yêu cầu", " yêu cầu", " được giao",
    " trình, ban hành", " hoàn thiện", " kết thúc", " thực hiện và hoàn thành",
)  # fmt: skip
_PRODUCT = (
    "sản phẩm", "kết quả", "sản phẩm, kết quả", "kết quả, sản phẩm", "sản phẩm đầu ra", "kết quả đầu ra", "đầu ra",
    "sản phẩm, kết quả đầu ra", "kết quả, sản phẩm đầu ra", "sản phẩm, hồ sơ", "hình thức sản phẩm", "hình thức văn bản",
)  # fmt: skip
_AFTER_PRODUCT = (
    "", " yêu cầu", " dự kiến", " cần đạt", " phải đạt", " cụ thể", " của nhiệm vụ",
    " chủ yếu", " phải hoàn thành", " cần đạt được", " dự kiến đạt được", " trình",
)  # fmt: skip


def _joined(*parts: Iterable[str]) -> tuple[str, ...]:
    return tuple("".join(words) for words in product(*parts))


def _of_bodies(roles: Iterable[str]) -> tuple[str, ...]:
    """By role, then who: "cơ quan chủ trì", "đơn vị chủ trì" … "chủ trì"."""
    return tuple(f"{body} {role}" for role in roles for body in _BODIES)


HEADINGS: Mapping[str, tuple[str, ...]] = {
    "title": ("nhiệm vụ", "nội dung nhiệm vụ", "nhiệm vụ, giải pháp", "nội dung công việc", *_joined(_BEFORE_WORK, _WORK, _AFTER_WORK), "nội dung", "nội dung thực hiện", "nội dung giao",
              "nội dung chỉ đạo", "nội dung giao nhiệm vụ", "nội dung triển khai", "nội dung nhiệm vụ công việc",
              "tên nhiệm vụ, đề án", "nhiệm vụ, đề án", "đề án, nhiệm vụ", "tên đề án, nhiệm vụ", "hoạt động",
              "nội dung hoạt động", "tên công việc, nhiệm vụ", "chương trình, đề án, nhiệm vụ", "nội dung yêu cầu"),
    "deliverable": _joined(_PRODUCT, _AFTER_PRODUCT),
    "deadline_text": ("thời hạn", "thời hạn hoàn thành", "thời gian thực hiện", "tiến độ", "deadline", *_joined(_TIME, _AFTER_TIME)),
    "lead_text": ("cơ quan chủ trì", "đơn vị chủ trì", "cơ quan thực hiện", "chủ trì", "lead", "agencies_text",
                  *_of_bodies(_LEAD), "chủ trì thực hiện", "đầu mối", "người chủ trì",
                  "phân công", "phân công thực hiện", "phân công chủ trì", "trách nhiệm thực hiện", "trách nhiệm chủ trì",
                  "cơ quan, người chủ trì", "chủ trì, phối hợp", "phân công nhiệm vụ"),
    "coordinate_text": ("coordinate", *_of_bodies(_HELP), "phối hợp", "phối hợp thực hiện", "phân công phối hợp"),
    "ref": ("mã nhiệm vụ", "mã số", "mã", "mã định danh", "mã số nhiệm vụ", "mã định danh nhiệm vụ"),
    "order_no": ("tt", "stt", "số tt", "số thứ tự", "thứ tự", "no", "s.t.t", "t.t"),
    "list_month": ("tháng", "kỳ"),
    "group_no": ("số nhóm",),
    "section": ("group_title", "nhóm", "nhóm nhiệm vụ", "mục", "clause", "phần", "nhóm nhiệm vụ, giải pháp"),
    "priority": ("mức độ ưu tiên", "ưu tiên", "độ khẩn", "mức độ khẩn"),
    "kind": ("loại", "loại nhiệm vụ"),
    "answer": (ANSWER_COLUMN,),
}  # fmt: skip
COLUMNS = Columns(
    HEADINGS,
    required=("title", "lead_text", "deadline_text"),
    dates=("deadline_text",),
)
