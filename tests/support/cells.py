"""Cells of agencies read for the tests, and what was found in short words."""

from rapidfuzz.fuzz import token_sort_ratio

from shared.naming.cells import find_agencies
from shared.naming.directory import AgencyNames, Directory, directory_of
from shared.naming.mentions import Mention, Naming
from tests.support.names import AGENCIES, FORMER, GROUPS, directory

NGHE_AN, DA_NANG = "40", "48"
COMMUNES = [agency.code for agency in AGENCIES if agency.level == "commune" and agency.parent_code == NGHE_AN]


UNITS = (
    AgencyNames("40.YT", "Sở Y tế", "", (), "province", NGHE_AN, "local"),
    AgencyNames("40.KHCN", "Sở Khoa học và Công nghệ tỉnh Nghệ An", "", (), "province", NGHE_AN, "local"),
    AgencyNames("40.CA", "Công an tỉnh", "", (), "province", NGHE_AN, "local"),
    AgencyNames("40.VPTU", "Văn phòng Tỉnh ủy", "", (), "province", NGHE_AN, "party"),
    AgencyNames("40.HND", "Hội Nông dân tỉnh", "", (), "province", NGHE_AN, "front"),
    AgencyNames("48.YT", "Sở Y tế", "", (), "province", DA_NANG, "local"),
    AgencyNames("17272.CA", "Công an xã", "", (), "commune", "17272", "local"),
    AgencyNames("G06.PC", "Vụ Pháp chế", "", (), "central", "G06", "government"),
    AgencyNames("DHQGHN", "Đại học Quốc gia Hà Nội", "", (), "central", "", "government"),
)
WITH_UNITS = directory_of([*AGENCIES, *UNITS], GROUPS, FORMER)


def read(cell: str, issuer: str = "", names: Directory | None = None) -> Naming:
    return find_agencies(cell, names or directory(), token_sort_ratio, issuer)


def said(mention: Mention) -> str:
    """ "G09 lead", "list 00004 00070", "G01 unit=C06": what a mention comes to."""
    words = [*([] if mention.kind == "agency" else [mention.kind]), *mention.codes]
    words += [mention.role] if mention.role else []
    words += [f"head={mention.position}"] if mention.position else []
    words += [f"unit={mention.unit}"] if mention.unit else []
    return " ".join(words)


def brief(cell: str, issuer: str = "", names: Directory | None = None) -> list[str]:
    """What is found, then "refused" where a person must decide on anything."""
    naming = read(cell, issuer, names)
    doubts = [
        f"refused {each.role}" if each.role else "refused" for each in (*naming.indefinite, *naming.unknown)
    ]
    return [*map(said, naming.found), *doubts]
