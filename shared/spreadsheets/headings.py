"""The columns of a table: headings found in its first rows, by the names that are accepted."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

from shared.errors import InvalidInput
from shared.spreadsheets.mapping import check_text
from shared.text.folding import fold

REPORT_COLUMNS = ("Kết quả nhập", "Lý do", "Gợi ý")  # that a report adds to the file it is about
ANSWER_COLUMN = "Xác nhận"
SEARCHED = 10  # rows with text, from the top: a printed annex has its number and title above the table
DEEPEST = 3  # rows that one heading may take
_LONGEST = 500  # characters of a cell that may be a heading
_NAMED = 5  # of the accepted headings that a refusal lists

# notes that printed headings carry: "(*)", "(ghi rõ …)", "[1]", a footnote's raised number
_FOOTNOTE = re.compile(r"\([^)]*\)|\[[^\]]*\]|[*¹²³⁴⁵⁶⁷⁸⁹⁰]")
_PARTS = re.compile(r"[/,;:\n&+–—-]|\s(?:và|kèm)\s", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Columns:
    """The columns that a kind of table may have.

    Attributes:
        headings: key -> headings under which offices print it, in the order to recommend; the key itself is accepted
            too. Case, diacritics, punctuation and notes in brackets do not matter.
        required: keys without which the table cannot be read.
        dates: keys under which a bare number of five digits may be a date's serial number.
        ours: headings of the columns that a report adds; they are passed over.
    """

    headings: Mapping[str, tuple[str, ...]]
    required: tuple[str, ...]
    dates: tuple[str, ...] = ()
    ours: tuple[str, ...] = REPORT_COLUMNS

    def accepted(self, key: str) -> tuple[str, ...]:
        return (key, *self.headings[key])


@dataclass(frozen=True, slots=True)
class Header:
    """The place of a table's headings.

    Attributes:
        first: index of the heading's first row.
        last: index of its last row.
        keys: column index -> canonical key.
        printed: column index -> heading as printed.
    """

    first: int
    last: int
    keys: Mapping[int, str]
    printed: Mapping[int, str]


class HeadingsMissing(InvalidInput):
    """The table's first rows lack a heading that it cannot be read without; `known` is how many of them it has."""

    def __init__(self, code: str, vi: str, en: str, *, field: str, known: int) -> None:
        super().__init__(code, vi, en, field=field)
        self.known = known


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
        if len(heading) > _LONGEST:
            return None
        for text in (fold(heading), fold(_FOOTNOTE.sub(" ", heading))):
            key = self._mapped.get(text) or self._usual.get(text)
            if key:
                return key
        return None

    def score(self, table: Sequence[Sequence[str]]) -> int:
        """The number of columns that are recognised when the table is cut this way."""
        return max((len(self._keys(row)) for _, _, row in self._candidates(table)), default=0)

    def find(self, table: Sequence[Sequence[str]]) -> Header:
        """The heading row, or several rows read as one.

        Raises:
            HeadingsMissing: header_not_found, heading_missing, mapped_heading_missing.
            InvalidInput: heading_repeated, heading_ambiguous.
        """
        first, last, row = max(
            self._candidates(table), key=lambda item: self._rank(item[2]), default=(0, 0, [])
        )
        keys = self._keys(row)
        if len(keys) < 2 and not self._mapping:  # noqa: PLR2004 - one known word is as well a sentence's
            names = "; ".join(f"{key}: {_listed(self._columns, key)}" for key in self._columns.required)
            raise HeadingsMissing(
                "header_not_found",
                f"Không thấy dòng tiêu đề cột trong {SEARCHED} dòng đầu. Đặt tiêu đề theo các tên: {names}.",
                f"No row of column headings in the first {SEARCHED} rows. Use these headings: {names}.",
                field="file",
                known=0,
            )
        self._check(keys, row)
        while first and _continues(table[first - 1], row, keys):
            first -= 1
        return Header(first, last, keys, {index: text for index, text in enumerate(row) if text})

    def _rank(self, row: Sequence[str]) -> tuple[int, int]:
        keys = self._keys(row).values()
        return sum(key in keys for key in self._columns.required), len(keys)

    def _candidates(self, table: Sequence[Sequence[str]]) -> list[tuple[int, int, Sequence[str]]]:
        """Each of the first rows alone, then with the next ones written over it; index of the first and the last."""
        first = [index for index, row in enumerate(table) if any(row)][:SEARCHED]
        found: list[tuple[int, int, Sequence[str]]] = [(index, index, table[index]) for index in first]
        before = found
        for _ in range(1, DEEPEST):
            before = [
                (top, last + 1, _over(row, table[last + 1])) for top, last, row in before if last + 1 in first
            ]
            found = found + before
        return found

    def _keys(self, row: Sequence[str]) -> dict[int, str]:
        keys = {index: self.key(heading) for index, heading in enumerate(row) if heading}
        return {index: key for index, key in keys.items() if key}

    def _check(self, keys: Mapping[int, str], row: Sequence[str]) -> None:
        found = set(keys.values())
        for key, heading in self._mapping.items():
            if key not in found:
                raise _mapped_missing(key, heading, len(found))
        for key in self._columns.headings:
            same = [row[index] for index, each in keys.items() if each == key]
            if len(same) > 1:
                raise _repeated(key, same)
        for key in self._columns.required:
            if key not in found:
                for heading in row:
                    if key in (meant := self._meanings(heading)):
                        raise _ambiguous(heading, meant)
                raise _missing(key, _listed(self._columns, key), len(found))

    def _meanings(self, heading: str) -> list[str]:
        """The columns that the parts of a heading name, where it is none of them as a whole."""
        if len(heading) > _LONGEST or self.key(heading) is not None:
            return []
        words = _FOOTNOTE.sub(" ", heading)
        parts = [part for part in _PARTS.split(words) if part.strip()]
        meant = [key for key in map(self.key, parts) if key]
        for cut, _ in pairwise(range(len(pieces := words.split()))):
            both = [self.key(" ".join(pieces[: cut + 1])), self.key(" ".join(pieces[cut + 1 :]))]
            meant += [key for key in both if key] if all(both) else []
        distinct = list(dict.fromkeys(meant))
        return distinct if len(distinct) > 1 else []


