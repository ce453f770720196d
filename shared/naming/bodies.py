"""Kinds of bodies as their names begin: heads, units, bodies of a locality, bodies that no catalogue has; asides."""

import re
from collections.abc import Iterable, Sequence

from shared.naming.text import Word, accented, has_accents, name_key, past

_HONOURS = "(?:(?:cac )?(?:dong chi|ong|ba) )?"
_TITLE = "|".join(
    sorted(
        (
            "bo truong", "thu truong", "thu tuong", "pho thu tuong", "pho thu tuong thuong truc", "chu tich", "pho chu tich", "giam doc", "chanh",
            "pho giam doc", "tong giam doc", "pho tong giam doc", "thong doc", "pho thong doc", "tong thanh tra",
            "pho tong thanh tra", "chanh thanh tra", "chanh van phong", "chanh an", "vien truong", "chu nhiem", "tong",
            "pho chu nhiem", "tong bien tap", "bi thu", "pho bi thu", "tong kiem toan", "truong ban", "truong",
            "pho truong ban", "tong cuc truong", "cuc truong", "vu truong", "chi cuc truong", "truong phong",
            "lanh dao", "nguoi dung dau",
        ),
        key=len,
        reverse=True,
    )
)  # fmt: skip
_HEAD = re.compile(rf"{_HONOURS}(?:cac )?(?:{_TITLE})(?:(?: va)? (?:{_TITLE})){{0,3}}")
_OF_GOVERNMENT = re.compile(rf"{_HONOURS}(?:cac )?(?:pho )?thu tuong(?: thuong truc)?")
GOVERNMENT = name_key("Chính phủ")
_OF_PLACES = ("chu tich", "lanh dao", "nguoi dung dau", "thu truong")  # there is no "Giám đốc Hà Nội"
LONGEST_TITLE = 10  # words
# "Bộ trưởng, Thủ trưởng cơ quan ngang bộ" are the heads of "bộ, cơ quan ngang bộ"
_HEADS_OF_MANY = re.compile(r"\b(?:cac )?(?:dong chi )?(?:thu truong|nguoi dung dau|lanh dao)\b ?")
_MINISTERS = re.compile(r"\bbo truong\b(?! (?:cac )?bo\b)")

_CODE = re.compile(r"[A-ZĐ]\d{2}")  # departments of two ministries are called by letter and number
_UNITS = ("tong cuc", "cuc", "vu", "chi cuc")
_LESSER_UNITS = ("trung tam", "vien")
_OTHER_UNITS = (
    "van phong",
    "thanh tra",
    "phong",
    "hoc vien",
    "nha xuat ban",
    "ban",
    "to",
    "kho bac",
    "bao hiem xa hoi",
)
_LOCAL = (
    "so", "cong an", "phong", "uy ban nhan dan", "uy ban mat tran", "hoi dong", "bao hiem xa hoi", "toa an nhan dan",
    "vien kiem sat nhan dan", "van phong", "ban quan ly", "ban chi dao", "thue", "kho bac", "chi cuc", "trung tam",
    "tinh uy", "thanh uy", "dang uy", "ban", "thanh tra", "bo chi huy", "ban chi huy", "xa doi", "tram", "tinh", "thanh pho",
    "xa", "phuong", "dac khu", "thi tran", "thi xa", "quan", "huyen", "mat tran to quoc",
)  # fmt: skip
_OUTSIDE = tuple(
    map(
        name_key,
        (
            "tập đoàn", "tổng công ty", "công ty", "doanh nghiệp", "đại học", "trường", "học viện", "viện", "hiệp hội",
            "hội", "liên hiệp", "liên minh", "liên đoàn", "ngân hàng", "đhqg", "đh", "quỹ", "bệnh viện", "nhà xuất bản", "phòng thương mại",
        ),
    )
)  # fmt: skip
SCHOOL = accented("trường")
# companies and associations that directive documents name by these words alone
_COMPANIES = frozenset(
    name_key(name)
    for name in (
        "vnpt", "viettel", "mobifone", "fpt", "cmc", "evn", "pvn", "petrovietnam", "tkv", "vnpost", "vcci", "vng", "vtc",
        "bidv", "vietcombank", "vietinbank", "agribank", "vinasa", "vinachem", "vinatex", "misa", "bkav", "napas", "vnisa",
    )
)  # fmt: skip
_ASIDES = (
    "co quan thuong truc", "co quan dau moi", "co quan giup viec", "co quan tham muu", "dau moi", "thuong truc",
    "don vi thuong truc", "don vi dau moi", "truong ban chi dao", "pho truong ban chi dao", "to truong", "to pho",
)  # fmt: skip
_EXCEPTIONS = tuple(
    accented(words)
    for words in (
        "trừ", "ngoại trừ", "không phải", "không gồm", "không bao gồm", "không kể", "không tính", "không thuộc",
        "không giao", "không áp dụng", "chưa", "ngoài",
    )
)  # fmt: skip
_DISTRICTS = ("huyen", "quan", "thi xa", "thi tran")  # the level ended on 1 July 2025
_DISTRICT = accented("quận")
_FURTHER = ("den cap", "den tan cap", "ke ca", "bao gom ca", "gom ca")
_NO_EXCEPTIONS = tuple(map(accented, ("nước ngoài", "Trừ Văn Thố")))  # the second is a commune


