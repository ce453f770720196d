"""Rules for names of agencies and groups: Latin letters, and no name of another body."""

import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import NoReturn

from shared.errors import Conflict, InvalidInput
from shared.naming.directory import Directory, Entry
from shared.naming.lookup import Similarity, find_close
from shared.naming.text import name_key

_LETTERS = 2  # of the shortest name; a single one, or digits alone, number an item


@dataclass(frozen=True, slots=True)
class Spelling:
    """One spelling of a name; `field` is its field in the request."""

    field: str
    text: str


def check_letters(spellings: Iterable[Spelling]) -> None:
    """Refuse look-alike letters of other scripts, invisible characters, and names without letters."""
    for spelling in spellings:
        strange = next(filter(_is_strange, unicodedata.normalize("NFC", spelling.text)), "")
        if strange:
            _refuse_letter(spelling, strange)
        letters = name_key(spelling.text).replace(" ", "")
        if len(letters) < _LETTERS or letters.isdigit():
            raise InvalidInput(
                "name_without_letters",
                f"“{spelling.text}” không đủ để làm tên: ghi ít nhất {_LETTERS} ký tự, trong đó có chữ cái.",
                f"“{spelling.text}” is too little for a name: write at least {_LETTERS} characters, letters among them.",
                field=spelling.field,
            )


def _is_strange(character: str) -> bool:
    if character.isalpha():
        return not unicodedata.name(character, "").startswith("LATIN")
    return unicodedata.category(character) in {"Cf", "Cc", "Co", "Cn", "Cs"}


def _refuse_letter(spelling: Spelling, character: str) -> NoReturn:
    shown = f"U+{ord(character):04X}"
    raise InvalidInput(
        "name_letters",
        f"Tên có ký tự {shown} không phải chữ Latinh hoặc không nhìn thấy được: gõ lại bằng bảng chữ tiếng Việt.",
        f"The name has the character {shown}, which is not Latin or cannot be seen: type it in Vietnamese letters.",
        field=spelling.field,
    )


def check_free(owner: Entry, spellings: Iterable[Spelling], before: Directory, after: Directory) -> None:
    """Refuse a name of another agency, present or former, or of a group.

    Args:
        owner: the agency or group to be named.
        spellings: those that are new.
        before: the names without this change.
        after: at least the owner's names with it.
    """
    parents = {**_parents(before), **_parents(after)}
    for spelling in spellings:
        key = name_key(spelling.text)
        entries = (*before.exact.get(key, ()), *after.exact.get(key, ()))
        taken = next((entry for entry in entries if _takes(entry, entries, owner, parents)), None)
        if taken is not None:
            vi, en = _named(taken, before)
            raise Conflict(
                "name_taken",
                f"“{spelling.text}” đã là tên của {vi}: chọn tên khác, hoặc ghi kèm cơ quan chủ quản.",
                f"“{spelling.text}” is a name of {en} already: choose another, or add whose it is.",
                field=spelling.field,
                codes=list(taken.codes),
            )


def check_apart(owner: Entry, aliases: Iterable[Spelling], before: Directory, similarity: Similarity) -> None:
    """Refuse an alias that differs from another body's name by one letter."""
    for alias in aliases:
        key = name_key(alias.text)
        close = None if key in before.exact else find_close(key, before, similarity)
        if close is not None and not any(_is_of(entry, owner) for entry in close[0]):
            vi, en = _named(close[0][0], before)
            raise Conflict(
                "alias_alike",
                f"“{alias.text}” chỉ khác một chữ so với tên của {vi}: chọn tên gọi khác cho rõ.",
                f"“{alias.text}” is one letter from a name of {en}: choose an alias that is clear.",
                field=alias.field,
                codes=list(close[0][0].codes),
            )


def _parents(directory: Directory) -> dict[str, str]:
    return {code: agency.parent_code for code, agency in directory.agencies.items()}


def _takes(entry: Entry, entries: tuple[Entry, ...], owner: Entry, parents: Mapping[str, str]) -> bool:
    """True where a name is another body's; units and communes of different parents may share one that names no parent."""
    if _is_of(entry, owner):
        return False
    if not all(each.home or each.commune for each in entries):
        return True
    return parents[entry.codes[0]] == parents[owner.codes[0]]


def _is_of(entry: Entry, owner: Entry) -> bool:
    return (entry.kind, entry.codes) == (owner.kind, owner.codes)


def _named(entry: Entry, directory: Directory) -> tuple[str, str]:
    """The agencies or group of an entry, in both languages; of a former body, its successors."""
    names = {} if entry.kind == "group" else directory.names
    listed = ", ".join(f"{names[code]} ({code})" if code in names else code for code in entry.codes)
    vi, en = {
        "agency": ("", ""),
        "former": ("cơ quan cũ, nay là ", "a former body, now "),
        "group": ("nhóm ", "the group "),
    }[entry.kind]
    return vi + listed, en + listed
