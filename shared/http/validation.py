"""Validation errors of a request, field by field, in both languages."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from itertools import islice
from typing import Any

from pydantic import BaseModel, Field

from shared.text.nearest import nearest, shortened

MAX_FIELD_ERRORS = 20
PLACES = frozenset({"body", "query", "path", "header"})


class FieldError(BaseModel):
    field: str = Field(description="dotted path, e.g. assignments.0.agency_code")
    code: str
    detail: str = Field(description="in Vietnamese")
    detail_en: str
    nearest: str | None = Field(
        default=None, description="of a name that is not known, the known one next to it"
    )


# Pydantic's messages in Vietnamese; {…} are values of the error's context.
_VALIDATION_VI = {
    "missing": "Thiếu trường bắt buộc.",
    "string_too_long": "Dài quá {max_length} ký tự.",
    "string_too_short": "Ngắn hơn {min_length} ký tự.",
    "string_pattern_mismatch": "Không đúng mẫu {pattern}.",
    "enum": "Giá trị phải là một trong: {expected}.",
    "literal_error": "Giá trị phải là một trong: {expected}.",
    "string_type": "Phải là văn bản.",
    "control_character": "Văn bản chứa ký tự điều khiển {character}: hãy bỏ ký tự đó.",
    "nothing_visible": "Văn bản không có ký tự nào nhìn thấy được: ghi nội dung.",
    "no_number": "Số văn bản phải có chữ cái hoặc chữ số.",
    "string_unicode": "Văn bản không đúng mã Unicode.",
    "int_type": "Phải là số nguyên, không đặt trong ngoặc kép.",
    "int_from_float": "Phải là số nguyên, không có phần lẻ.",
    "int_parsing": "Phải là số nguyên, chỉ gồm chữ số.",
    "int_parsing_size": "Số quá lớn.",
    "decimal_type": "Phải là một số.",
    "decimal_parsing": "Phải là một số, có dấu chấm thập phân.",
    "decimal_max_digits": "Quá {max_digits} chữ số.",
    "decimal_whole_digits": "Quá {whole_digits} chữ số trước dấu thập phân.",
    "decimal_max_places": "Quá {decimal_places} chữ số sau dấu thập phân.",
    "finite_number": "Phải là một số hữu hạn.",
    "bool_type": "Phải là true hoặc false.",
    "bool_parsing": "Phải là true hoặc false.",
    "date_type": "Ngày phải là văn bản dạng YYYY-MM-DD.",
    "date_parsing": "Ngày phải theo dạng YYYY-MM-DD.",
    "date_unknown": "Lịch không có ngày này.",
    "timezone_aware": "Thời điểm phải ghi múi giờ, ví dụ +07:00 (trong địa chỉ viết %2B07:00) hoặc Z.",
    "datetime_type": "Thời điểm phải là văn bản, ví dụ 2026-03-10T08:00:00+07:00.",
    "datetime_parsing": "Thời điểm phải theo dạng 2026-03-10T08:00:00+07:00 (trong địa chỉ dấu + viết %2B).",
    "datetime_unknown": "Lịch không có thời điểm này, hoặc nó ở ngoài khoảng ghi được.",
    "uuid_parsing": "Mã phải là một UUID.",
    "tuple_type": "Phải là một danh sách.",
    "list_type": "Phải là một danh sách.",
    "model_type": "Phải là một đối tượng JSON.",
    "model_attributes_type": "Phải là một đối tượng JSON.",
    "too_long": "Quá {max_length} phần tử.",
    "too_short": "Ít hơn {min_length} phần tử.",
    "greater_than": "Phải lớn hơn {gt}.",
    "greater_than_equal": "Phải từ {ge} trở lên.",
    "less_than_equal": "Phải từ {le} trở xuống.",
}


def field_errors(found: Sequence[Mapping[str, Any]]) -> list[FieldError]:
    """The first of what Pydantic found."""
    return list(islice((error for item in found for error in _field_errors(item)), MAX_FIELD_ERRORS))


def _field_errors(item: Mapping[str, Any]) -> Iterator[FieldError]:
    context = item.get("ctx") or {}
    if (
        item["type"] == "extra_forbidden"
    ):  # one error for all unknown names of an object: see shared.http.requests
        for name in context["names"]:
            yield unknown_name(_path([*item["loc"], shortened(name)]), name, context["known"], item["type"])
        return
    template = _VALIDATION_VI.get(item["type"], "Giá trị chưa đúng ({type}).")
    words = {name: str(value).replace("' or '", "' hoặc '") for name, value in context.items()}
    yield FieldError(
        field=_path(item["loc"]),
        code=item["type"],
        detail=template.format(**words, type=item["type"]),
        detail_en=item["msg"],
    )


def unknown_name(field: str, name: str, known: Collection[str], code: str) -> FieldError:
    close = nearest(name, known)
    vi, en = (f"có phải {close}?", f"is {close} meant?") if close else ("bỏ tên đó.", "leave it out.")
    return FieldError(
        field=field,
        code=code,
        detail=f"Tên này không được biết đến: {vi}",
        detail_en=f"This name is not known: {en}",
        nearest=close,
    )


def _path(loc: Sequence[str | int]) -> str:
    parts = loc[1:] if len(loc) > 1 and loc[0] in PLACES else loc
    return ".".join(str(part) for part in parts)
