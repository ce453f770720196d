"""Every recorded name, prepared for look-up in running text."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Literal

from shared.naming.text import accented, has_accents, name_key

Kind = Literal["agency", "group", "former"]

_COMMUNE_HEADS = ("xa ", "phuong ", "dac khu ")
_COMMITTEE = "uy ban nhan dan "
_LEVEL_TAILS = (" tinh", " thanh pho", " xa", " phuong", " dac khu")
_UNIT_HEADS = (
    "cuc ",
    "vu ",
    "tong cuc ",
    "chi cuc ",
    "phong ",
    "thanh tra ",
    "van phong ",
    "trung tam ",
    "ban ",
)  # of a ministry


@dataclass(frozen=True, slots=True)
class AgencyNames:
    """One living agency; `short_name` of a commune is never matched alone (245 commune names are not unique)."""

    code: str
    name: str
    short_name: str = ""
    aliases: tuple[str, ...] = ()
    level: str = "central"
    parent_code: str = ""
    bloc: str = ""


@dataclass(frozen=True, slots=True)
class FormerNames:
    """A former body and its successors, the main one first.

    `unit`: it is now a unit of the first of them. `valid_to`: its last day.
    """

    names: tuple[str, ...]
    successors: tuple[str, ...]
    unit: bool = False
    valid_to: date | None = None


@dataclass(frozen=True, slots=True)
class Entry:
    """The meaning of a key: one agency, a group phrase (several codes when combined), a former body's successors.

    Attributes:
        place: a province or a commune, which "UBND" may precede.
        commune: its name with diacritics, which distinguish communes of one key.
        home: code of the unit's parent, where the key does not name it ("Sở Y tế").
        unit: a former body that is now a unit.
        valid_to: last day of a former body.
    """

    kind: Kind
    codes: tuple[str, ...]
    place: bool = False
    commune: str = ""
    home: str = ""
    unit: bool = False
    valid_to: date | None = None


@dataclass(frozen=True)
class Directory:
    """Built once by `directory_of`; read-only afterwards.

    Attributes:
        exact: key -> what it names; several entries when the name is not unique.
        bare: a ministry's key without "Bộ", for lists such as "các bộ Nội vụ, Tài chính".
        close: keys that a misspelt name is compared with; communes and names that need an owner are left out.
        sized: the same keys by their number of words.
        communes: keys that suggestions for a commune are drawn from.
        names: agency code -> name to show.
        agencies: by code.
        children: code -> the agencies below it, in order of code.
    """

    exact: Mapping[str, tuple[Entry, ...]]
    bare: Mapping[str, tuple[Entry, ...]]
    close: Mapping[str, Entry]
    sized: Mapping[int, tuple[str, ...]]
    communes: Mapping[str, Entry]
    names: Mapping[str, str]
    agencies: Mapping[str, AgencyNames]
    children: Mapping[str, tuple[AgencyNames, ...]]
    longest: int

    def lookup(self, key: str, printed: str, *, bare: bool = False) -> tuple[Entry, ...]:
        """Entries of this key; communes of one key are distinguished by the diacritics as printed."""
        entries = self.exact.get(key, ())
        if not entries and key.startswith(_COMMITTEE):
            entries = tuple(e for e in self.exact.get(key.removeprefix(_COMMITTEE), ()) if e.place)
        if not entries and bare:
            entries = self.bare.get(key, ())
        if any(entry.commune for entry in entries) and has_accents(printed):
            spelt = f" {accented(printed)} "
            entries = tuple(e for e in entries if not e.commune or f" {e.commune} " in spelt)
        return entries

    def candidates(self, key: str) -> Mapping[str, Entry]:
        """Keys that suggestions for this one are drawn from."""
        return self.communes if without_committee(key).startswith(_COMMUNE_HEADS) else self.close

    def ancestors(self, code: str) -> tuple[str, ...]:
        """The agency itself, its parent, and so on up."""
        chain: list[str] = []
        while code in self.agencies and code not in chain:
            chain.append(code)
            code = self.agencies[code].parent_code
        return tuple(chain)


def without_committee(key: str) -> str:
    return key.removeprefix(_COMMITTEE)


def directory_of(
    agencies: Iterable[AgencyNames],
    groups: Mapping[str, tuple[str, ...]],
    former: Iterable[FormerNames] = (),
) -> Directory:
    """Prepare the lookups.

    Args:
        agencies: all living agencies.
        groups: phrase as printed -> codes of the groups it names.
        former: bodies that are no more.
    """
    builder = _Builder({agency.code: agency for agency in agencies})
    for agency in builder.agencies.values():
        builder.add_agency(agency)
    for phrase, codes in groups.items():
        builder.add(name_key(phrase), Entry("group", codes))
    for body in former:
        place = any(name_key(name).startswith("tinh ") for name in body.names)
        entry = Entry("former", body.successors, place=place, unit=body.unit, valid_to=body.valid_to)
        for name in body.names:
            builder.add(name_key(name), entry)
    return builder.build()


class _Builder:
    def __init__(self, agencies: Mapping[str, AgencyNames]) -> None:
        self.agencies = agencies
        self.names = {code: agency.name for code, agency in agencies.items()}
        self.exact: defaultdict[str, list[Entry]] = defaultdict(list)
        self.close: dict[str, Entry] = {}
        self.communes: dict[str, Entry] = {}
        self.children: defaultdict[str, list[AgencyNames]] = defaultdict(list)
        # "Sở KHCN" is to "Sở Khoa học và Công nghệ" what the ministry's names are to each other
        self.fields: dict[str, tuple[str, ...]] = {}
        for agency in agencies.values():
            keys = tuple(name_key(name) for name in _spoken_names(agency))
            fields = tuple(key.removeprefix("bo ") for key in keys if key.startswith("bo "))
            self.fields |= dict.fromkeys(fields, fields)

    def build(self) -> Directory:
        fixed = {key: tuple(entries) for key, entries in self.exact.items()}
        bare = {key.removeprefix("bo "): entries for key, entries in fixed.items() if key.startswith("bo ")}
        sized: defaultdict[int, list[str]] = defaultdict(list)
        for key in self.close:
            sized[len(key.split())].append(key)
        return Directory(
            fixed,
            bare,
            self.close,
            {size: tuple(keys) for size, keys in sized.items()},
            self.communes,
            self.names,
            self.agencies,
            {code: tuple(sorted(below, key=lambda each: each.code)) for code, below in self.children.items()},
            max((len(key.split()) for key in fixed), default=0),
        )

    def add(self, key: str, entry: Entry, *, guess: bool = True) -> None:
        """`guess`: a misspelt name may be taken for this one."""
        if entry not in self.exact[key]:
            self.exact[key].append(entry)
        if guess:
            self.close.setdefault(key, entry)

    def add_agency(self, agency: AgencyNames) -> None:
        parent = self.agencies.get(agency.parent_code)
        if parent is not None:
            self.children[parent.code].append(agency)
        if agency.level == "commune" and name_key(agency.name).startswith(_COMMUNE_HEADS):
            self._add_commune(agency, parent)
        elif parent is not None:
            self._add_unit(agency, parent)
        else:
            entry = Entry("agency", (agency.code,), place=agency.level == "province")
            for name in _spoken_names(agency):
                self.add(name_key(name), entry)

    def _add_commune(self, commune: AgencyNames, province: AgencyNames | None) -> None:
        key = name_key(commune.name)
        entry = Entry("agency", (commune.code,), place=True, commune=accented(commune.name))
        keys = [key, *(name_key(alias) for alias in commune.aliases)]
        if province:
            self.names[commune.code] = f"{commune.name}, {province.name}"
            keys += [f"{key} {name_key(name)}" for name in _spoken_names(province)]
        for each in dict.fromkeys(keys):
            self.exact[each].append(entry)
        self.communes[keys[-1] if province else key] = entry

    def _add_unit(self, unit: AgencyNames, parent: AgencyNames) -> None:
        """A unit's name is definite where it names its parent, or begins as no unit's name does."""
        owners = self._owners(parent)
        definite = Entry("agency", (unit.code,))
        homed = Entry("agency", (unit.code,), home=parent.code)
        if not unit.code.isdigit():
            self.add(name_key(unit.code), definite)
        if parent.level != "central" and not name_key(unit.name).endswith(tuple(owners)):
            self.names[unit.code] = f"{unit.name}, {self.names[parent.code]}"
        for key in self._unit_keys(unit):
            named = next((owner for owner in owners if key.endswith(f" {owner}")), "")
            general = unit.level != "central" or key.startswith(_UNIT_HEADS)
            needs_owner = general and not named
            self.add(key, homed if needs_owner else definite, guess=not needs_owner)
            stem = _stem(key.removesuffix(named).rstrip())
            if general:
                self.add(stem, homed, guess=False)
                self.add(stem + _tail_of(name_key(parent.name)), homed, guess=False)
            for owner in owners:
                self.add(f"{stem} {owner}", definite)

    def _unit_keys(self, unit: AgencyNames) -> list[str]:
        keys = [name_key(name) for name in (unit.name, unit.short_name, *unit.aliases) if name]
        for key in list(keys):
            for field, spellings in self.fields.items():
                if key == f"so {field}" or key.startswith(f"so {field} "):
                    keys += [f"so {spelling}{key.removeprefix(f'so {field}')}" for spelling in spellings]
        return list(dict.fromkeys(keys))

    def _owners(self, parent: AgencyNames) -> list[str]:
        """The forms in which a unit's name names its parent, longest first; a commune with its province."""
        own = [name_key(name) for name in _spoken_names(parent)]
        above = self.agencies.get(parent.parent_code)
        if parent.level == "commune" and above is not None:
            key = name_key(parent.name)
            own = [f"{key} {name_key(name)}" for name in _spoken_names(above)]
        return sorted(own, key=len, reverse=True)


def _stem(key: str) -> str:
    """The words without the level of who they belong to: "cong an" of "cong an tinh"."""
    return next((key.removesuffix(tail) for tail in _LEVEL_TAILS if key.endswith(tail)), key)


def _tail_of(key: str) -> str:
    """The level as a unit's name ends in it: " tinh" of "tinh nge an"."""
    return next((tail for tail in _LEVEL_TAILS if f" {key}".startswith(f"{tail} ")), "")


def _spoken_names(agency: AgencyNames) -> tuple[str, ...]:
    # a purely numeric code (a province's) would be taken for an item number
    code = () if agency.code.isdigit() else (agency.code,)
    return tuple(name for name in (agency.name, agency.short_name, *agency.aliases, *code) if name)