def is_title(key: str) -> bool:
    """True if the words are nothing but the title of a head, or several."""
    return _HEAD.fullmatch(key) is not None


def is_of_government(title: str) -> bool:
    """True if a title by itself names the body it heads: "Thủ tướng", "các Phó Thủ tướng"."""
    return _OF_GOVERNMENT.fullmatch(title) is not None


def runs_into_name(title: str) -> bool:
    """True if a title is only the first word of one: "Tổng Thanh tra Chính phủ", "Trưởng Ban ..."."""
    return title in {"tong", "truong", "chanh"}


def heads_places(key: str) -> bool:
    return any(title in key for title in _OF_PLACES)


def without_heads(key: str) -> str:
    """The bodies whose heads are named: "bộ, cơ quan ngang bộ" of "Bộ trưởng, Thủ trưởng cơ quan ngang bộ"."""
    return _HEADS_OF_MANY.sub("", _MINISTERS.sub("bo", key)).strip()


def is_code(printed: str) -> bool:
    return _CODE.fullmatch(printed) is not None


def begins_a_unit(words: Sequence[Word], start: int, printed: str, *, lesser: bool, other: bool) -> bool:
    """True if a unit of an agency is named; `lesser`, `other`: also kinds that can be bodies by themselves."""
    kinds = (*_UNITS, *(_LESSER_UNITS if lesser else ()), *(_OTHER_UNITS if other else ()))
    return is_code(printed) or _begins(words, start, kinds)


def is_clear_unit(words: Sequence[Word], start: int) -> bool:
    return _begins(words, start, _UNITS)


def is_local(words: Sequence[Word], start: int) -> bool:
    return _begins(words, start, _LOCAL) and past(words, start, "xa hoi") == start


def is_outside(words: Sequence[Word], start: int, end: int, printed: str) -> bool:
    """True if a company, school or association is named, which no catalogue of agencies has."""
    if words[start].key == "truong" and has_accents(printed) and not accented(printed).startswith(SCHOOL):
        return False  # "Trưởng Công an xã"
    key = " ".join(word.key for word in words[start:end])
    return _begins(words, start, _OUTSIDE) or words[start].key in _COMPANIES or key in _COMPANIES


def is_aside(words: Sequence[Word], start: int) -> bool:
    """True if what an agency is besides begins here: "Cơ quan Thường trực Ban Chỉ đạo"."""
    return _begins(words, start, _ASIDES)


def without_calling(key: str) -> str:
    """The name in "sau đây gọi tắt là Bộ KHCN"."""
    return re.sub(r"^(?:(?:sau day )?(?:goi tat|goi chung|goi|viet tat)(?: tat)? la|viet tat) ", "", key)


def is_bare_kind(words: Sequence[Word], start: int) -> bool:
    """True if a kind of communes begins here: what "các xã, phường ven biển" goes on with."""
    return (
        _begins(words, start, ("xa", "phuong", "dac khu", "thi tran"))
        and past(words, start, "xa hoi") == start
    )


def is_of_a_district(words: Sequence[Word], start: int, printed: str) -> bool:
    """True if a district is named, or a township, which were of the level that ended."""
    for prefix in ("uy ban nhan dan", "cac", "cap"):
        start = past(words, start, prefix)
    army = (
        has_accents(printed)
        and past(words, start, "quan") > start
        and _DISTRICT not in accented(printed).split()
    )
    return _begins(words, start, _DISTRICTS) and not army  # "Quân khu 4"


def reaches_further(note: str) -> bool:
    """True if a note behind a phrase that names many takes none of them away: "đến cấp xã"."""
    return name_key(note).startswith(_FURTHER)


def may_be_local(key: str) -> bool:
    """True if a ministry's unit is called as those of provinces are: "Cục Thống kê" of a province's own document."""
    return key.startswith(("cuc ", "kho bac "))


def takes_out(text: str) -> bool:
    """True if a text contains words of exception or negation."""
    if not has_accents(text):
        return re.search(r"\b(?:tru|khong (?:phai|gom|bao gom|ke|thuoc|giao))\b", name_key(text)) is not None
    spelt = f" {accented(text)} "
    for words in _NO_EXCEPTIONS:
        spelt = spelt.replace(f" {words} ", " ")
    return any(f" {words} " in spelt for words in _EXCEPTIONS)


def _begins(words: Sequence[Word], start: int, kinds: Iterable[str]) -> bool:
    return any(past(words, start, kind) > start for kind in kinds)
