"""A workbook's parts read as XML, whatever prefixes their writer chose."""

import re
import zipfile
from collections.abc import Callable, Mapping
from functools import lru_cache
from xml.parsers import expat

from shared.errors import TooLarge

MAX_ELEMENTS = 5_000_000  # 100,000 rows of five cells have up to two million
_REFERENCE = re.compile(r"([A-Z]{1,3})([0-9]{1,7})")
_PIECE = 1 << 20  # bytes; a comment is read anew from its start with each piece, so pieces are large

Start = Callable[[str, Mapping[str, str]], None]


class BadPart(Exception):
    """A part of the workbook is missing or is not what its name says."""


class Parts(zipfile.ZipFile):
    """The parts of a workbook; counts the elements that were read of them."""

    elements = 0

    def count(self) -> None:
        self.elements += 1
        if self.elements > MAX_ELEMENTS:
            raise TooLarge(
                "file_too_large",
                f"Tệp có hơn {MAX_ELEMENTS} phần tử XML (ô, dòng, định dạng). Xóa ô thừa, trang không dùng, hoặc chia nhỏ tệp.",
                f"The file has over {MAX_ELEMENTS} XML elements (cells, rows, formats). Delete stray cells and unused "
                "sheets, or split it.",
                field="file",
            )


def parse(
    parts: Parts,
    path: str,
    start: Start,
    end: Callable[[str], None] = lambda _: None,
    text: Callable[[str], None] = lambda _: None,
) -> None:
    """Read a part by local names; a document type, which no spreadsheet writes, is refused (entity bombs)."""
    parser = expat.ParserCreate(namespace_separator=" ")

    def refuse(*_: object) -> None:
        raise BadPart(path)

    def element(tag: str, given: Mapping[str, str]) -> None:
        parts.count()
        start(_local(tag), {_local(name): value for name, value in given.items()})

    parser.buffer_text = True
    parser.StartDoctypeDeclHandler = refuse
    parser.StartElementHandler = element
    parser.EndElementHandler = lambda tag: end(_local(tag))
    parser.CharacterDataHandler = text
    try:
        with parts.open(path) as part:
            while piece := part.read(_PIECE):
                parser.Parse(piece)
        parser.Parse(b"", True)
    except (expat.ExpatError, KeyError) as error:
        raise BadPart(path) from error


def place(reference: str) -> tuple[int, int]:
    """Row from 1 and column from 0 of a cell such as "C5"."""
    match = _REFERENCE.fullmatch(reference)
    if not match:
        raise BadPart(reference)
    column = 0
    for letter in match[1]:
        column = column * 26 + ord(letter) - ord("A") + 1
    return int(match[2]), column - 1


def integer(text: str) -> int:
    if not re.fullmatch(r"[0-9]{1,7}", text):
        raise BadPart(text)
    return int(text)


def is_on(given: Mapping[str, str], name: str, *, otherwise: bool = False) -> bool:
    """A switch as XML Schema spells it; `otherwise` where it is not there."""
    return given[name] in {"1", "true", "on"} if name in given else otherwise


@lru_cache(maxsize=256)
def _local(name: str) -> str:
    return name.rpartition(" ")[2]
