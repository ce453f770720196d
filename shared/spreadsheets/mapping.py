"""Objects of texts that come with a form: the sender's own mapping, key of a column -> heading as printed, and others."""

from collections.abc import Mapping

from shared.errors import InvalidInput
from shared.text.strict_json import read_json


def mapping_from_json(text: str | None) -> dict[str, str] | None:
    """The form's field `columns`, a JSON object; None when it was not sent. Raises InvalidInput columns_invalid."""
    if text is None:
        return None
    mapping = _texts(text)
    if mapping is None:
        raise InvalidInput(
            "columns_invalid",
            "columns phải là một đối tượng JSON: tên trường → tiêu đề cột như in trong tệp.",
            "columns must be a JSON object: field name → heading as printed in the file.",
            field="columns",
        )
    return mapping


def answers_from_json(text: str | None) -> dict[str, str] | None:
    """The form's field `answers`, a JSON object; None when it was not sent. Raises InvalidInput answers_invalid."""
    if text is None:
        return None
    answers = _texts(text)
    if answers is None:
        raise InvalidInput(
            "answers_invalid",
            "answers phải là một đối tượng JSON: dòng → “mới” hoặc mã nhiệm vụ.",
            'answers must be a JSON object: row → "new" or the id of a task.',
            field="answers",
        )
    return answers


def _texts(text: str) -> dict[str, str] | None:
    """A JSON object of texts; None for what is none."""
    try:
        found = read_json(text)
    except (ValueError, RecursionError):
        return None
    is_one = isinstance(found, dict) and all(isinstance(value, str) for value in found.values())
    return found if is_one else None


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
