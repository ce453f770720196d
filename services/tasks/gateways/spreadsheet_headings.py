"""Which column is which: headings in English or Vietnamese, found in the first rows of a table."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from services.tasks.domain.naming_text import fold
from shared.errors import InvalidInput

HEADINGS: Mapping[str, tuple[str, ...]] = {
    "title": ("title", "nhiệm vụ", "nội dung nhiệm vụ", "tên nhiệm vụ", "nội dung", "nhiệm vụ cụ thể"),
    "deliverable": (
        "deliverable", "sản phẩm", "kết quả", "sản phẩm, kết quả", "sản phẩm, kết quả yêu cầu", "kết quả yêu cầu",
        "sản phẩm đầu ra", "kết quả, sản phẩm", "sản phẩm dự kiến", "kết quả đầu ra",
    ),
    "deadline_text": (
        "deadline_text", "deadline", "thời hạn", "thời gian hoàn thành", "thời hạn hoàn thành", "hạn hoàn thành",
        "thời gian thực hiện", "thời gian",
    ),
    "lead_text": (
        "lead_text", "lead", "agencies_text", "cơ quan chủ trì", "đơn vị chủ trì", "cơ quan, đơn vị chủ trì",
        "chủ trì", "cơ quan thực hiện", "đơn vị thực hiện",
    ),
    "coordinate_text": (
        "coordinate_text", "coordinate", "cơ quan phối hợp", "đơn vị phối hợp", "cơ quan, đơn vị phối hợp", "phối hợp",
    ),
    "ref": ("ref", "mã nhiệm vụ", "mã số", "mã"),
    "order_no": ("order_no", "tt", "stt", "số tt", "số thứ tự"),
    "list_month": ("list_month", "tháng", "kỳ"),
    "group_no": ("group_no", "số nhóm"),
    "section": ("section", "group_title", "nhóm", "nhóm nhiệm vụ", "mục", "clause", "phần"),
    "priority": ("priority", "mức độ ưu tiên", "ưu tiên"),
    "kind": ("kind", "loại", "loại nhiệm vụ"),
}  # fmt: skip
REQUIRED = ("title", "lead_text", "deadline_text")
SEARCHED = 10  # rows with text, from the top: an annex prints its number and title above the table

_FOOTNOTE = re.compile(r"\([^)]*\)|\*")


@dataclass(frozen=True, slots=True)
class Header:
    """Where the table begins.

    Attributes:
        last: index of the heading's last row.
        keys: column index -> canonical key.
        printed: column index -> heading as printed.
    """

    last: int
    keys: Mapping[int, str]
    printed: Mapping[int, str]


class Headings:
    """The accepted headings, or the ones that the sender's own mapping names."""

    def __init__(self, columns: Mapping[str, str] | None = None) -> None:
        _check_text(columns or {})
        self._mapped = {fold(heading): key for key, heading in (columns or {}).items()}
        unknown = sorted(set(columns or {}) - set(HEADINGS))
        if unknown:
            raise InvalidInput(
                "column_unknown",
                f"Bảng ánh xạ cột có tên không dùng được: {', '.join(unknown)}. Các tên dùng được: {', '.join(HEADINGS)}.",
                f"The column mapping has names not in use: {', '.join(unknown)}. Use: {', '.join(HEADINGS)}.",
                field=f"columns.{unknown[0]}",
            )
        self._columns = dict(columns or {})
        self._usual = {
            fold(name): key for key, names in HEADINGS.items() if key not in self._columns for name in names
        }

    def key(self, heading: str) -> str | None:
        for text in (fold(heading), fold(_FOOTNOTE.sub(" ", heading))):
            key = self._mapped.get(text) or self._usual.get(text)
            if key:
                return key
        return None

    def score(self, table: Sequence[Sequence[str]]) -> int:
        """How many columns are recognised when the table is cut this way."""
        return max((len(self._keys(row)) for _, row in self._candidates(table)), default=0)

    def find(self, table: Sequence[Sequence[str]]) -> Header:
        """The heading row, or two rows read as one.

        Raises:
            InvalidInput: header_not_found, heading_missing, heading_repeated, mapped_heading_missing.
        """
        candidates = self._candidates(table)
        last, row = max(candidates, key=lambda item: self._rank(item[1]), default=(0, []))
        keys = self._keys(row)
        if len(keys) < 2 and not self._columns:  # noqa: PLR2004 - one known word is as well a sentence's
            raise InvalidInput("header_not_found", *_not_found(), field="file")
        self._check(keys, row)
        return Header(last, keys, {index: text for index, text in enumerate(row) if text})

    def _rank(self, row: Sequence[str]) -> tuple[int, int]:
        keys = self._keys(row).values()
        return sum(key in keys for key in REQUIRED), len(keys)

    def _candidates(self, table: Sequence[Sequence[str]]) -> list[tuple[int, Sequence[str]]]:
        """Each of the first rows alone, then each with the next one written over it; the last index with it."""
        first = [index for index, row in enumerate(table) if any(row)][:SEARCHED]
        alone = [(index, table[index]) for index in first]
        both = [(index + 1, _over(table[index], table[index + 1])) for index in first if index + 1 in first]
        return alone + both

    def _keys(self, row: Sequence[str]) -> dict[int, str]:
        keys = {index: self.key(heading) for index, heading in enumerate(row) if heading}
        return {index: key for index, key in keys.items() if key}

    def _check(self, keys: Mapping[int, str], row: Sequence[str]) -> None:
        for key, heading in self._columns.items():
            if key not in keys.values():
                raise InvalidInput(
                    "mapped_heading_missing",
                    f"Không thấy cột “{heading}” mà bảng ánh xạ nêu cho {key}. Kiểm tra lại tiêu đề cột trong tệp.",
                    f'The column "{heading}", mapped to {key}, is not in the file. Check its heading.',
                    field=f"columns.{key}",
                )
        for key in HEADINGS:
            same = [row[index] for index, found in keys.items() if found == key]
            if len(same) > 1:
                listed_vi, listed_en = (
                    " và ".join(f"“{h}”" for h in same),
                    " and ".join(f'"{h}"' for h in same),
                )
                raise InvalidInput(
                    "heading_repeated",
                    f"Các cột {listed_vi} cùng có nghĩa {key}. Đổi tên một cột hoặc chỉ rõ cột dùng trong bảng ánh xạ.",
                    f"The columns {listed_en} both mean {key}. Rename one or name the one to use in the mapping.",
                    field=key,
                )
        for key in REQUIRED:
            if key not in keys.values():
                accepted = ", ".join(HEADINGS[key])
                raise InvalidInput(
                    "heading_missing",
                    f"Bảng thiếu cột {key}. Đặt tiêu đề cột là một trong các tên: {accepted}; hoặc dùng bảng ánh xạ cột.",
                    f"The table has no {key} column. Head it with one of: {accepted}; or map the columns.",
                    field=key,
                )


def _check_text(columns: Mapping[str, str]) -> None:
    """JSON can spell half of a character (a lone surrogate), which no heading has and no answer can carry."""
    try:
        "".join([*columns, *columns.values()]).encode()
    except UnicodeEncodeError as error:
        raise InvalidInput(
            "columns_not_text",
            "Bảng ánh xạ cột có ký tự không hợp lệ. Chép lại tiêu đề cột đúng như in trong tệp.",
            "The column mapping has a character that is not valid. Copy the headings as they stand in the file.",
            field="columns",
        ) from error


def _over(upper: Sequence[str], lower: Sequence[str]) -> list[str]:
    width = max(len(upper), len(lower))
    padded = [[*row, *[""] * (width - len(row))] for row in (upper, lower)]
    return [below or above for above, below in zip(*padded, strict=True)]


def _not_found() -> tuple[str, str]:
    names = "; ".join(f"{key}: {', '.join(HEADINGS[key])}" for key in REQUIRED)
    return (
        f"Không thấy dòng tiêu đề cột trong {SEARCHED} dòng đầu. Đặt tiêu đề theo các tên: {names}.",
        f"No row of column headings in the first {SEARCHED} rows. Use these headings: {names}.",
    )
