"""The names that ship with the product, read without a database."""

import csv
from functools import cache
from pathlib import Path

from shared.naming.directory import AgencyNames, Directory, FormerNames, directory_of

CATALOGUE = Path(__file__).parents[2] / "services" / "tasks" / "catalogue"


def rows(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def _agencies() -> list[AgencyNames]:
    aliases: dict[str, list[str]] = {}
    for row in rows(CATALOGUE / "aliases.csv"):
        aliases.setdefault(row["agency_code"], []).append(row["alias"])
    return [
        AgencyNames(
            row["code"],
            row["name"],
            row["short_name"],
            tuple(aliases.get(row["code"], ())),
            row["level"],
            row["parent_code"],
        )
        for row in rows(CATALOGUE / "agencies.csv") + rows(CATALOGUE / "communes.csv")
    ]


def _former() -> list[FormerNames]:
    successors: dict[tuple[str, str, str], list[str]] = {}
    for row in rows(CATALOGUE / "predecessors.csv"):
        key = (row["former_name"], row["short_name"], row["unit"])
        successors.setdefault(key, []).append(row["successor_code"])
    return [
        FormerNames(tuple(filter(None, (name, short))), tuple(codes), unit=unit == "yes")
        for (name, short, unit), codes in successors.items()
    ]


AGENCIES = _agencies()
GROUPS = {row["alias"]: tuple(row["group_codes"].split(";")) for row in rows(CATALOGUE / "group_aliases.csv")}
FORMER = _former()


@cache
def directory() -> Directory:
    return directory_of(AGENCIES, GROUPS, FORMER)
