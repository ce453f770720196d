"""Which column is which: headings found in the first rows of a table, by the names that are accepted."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from shared.errors import InvalidInput
from shared.folding import fold
from shared.spreadsheets.mapping import check_text

SEARCHED = 10  # rows with text, from the top: a printed annex has its number and title above the table

_FOOTNOTE = re.compile(r"\([^)]*\)|\*")


@dataclass(frozen=True, slots=True)
class Columns:
    """The columns that a kind of table may have.

    Attributes:
        headings: key -> headings under which offices print it, in the order to recommend; the key itself is accepted
            too. Case, diacritics, punctuation and notes in brackets do not matter.
        required: keys without which the table cannot be read.
    """

    headings: Mapping[str, tuple[str, ...]]
    required: tuple[str, ...]

    def accepted(self, key: str) -> tuple[str, ...]:
        return (key, *self.headings[key])


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

    def __init__(self, columns: Columns, mapping: Mapping[str, str] | None = None) -> None:
        self._columns = columns
        self._mapping = dict(mapping or {})
        check_text(self._mapping)
        if unknown := sorted(set(self._mapping) - set(columns.headings)):
            usable = ", ".join(columns.headings)
            raise InvalidInput(
                "column_unknown",
                f"Bảng ánh xạ cột có tên không dùng được: {', '.join(unknown)}. Các tên dùng được: {usable}.",
                f"The column mapping has names not in use: {', '.join(unknown)}. Use: {usable}.",
                field=f"columns.{unknown[0]}",
            )
        self._mapped = {fold(heading): key for key, heading in self._mapping.items()}
        self._usual = {
            fold(name): key
            for key in columns.headings
            if key not in self._mapping
            for name in columns.accepted(key)
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
        if len(keys) < 2 and not self._mapping:  # noqa: PLR2004 - one known word is as well a sentence's
            names = "; ".join(
                f"{key}: {', '.join(self._columns.accepted(key))}" for key in self._columns.required
            )
            raise InvalidInput(
                "header_not_found",
                f"Không thấy dòng tiêu đề cột trong {SEARCHED} dòng đầu. Đặt tiêu đề theo các tên: {names}.",
                f"No row of column headings in the first {SEARCHED} rows. Use these headings: {names}.",
                field="file",
            )
        self._check(keys, row)
        return Header(last, keys, {index: text for index, text in enumerate(row) if text})

    def _rank(self, row: Sequence[str]) -> tuple[int, int]:
        keys = self._keys(row).values()
        return sum(key in keys for key in self._columns.required), len(keys)

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
        for key, heading in self._mapping.items():
            if key not in keys.values():
                raise _mapped_missing(key, heading)
        for key in self._columns.headings:
            same = [row[index] for index, found in keys.items() if found == key]
            if len(same) > 1:
                raise _repeated(key, same)
        for key in self._columns.required:
            if key not in keys.values():
                raise _missing(key, ", ".join(self._columns.accepted(key)))


def _mapped_missing(key: str, heading: str) -> InvalidInput:
    return InvalidInput(
        "mapped_heading_missing",
        f"Không thấy cột “{heading}” mà bảng ánh xạ nêu cho {key}. Kiểm tra lại tiêu đề cột trong tệp.",
        f'The column "{heading}", mapped to {key}, is not in the file. Check its heading.',
        field=f"columns.{key}",
    )


def _repeated(key: str, headings: Sequence[str]) -> InvalidInput:
    listed_vi = " và ".join(f"“{heading}”" for heading in headings)
    listed_en = " and ".join(f'"{heading}"' for heading in headings)
    return InvalidInput(
        "heading_repeated",
        f"Các cột {listed_vi} cùng có nghĩa {key}. Đổi tên một cột hoặc chỉ rõ cột dùng trong bảng ánh xạ.",
        f"The columns {listed_en} both mean {key}. Rename one or name the one to use in the mapping.",
        field=key,
    )


def _missing(key: str, accepted: str) -> InvalidInput:
    return InvalidInput(
        "heading_missing",
        f"Bảng thiếu cột {key}. Đặt tiêu đề cột là một trong các tên: {accepted}; hoặc dùng bảng ánh xạ cột.",
        f"The table has no {key} column. Head it with one of: {accepted}; or map the columns.",
        field=key,
    )


def _over(upper: Sequence[str], lower: Sequence[str]) -> list[str]:
    width = max(len(upper), len(lower))
    padded = [[*row, *[""] * (width - len(row))] for row in (upper, lower)]
    return [below or above for above, below in zip(*padded, strict=True)]
