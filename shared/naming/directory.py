"""Every name the office knows, ready to be looked up in running text."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Literal

from shared.naming.text import accented, has_accents, name_key

Kind = Literal["agency", "group", "former"]

_COMMUNE_HEADS = ("xa ", "phuong ", "dac khu ")
_COMMITTEE = "uy ban nhan dan "


@dataclass(frozen=True, slots=True)
class AgencyNames:
    """One living agency; `short_name` of a commune is never matched alone (245 commune names are not unique)."""

    code: str
    name: str
    short_name: str = ""
    aliases: tuple[str, ...] = ()
    level: str = "central"
    parent_code: str = ""


@dataclass(frozen=True, slots=True)
class FormerNames:
    """A body that is no more and the agencies that answer for it, the main one first."""

    names: tuple[str, ...]
    successors: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Entry:
    """What a key stands for: one agency, a group phrase (several codes when combined), a former body's successors."""

    kind: Kind
    codes: tuple[str, ...]
    place: bool = False
    commune: str = ""


@dataclass(frozen=True)
class Directory:
    """Built once by `directory_of`; read-only afterwards.

    Attributes:
        exact: key -> what it names; several entries when the name is not unique.
        bare: a ministry's key without "Bộ", for lists such as "các bộ Nội vụ, Tài chính".
        close: keys that a misspelt name is compared with; communes are left out.
        sized: the same keys by their number of words.
        communes: keys that suggestions for a commune are drawn from.
        names: agency code -> name to show.
    """

    exact: Mapping[str, tuple[Entry, ...]]
    bare: Mapping[str, tuple[Entry, ...]]
    close: Mapping[str, Entry]
    sized: Mapping[int, tuple[str, ...]]
    communes: Mapping[str, Entry]
    names: Mapping[str, str]
    longest: int

    def lookup(self, key: str, printed: str, *, bare: bool = False) -> tuple[Entry, ...]:
        """Entries that this key names; communes of one key are told apart by the diacritics as printed."""
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
    agencies = list(agencies)
    names = {agency.code: agency.name for agency in agencies}
    close: dict[str, Entry] = {}
    communes: dict[str, Entry] = {}
    exact: defaultdict[str, list[Entry]] = defaultdict(list)
    provinces = {agency.code: agency for agency in agencies if agency.level == "province"}
    for agency in agencies:
        if agency.level == "commune":
            _add_commune(agency, provinces.get(agency.parent_code), names, communes, exact)
        else:
            entry = Entry("agency", (agency.code,), place=agency.level == "province")
            for name in _spoken_names(agency):
                _add(name_key(name), entry, close, exact)
    for phrase, codes in groups.items():
        _add(name_key(phrase), Entry("group", codes), close, exact)
    for body in former:
        entry = Entry(
            "former", body.successors, place=any(name_key(n).startswith("tinh ") for n in body.names)
        )
        for name in body.names:
            _add(name_key(name), entry, close, exact)
    fixed = {key: tuple(entries) for key, entries in exact.items()}
    bare = {key.removeprefix("bo "): entries for key, entries in fixed.items() if key.startswith("bo ")}
    sized = {
        size: tuple(k for k in close if len(k.split()) == size) for size in {len(k.split()) for k in close}
    }
    longest = max((len(key.split()) for key in fixed), default=0)
    return Directory(fixed, bare, close, sized, communes, names, longest)


def _spoken_names(agency: AgencyNames) -> tuple[str, ...]:
    # a purely numeric code (a province's) would be taken for an item number
    code = () if agency.code.isdigit() else (agency.code,)
    return tuple(name for name in (agency.name, agency.short_name, *agency.aliases, *code) if name)


def _add(key: str, entry: Entry, close: dict[str, Entry], exact: defaultdict[str, list[Entry]]) -> None:
    if entry not in exact[key]:
        exact[key].append(entry)
    close.setdefault(key, entry)


def _add_commune(
    commune: AgencyNames,
    province: AgencyNames | None,
    names: dict[str, str],
    communes: dict[str, Entry],
    exact: defaultdict[str, list[Entry]],
) -> None:
    key = name_key(commune.name)
    entry = Entry("agency", (commune.code,), place=True, commune=accented(commune.name))
    keys = [key, *(name_key(alias) for alias in commune.aliases)]
    if province:
        names[commune.code] = f"{commune.name}, {province.name}"
        keys += [f"{key} {name_key(name)}" for name in _spoken_names(province)]
    for each in dict.fromkeys(keys):
        exact[each].append(entry)
    communes[keys[-1] if province else key] = entry
