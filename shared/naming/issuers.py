"""The issuer of a document, whose units and communes its words mean."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property

from shared.naming.directory import AgencyNames, Directory, Entry, without_committee
from shared.naming.text import Word, name_key

_ALL = "(?:(?:tat ca |toan bo )?(?:cac |moi |tung ))"
_KIND = "(?:xa|phuong|dac khu)"
_LEVEL = f"(?:tinh|thanh pho|{_KIND})"
_OF_PLACE = (
    "(?: (?:thuoc|truc thuoc|cua|tren dia ban|trong|o))?(?: (?:toan )?(?:tinh|thanh pho))?(?: tren dia ban)?"
)
_SOME_COMMUNES = re.compile(
    rf"(?:uy ban nhan dan )?({_ALL}|[0-9]{{1,3}} )?(?:uy ban nhan dan )?({_KIND}(?:(?: va)? {_KIND}){{0,2}}){_OF_PLACE}"
)
_ALL_COMMUNES = re.compile(
    rf"(?:uy ban nhan dan |chinh quyen )?{_ALL}?(?:uy ban nhan dan )?(?:dia phuong )?cap xa{_OF_PLACE}"
    rf"|(?:uy ban nhan dan )?{_ALL}(?:uy ban nhan dan )?dia phuong{_OF_PLACE}"
)
_PLACE_WORDS = ("thuoc", "truc thuoc", "cua", "tinh", "thanh pho")
_UNITS = re.compile(
    rf"(?:({_ALL})?)(?:(?:ban )?so|so ban)((?: va)? (?:ban|nganh|so)){{0,2}}((?: va)? doan the)?((?: va)?(?: cac)? dia phuong)?"
    r"(?: cap tinh|(?: (?:thuoc|truc thuoc|cua))?(?: uy ban nhan dan)?(?: (?:tinh|thanh pho))?)"
)
_OUTSIDE_UNITS = {"party"}  # "sở, ban, ngành" are the committee's; "đoàn thể" are named as well
_MASS_BODIES = {"front"}


@dataclass(frozen=True)
class Issuer:
    """The agency that issued a document; a code of "" where that is not known.

    A unit's name means the one in the nearest subtree around the issuer that has exactly one.
    """

    directory: Directory
    code: str = ""

    @cached_property
    def chain(self) -> tuple[str, ...]:
        return self.directory.ancestors(self.code)

    @cached_property
    def province(self) -> AgencyNames | None:
        """The province that issued the document, or in which the issuer is."""
        top = self.directory.agencies.get(self.chain[-1]) if self.chain else None
        return top if top is not None and top.level == "province" else None

    def narrow(self, entries: tuple[Entry, ...]) -> tuple[tuple[Entry, ...], bool]:
        """The entries that a document of this issuer means, and whether they are its own or need no owner."""
        if not any(entry.home or entry.commune for entry in entries):
            return entries, True
        for place in self.chain:
            near = tuple(entry for entry in entries if entry.kind != "agency" or self._is_in(entry, place))
            if near:
                return near, True
        plain = tuple(entry for entry in entries if not entry.home)
        if self.province is not None:
            plain = tuple(entry for entry in plain if not entry.commune)
        return (plain, True) if plain else (entries, False)

    def _is_in(self, entry: Entry, place: str) -> bool:
        return place in self.directory.ancestors(entry.codes[0])

    def itself(self, key: str) -> str | None:
        """The agency meant by "UBND tỉnh", "UBND xã": that of that level around the issuer."""
        level = without_committee(key)
        if level == key or not re.fullmatch(_LEVEL, level):
            return None
        around = (self.directory.agencies[code] for code in self.chain)
        return next((each.code for each in around if _is_level(each, level)), None)

    def members(self, key: str) -> tuple[str, ...] | None:
        """Whom a phrase names that depends on who issues; None where it is no such phrase.

        "các sở, ban, ngành" are the units of the issuer's province, "UBND các xã, phường" its communes.
        """
        if match := _UNITS.fullmatch(key):
            if not match[1] and not match[2]:
                return None
            units = self._units(mass_bodies=bool(match[3]))
            return (*units, *self._communes()) if units and match[4] else units
        if _ALL_COMMUNES.fullmatch(key):
            whole_country = (
                self.province is None and "dia phuong" in key
            )  # "các địa phương" are the provinces there
            return None if whole_country else self._communes()
        match = _SOME_COMMUNES.fullmatch(key)
        kinds = re.findall(_KIND, match[2]) if match else []
        if match is None or not (match[1] or len(kinds) > 1):
            return None
        communes = self._communes(tuple(kinds) if len(kinds) == 1 else ())
        count = (match[1] or "").strip()
        return None if count.isdigit() and int(count) != len(communes) else communes

    def members_elsewhere(self, words: Sequence[Word], start: int, end: int) -> tuple[str, ...]:
        """Whom a phrase means that names the province itself: "UBND các xã, phường thuộc tỉnh Nghệ An"."""
        for at in range(start + 1, end):
            key = " ".join(word.key for word in words[at:end])
            if not key.startswith(_PLACE_WORDS):
                continue
            place = re.sub(r"^(?:truc thuoc|thuoc|cua) ", "", key)
            entries = self.directory.exact.get(place, ())
            if (
                len(entries) == 1
                and entries[0].kind == "agency"
                and entries[0].place
                and not entries[0].commune
            ):
                there = Issuer(self.directory, entries[0].codes[0])
                return there.members(" ".join(word.key for word in words[start:at])) or ()
        return ()

    def _units(self, *, mass_bodies: bool) -> tuple[str, ...]:
        left_out = _OUTSIDE_UNITS | (set() if mass_bodies else _MASS_BODIES)
        below = self.directory.children.get(self.province.code, ()) if self.province else ()
        return tuple(each.code for each in below if each.level == "province" and each.bloc not in left_out)

    def _communes(self, kinds: Iterable[str] = ()) -> tuple[str, ...]:
        below = self.directory.children.get(self.province.code, ()) if self.province else ()
        communes = (each for each in below if each.level == "commune")
        return tuple(each.code for each in communes if not kinds or _is_level(each, *kinds))


def _is_level(agency: AgencyNames, *levels: str) -> bool:
    return f"{name_key(agency.name)} ".startswith(tuple(f"{level} " for level in levels))