def _continues(above: Sequence[str], row: Sequence[str], keys: Mapping[int, str]) -> bool:
    """True if a row belongs to the heading below it: cells merged over both have the same text in each."""
    return any(index < len(above) and above[index] == row[index] for index in keys)


def _listed(columns: Columns, key: str) -> str:
    return ", ".join(columns.accepted(key)[:_NAMED])


def _mapped_missing(key: str, heading: str, known: int) -> HeadingsMissing:
    return HeadingsMissing(
        "mapped_heading_missing",
        f"Không thấy cột “{heading}” mà bảng ánh xạ nêu cho {key}. Kiểm tra lại tiêu đề cột trong tệp.",
        f'The column "{heading}", mapped to {key}, is not in the file. Check its heading.',
        field=f"columns.{key}",
        known=known,
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


def _ambiguous(heading: str, keys: Sequence[str]) -> InvalidInput:
    vi, en = " hoặc ".join(keys), " or ".join(keys)
    return InvalidInput(
        "heading_ambiguous",
        f"Cột “{heading}” có thể là {vi}. Tách thành từng cột, hoặc chỉ rõ cột dùng trong bảng ánh xạ.",
        f'The column "{heading}" may be {en}. Split it into a column each, or name the one to use in the mapping.',
        field=keys[0],
    )


def _missing(key: str, accepted: str, known: int) -> HeadingsMissing:
    return HeadingsMissing(
        "heading_missing",
        f"Bảng thiếu cột {key}. Đặt tiêu đề cột là một trong các tên: {accepted}; hoặc dùng bảng ánh xạ cột.",
        f"The table has no {key} column. Head it with one of: {accepted}; or map the columns.",
        field=key,
        known=known,
    )


def _over(upper: Sequence[str], lower: Sequence[str]) -> list[str]:
    width = max(len(upper), len(lower))
    padded = [[*row, *[""] * (width - len(row))] for row in (upper, lower)]
    return [below or above for above, below in zip(*padded, strict=True)]
