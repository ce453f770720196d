"""Objects of texts that come with a form: the sender's own mapping, key of a column -> heading as printed, and others."""

import json
from collections.abc import Mapping

from shared.errors import InvalidInput

_SHAPES = {
    "columns": ("tên trường → tiêu đề cột như in trong tệp", "field name → heading as printed in the file"),
    "answers": ("dòng → “mới” hoặc mã nhiệm vụ", 'row → "new" or the id of a task'),
}


def mapping_from_json(text: str | None) -> dict[str, str] | None:
    """The form's field `columns`, a JSON object; None when it was not sent. Raises InvalidInput columns_invalid."""
    return texts_from_json("columns", text)


def texts_from_json(field: str, text: str | None) -> dict[str, str] | None:
    """A field that is a JSON object of texts; None when it was not sent. Raises InvalidInput `field`_invalid."""
    if text is None:
        return None
    try:
        mapping = json.loads(text)
    except (ValueError, RecursionError):
        mapping = None
    if not isinstance(mapping, dict) or not all(isinstance(value, str) for value in mapping.values()):
        vi, en = _SHAPES[field]
        raise InvalidInput(
            f"{field}_invalid",
            f"{field} phải là một đối tượng JSON: {vi}.",
            f"{field} must be a JSON object: {en}.",
            field=field,
        )
    return mapping


def check_text(mapping: Mapping[str, str]) -> None:
    """JSON can spell half of a character (a lone surrogate), which no heading has and no answer can carry."""
    try:
        "".join([*mapping, *mapping.values()]).encode()
    except UnicodeEncodeError as error:
        raise InvalidInput(
            "columns_not_text",
            "Bảng ánh xạ cột có ký tự không hợp lệ. Chép lại tiêu đề cột đúng như in trong tệp.",
            "The column mapping has a character that is not valid. Copy the headings as they stand in the file.",
            field="columns",
        ) from error
