"""Cells of agencies as documents print them: roles, heads, units, places, lists, and whose units they name."""

import re
import unicodedata
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from rapidfuzz.fuzz import token_sort_ratio

from shared.naming.cells import find_agencies, repeats_above
from shared.naming.directory import AgencyNames, Directory, directory_of
from shared.naming.mentions import Mention, Naming
from shared.naming.text import CONNECTIVES, name_key
from tests.support.names import AGENCIES, FORMER, GROUPS, directory, rows

DATA = Path(__file__).parents[1] / "data"
NGHE_AN, DA_NANG = "40", "48"
COMMUNES = [agency.code for agency in AGENCIES if agency.level == "commune" and agency.parent_code == NGHE_AN]


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


# what the cells of the file that are not to be refused come to, issued by a central body
FIELD = {
    "Uỷ ban nhân dân tỉnh Khánh Hoà": ["56"],
    "UBND tỉnh Phú Thọ, Công an tỉnh": ["25", "refused"],
    "Bộ Công an (C06)": ["G01 unit=C06"],
    "Cục C06 - Bộ Công an": ["G01 unit=Cục C06"],
    "Bộ KHCN": ["G06"],
    "Bộ Văn hoá - Thể thao và Du lịch": ["G16"],
    "Bộ trưởng, Thủ trưởng cơ quan ngang bộ, cơ quan thuộc Chính phủ": [
        "group ministries head=Bộ trưởng, Thủ trưởng"
    ],
    "UBND các tỉnh, thành phố trực thuộc Trung ương": ["group localities"],
    "34 tỉnh, thành phố": ["group localities"],
    "Vụ Pháp chế, Bộ Khoa học và Công nghệ": ["G06 unit=Vụ Pháp chế"],
    "Ban Cơ yếu Chính phủ": ["VN-BCYCP"],
    "Văn phòng Chính phủ, Bộ KHCN, VNPT": ["G22", "G06", "refused"],
    "Ngân hàng Nhà nước Việt Nam": ["G19"],
    "Thông tấn xã Việt Nam": ["G30"],
    "Đảng uỷ Quốc hội": ["VN-DUQH"],
    "Kiểm toán nhà nước": ["VN-KTNN"],
    "TP. Hồ Chí Minh": ["79"],
    "Thành phố Huế": ["46"],
    "Đồng Nai": ["75"],
    "phường Hoà Cường, thành phố Đà Nẵng": ["20257"],
    "Phường Móng Cái 1, tỉnh Quảng Ninh": ["06712"],
    "UBND đặc khu Côn Đảo": ["26732"],
    "Phường Sài Gòn": ["26740"],
    "phường Cửa Lò": ["16732"],
    "UBND các phường Ba Đình, Hoàn Kiếm": ["list 00004 00070"],
    "An Giang": ["91"],
    "phường Quảng Trị": ["19360"],
    "Sơn La": ["14"],
    "phường Nam Định": ["13669"],
    "xã Tân Phú, tỉnh Nghệ An": ["17272"],
    "xã Tân Phú (Nghệ An)": ["17272"],
    "Bộ trưởng Bộ Nội vụ": ["G09 head=Bộ trưởng"],
    "Chủ tịch UBND thành phố Hà Nội": ["01 head=Chủ tịch"],
    "Bộ Nội vụ chủ trì, phối hợp với Bộ Tài chính": ["G09 lead", "G12 coordinate"],
    "Bộ Nội vụ (phối hợp: Bộ Tài chính)": ["G09", "G12 coordinate"],
    "Bộ Nội vụ/Bộ Tài chính": ["G09", "G12"],
}
CELLS = [row["cell"] for row in rows(DATA / "field_cells.csv")]
REPEATS, DEPENDS = (
    CELLS[-1],
    "UBND xã, phường",
)  # several cells in one line; one that a province's document makes definite


def test_the_file_is_covered() -> None:
    assert len(CELLS) == 89
    assert set(FIELD) < set(CELLS)


@pytest.mark.parametrize("cell", CELLS[:-1])
def test_field_cells(cell: str) -> None:
    found = brief(cell)
    if cell in FIELD:
        assert found == FIELD[cell]
    else:
        assert found
        assert {each.split()[0] for each in found} == {"refused"}


def test_a_field_cell_that_is_definite_where_a_province_issues() -> None:
    assert brief(DEPENDS) == ["refused"]
    assert read(DEPENDS).indefinite[0].whose
    assert brief(DEPENDS, NGHE_AN) == [" ".join(["list", *COMMUNES])]


@pytest.mark.parametrize(
    "cell", [*REPEATS.split(" | "), "NT", "n.t", "(nt)", "Như trên.", "- như trên -", "''", "”"]
)
def test_a_cell_that_repeats_the_one_above_says_so(cell: str) -> None:
    assert repeats_above(cell)
    [unknown] = read(cell).unknown
    assert unknown.reason == "repeat"


@pytest.mark.parametrize(
    "cell", ["", "-", "–", ".", "Bộ Nội vụ", "nt, Bộ Y tế", "Như trên và Bộ Y tế", "NTT"]
)
def test_another_cell_does_not(cell: str) -> None:
    assert not repeats_above(cell)


ROLES = {
    "A chủ trì": ["A lead"],
    "A chủ trì, phối hợp với B": ["A lead", "B coordinate"],
    "A chủ trì, phối hợp B, C": ["A lead", "B coordinate", "C coordinate"],
    "A chủ trì phối hợp với B": ["A lead", "B coordinate"],
    "Giao A chủ trì, phối hợp cùng B và C": ["A lead", "B coordinate", "C coordinate"],
    "A (chủ trì), B (phối hợp)": ["A lead", "B coordinate"],
    "A (chủ trì), B, C (phối hợp)": ["A lead", "B coordinate", "C coordinate"],
    "A (cơ quan chủ trì); B (cơ quan phối hợp)": ["A lead", "B coordinate"],
    "A (chủ trì, phối hợp với B)": ["A lead", "B coordinate"],
    "A (phối hợp: B, C)": ["A", "B coordinate", "C coordinate"],
    "A (phối hợp với B), C": ["A", "B coordinate", "C"],
    "A (B phối hợp)": ["A", "B coordinate"],
    "A, B (phối hợp)": ["A", "B coordinate"],
    "- Chủ trì: A - Phối hợp: B": ["A lead", "B coordinate"],
    "- Chủ trì: A\n- Phối hợp: B, C": ["A lead", "B coordinate", "C coordinate"],
    "Cơ quan chủ trì: A; Cơ quan phối hợp: B": ["A lead", "B coordinate"],
    "Chủ trì: A. Đồng chủ trì: B. Phối hợp: C": ["A lead", "B co_lead", "C coordinate"],
    "A là cơ quan chủ trì, B là cơ quan phối hợp": ["A lead", "B coordinate"],
    "A chủ trì, B đồng chủ trì, C phối hợp thực hiện": ["A lead", "B co_lead", "C coordinate"],
    "A chỉ đạo B": ["A direct", "B"],
    "A chỉ đạo; B thực hiện": ["A direct", "B lead"],
    "A chỉ đạo B chủ trì, phối hợp với C": ["A direct", "B lead", "C coordinate"],
    "A chịu trách nhiệm; B chủ trì": ["A accountable", "B lead"],
    "A phối hợp với B": ["A", "B coordinate"],
    "Phối hợp với B": ["B coordinate"],
    "CT: A; PH: B": ["A lead", "B coordinate"],
    "A (CT), B (PH)": ["A lead", "B coordinate"],
    "A chủ trì, phối hợp với B; C chủ trì": ["A lead", "B coordinate", "C lead"],
    "A chủ trì, phối hợp với các cơ quan liên quan": ["A lead", "refused coordinate"],
    "A chủ trì xây dựng đề án": ["A lead", "refused coordinate"],
    "A, B, C (phối hợp)": ["refused"],
    "A, B (chủ trì)": ["refused"],
    "- A chủ trì, phối hợp với B\n- C": ["A lead", "refused"],
}
LETTERS = {"A": ("Bộ Nội vụ", "G09"), "B": ("Bộ Tài chính", "G12"), "C": ("Bộ Y tế", "G18")}


@pytest.mark.parametrize("pattern", ROLES)
def test_roles_as_they_are_written(pattern: str) -> None:
    codes = {letter: code for letter, (_, code) in LETTERS.items()}
    cell = re.sub(r"\b[ABC]\b", lambda match: LETTERS[match.group()][0], pattern)
    expected = [
        " ".join([codes.get(each.split()[0], each.split()[0]), *each.split()[1:]]) for each in ROLES[pattern]
    ]
    assert brief(cell) == expected


def test_who_stands_behind_a_lead_without_a_role_is_taken_to_help_and_said_so() -> None:
    lead, other = read("Bộ Nội vụ (chủ trì), Bộ Tài chính").found
    assert (said(lead), lead.assumed) == ("G09 lead", False)
    assert (said(other), other.assumed) == ("G12 coordinate", True)


SAYINGS = {
    # heads
    "Bộ trưởng Nội vụ": ["G09 head=Bộ trưởng"],
    "Đồng chí Bộ trưởng Bộ Công an": ["G01 head=Đồng chí Bộ trưởng"],
    "Bộ trưởng các Bộ: Nội vụ, Tài chính": ["list G09 G12 head=Bộ trưởng"],
    "Bộ trưởng các Bộ:\n- Nội vụ\n- Tài chính": ["list G09 G12 head=Bộ trưởng"],
    "Bộ trưởng các Bộ Nội vụ, Tài chính": ["list G09 G12 head=Bộ trưởng"],
    "Bộ trưởng, Chủ nhiệm Văn phòng Chính phủ": ["G22 head=Bộ trưởng, Chủ nhiệm"],
    "Tổng Thanh tra Chính phủ": ["G20 head=Tổng Thanh tra Chính phủ"],
    "Thống đốc Ngân hàng Nhà nước": ["G19 head=Thống đốc"],
    "Chánh án Tòa án nhân dân tối cao": ["VN-TANDTC head=Chánh án"],
    "Chủ tịch UBND tỉnh Nghệ An": ["40 head=Chủ tịch"],
    "Chủ tịch UBND các tỉnh, thành phố": ["group localities head=Chủ tịch"],
    "Thủ trưởng các bộ, ngành": ["group ministries head=Thủ trưởng"],
    "Các Bộ trưởng, Thủ trưởng cơ quan ngang bộ, Thủ trưởng cơ quan thuộc Chính phủ, Chủ tịch UBND các tỉnh, thành phố": [
        "group ministries head=Các Bộ trưởng, Thủ trưởng",
        "group localities head=Chủ tịch",
    ],
    "Thủ trưởng các bộ, ngành liên quan": ["refused"],
    "Đồng chí Thủ tướng Chính phủ": ["VN-CP head=Đồng chí Thủ tướng"],
    "Thủ tướng": ["VN-CP head=Thủ tướng"],
    "Chánh Văn phòng Chính phủ": ["G22 head=Chánh Văn phòng Chính phủ"],
    "Chủ nhiệm Chính phủ": ["refused"],
    "Thủ tướng Chính phủ chỉ đạo Bộ Nội vụ": ["VN-CP direct head=Thủ tướng", "G09"],
    "Phó Thủ tướng Thường trực Chính phủ": ["VN-CP head=Phó Thủ tướng Thường trực"],
    "Thủ tướng, các Phó Thủ tướng Chính phủ": ["VN-CP head=Thủ tướng", "VN-CP head=các Phó Thủ tướng"],
    "Phó Thủ tướng Nguyễn Văn A": ["refused"],
    "Bộ Nội vụ trình Chính phủ": ["refused"],
    "Bộ Nội vụ (theo Nghị quyết của Chính phủ)": ["G09"],
    "Bộ trưởng các Bộ: Tài chính, Xây dựng; Y tế; Chủ tịch UBND tỉnh Nghệ An": [
        "list G12 G17 G18 head=Bộ trưởng",
        "40 head=Chủ tịch",
    ],
    "các Bộ: Tài chính; Văn phòng Chính phủ": ["list G12", "G22"],
    "Chủ tịch UBND các tỉnh: Nghệ An; Hà Tĩnh": ["list 40 42 head=Chủ tịch"],
    "UBND các phường: Ba Đình; Hoàn Kiếm": ["list 00004 00070"],
    "Thủ trưởng các bộ và Chủ tịch UBND các tỉnh": [
        "group line_ministries head=Thủ trưởng",
        "group localities head=Chủ tịch",
    ],
    "Kho bạc Nhà nước": ["G12 unit=Kho bạc Nhà nước"],
    "Ủy ban Chứng khoán Nhà nước": ["G12 unit=Ủy ban Chứng khoán Nhà nước"],
    "Tổng cục Thống kê": ["G12 unit=Tổng cục Thống kê"],
    "Cục Thuế, Bộ Tài chính": ["G12 unit=Cục Thuế"],
    "Cục trưởng Cục Hải quan": ["G12 head=Cục trưởng unit=Cục Hải quan"],
    "Cục Thống kê, Bộ Kế hoạch và Đầu tư": ["refused"],
    "Cục Thuế tỉnh Nghệ An": ["refused"],
    "Giám đốc Hà Nội": ["refused"],
    "Bí thư Thành ủy Hà Nội": ["refused"],
    "Giám đốc Sở Y tế tỉnh Nghệ An": ["refused"],
    "Bộ trưởng: Bộ Nội vụ, Bộ Tài chính": ["G09 head=Bộ trưởng", "G12 head=Bộ trưởng"],
    "Bộ trưởng: Bộ Nội vụ; Bộ Tài chính; UBND thành phố Hà Nội": ["G09 head=Bộ trưởng", "G12 head=Bộ trưởng", "01"],
    "Các Bộ trưởng: Tài chính, Y tế": ["G12 head=Các Bộ trưởng", "G18 head=Các Bộ trưởng"],
    "Đ/c Bộ trưởng Bộ Nội vụ": ["G09 head=Đ/c Bộ trưởng"],
    "Bộ trưởng Bộ Tài chính, Thống đốc NHNN": ["G12 head=Bộ trưởng", "G19 head=Thống đốc"],
    # what an agency is besides
    "Văn phòng Trung ương Đảng - Cơ quan Thường trực Ban Chỉ đạo": ["VN-VPTWD"],
    "Văn phòng Trung ương Đảng, cơ quan thường trực Ban Chỉ đạo": ["VN-VPTWD"],
    "Văn phòng Trung ương Đảng (Cơ quan Thường trực Ban Chỉ đạo)": ["VN-VPTWD"],
    "Cơ quan Thường trực Ban Chỉ đạo - Văn phòng Trung ương Đảng": ["VN-VPTWD"],
    # units
    "C06, Bộ Công an": ["G01 unit=C06"],
    "Bộ Công an - C06": ["G01 unit=C06"],
    "Cục Cảnh sát quản lý hành chính về trật tự xã hội (C06), Bộ Công an": [
        "G01 unit=Cục Cảnh sát quản lý hành chính về trật tự xã hội (C06)"
    ],
    "Vụ Pháp chế (Bộ Tư pháp)": ["G15 unit=Vụ Pháp chế"],
    "Vụ Pháp chế thuộc Bộ Tư pháp": ["G15 unit=Vụ Pháp chế"],
    "Vụ Pháp chế Bộ Tư pháp": ["G15 unit=Vụ Pháp chế"],
    "Bộ KHCN (Cục Chuyển đổi số quốc gia)": ["G06 unit=Cục Chuyển đổi số quốc gia"],
    "Cục A, Vụ B, Bộ Xây dựng, Bộ Y tế": ["G17 unit=Cục A, Vụ B", "G18"],
    "Trung tâm Dữ liệu quốc gia, Bộ Công an": ["G01 unit=Trung tâm Dữ liệu quốc gia"],
    "Cục trưởng Cục C06, Bộ Công an": ["G01 head=Cục trưởng unit=Cục C06"],
    "Bảo hiểm xã hội Việt Nam": ["G12 unit=Bảo hiểm xã hội Việt Nam"],
    "Phòng Văn hóa - Xã hội, UBND phường Cửa Lò": ["16732 unit=Phòng Văn hóa - Xã hội"],
    "Thanh tra Bộ Nội vụ": ["refused"],
    "Văn phòng Bộ Công an": ["G01 unit=Văn phòng"],
    "Văn phòng Chính phủ": ["G22"],
    "Phòng Kinh tế xã Tân Phú, tỉnh Nghệ An": ["17272 unit=Phòng Kinh tế"],
    "Phòng Văn hóa - Xã hội phường Cửa Lò": ["16732 unit=Phòng Văn hóa - Xã hội"],
    "Phòng Kinh tế, Hạ tầng và Đô thị phường Ba Đình": ["00004 unit=Phòng Kinh tế, Hạ tầng và Đô thị"],
    "Trạm Y tế xã Tân Phú, tỉnh Nghệ An": ["refused"],
    # places
    "xã Tân Phú, huyện Tân Kỳ, tỉnh Nghệ An": ["refused"],
    "Xã Công Hải, huyện Thuận Bắc, tỉnh Ninh Thuận": ["refused"],
    "Quân khu 4": ["refused"],
    "Trường THPT Tân Kỳ, tỉnh Nghệ An": ["refused"],
    "Hội Nông dân xã Tân Phú, Nghệ An": ["refused"],
    "UBND các xã thuộc tỉnh Nghệ An và Hà Tĩnh": ["42", "refused"],
    "UBND các phường Ba Đình (Hà Nội), Hòa Cường (Đà Nẵng)": ["list 00004 20257"],
    "UBND các xã tỉnh Bắc Giang": ["refused"],
    "UBND các xã, phường (Hà Nội)": ["refused"],
    "UBND các phường (Nam Định)": ["list 13669"],
    "phường Hòa Cường, Hà Nội": ["refused"],
    "phường Hòa Cường (Hà Nội)": ["refused"],
    "phường Hòa Cường - Đà Nẵng": ["20257"],
    "phường Hòa Cường thuộc thành phố Đà Nẵng": ["20257"],
    "UBND phường Hòa Cường; UBND thành phố Hà Nội": ["20257", "01"],
    "Sở Y tế, Hà Nội": ["refused"],
    # lists and groups
    "Các bộ, cơ quan ngang bộ": ["group ministerial_bodies"],
    "UBND các tỉnh: Lào Cai, Sơn La": ["list 15 14"],
    "UBND các tỉnh, thành phố: Hà Nội, Đà Nẵng": ["list 01 48"],
    "UBND các xã Tân Phú, Tam Hợp (Nghệ An)": ["list 17272 17059"],
    "UBND các xã Tân Phú, Tam Hợp, tỉnh Nghệ An": ["list 17272 17059"],
    "UBND các xã: Tân Phú, Tam Hợp thuộc tỉnh Nghệ An": ["list 17272 17059"],
    "UBND các phường Ba Đình, Hòa Cường (Đà Nẵng)": ["refused"],
    "UBND các xã, phường, đặc khu thuộc tỉnh Nghệ An": [" ".join(["list", *COMMUNES])],
    "UBND các xã, phường thuộc tỉnh Hà Giang": ["refused", "refused"],
    "UBND 34 tỉnh, thành phố": ["group localities"],
    "các phường Ba Đình và Hoàn Kiếm": ["list 00004 00070"],
    "các sở, ban, ngành": ["refused"],
    "UBND cấp xã": ["refused"],
    # neither
    "Các bộ, ngành, trừ Bộ Công an": ["refused"],
    "Các bộ, ngành ngoài Bộ Công an": ["refused"],
    "Cac bo, nganh, tru Bo Cong an": ["refused"],
    "Cơ quan đại diện ở nước ngoài, Bộ Ngoại giao": ["G08", "refused"],
    "Xã Trừ Văn Thố, Thành phố Hồ Chí Minh": ["25819"],
    "Bộ Nội vụ (Bộ Tài chính)": ["refused"],
    "Bộ Nội vụ (thay Bộ Tài chính)": ["refused"],
    "Hà Nội (phường Ba Đình)": ["refused"],
    "Phường Ba Đình (TP Hà Nội)": ["00004"],
    "Tổng cục Thuế - Bộ Tài chính": ["G12 unit=Tổng cục Thuế"],
    "Bộ trưởng Bộ Công an, Bộ trưởng Bộ Quốc phòng": ["G01 head=Bộ trưởng", "G11 head=Bộ trưởng"],
    "UBND tỉnh, thành phố": ["group localities"],
}  # fmt: skip


@pytest.mark.parametrize("cell", SAYINGS)
def test_sayings(cell: str) -> None:
    assert brief(cell) == SAYINGS[cell]


NOTES = {
    # cell, issuer: what it comes to, reasons of what is not taken, notes that a person sees
    ("Các địa phương (ven biển)", ""): (["refused"], ["note_unclear"], []),
    ("Các bộ, ngành (khối kinh tế)", ""): (["refused"], ["note_unclear"], []),
    ("Các bộ, ngành (theo phân công)", ""): (["refused"], ["note_unclear"], []),
    ("UBND các tỉnh, thành phố (Bộ Nội vụ hướng dẫn)", ""): (["refused"], ["note_unclear"], []),
    ("UBND cấp xã (ven biển)", NGHE_AN): (["refused"], ["note_unclear"], []),
    ("UBND cấp xã (chưa kể phường Cửa Lò)", NGHE_AN): (["refused"], ["exception"], []),
    ("Các địa phương (không thuộc vùng ĐBSCL)", ""): (["refused"], ["exception"], []),
    ("Các địa phương (ngoài Hà Nội)", ""): (["refused"], ["exception"], []),
    ("Các địa phương (không phải Hà Nội)", ""): (["refused"], ["exception"], []),
    ("Các địa phương (chưa hợp nhất)", ""): (["refused"], ["exception"], []),
    ("Các bộ (không tính Bộ Quốc phòng)", ""): (["refused"], ["exception"], []),
    ("Các địa phương (phối hợp, trừ Hà Nội)", ""): (["refused"], ["exception"], []),
    ("Hà Nội (Sở Y tế)", ""): (["refused"], ["note_unclear"], []),
    ("Các địa phương chủ trì (ven biển)", ""): (["refused lead"], ["note_unclear"], ["ven biển"]),
    ("Các bộ, ngành (phối hợp) (khối kinh tế)", ""): (["refused coordinate"], ["note_unclear"], ["khối kinh tế"]),
    ("Bộ Nội vụ (G09)", ""): (["G09"], [], []),
    ("Bộ Nội vụ (trừ Vụ Pháp chế)", ""): (["refused"], ["exception"], []),
    ("Bộ Nội vu (trừ Vụ Pháp chế)", ""): (["refused"], ["exception"], []),
    ("Bộ Khao học và Công nghệ (không thuộc diện)", ""): (["refused"], ["exception"], []),
    ("Bộ Khao học và Công nghệ (Bộ Y tế)", ""): (["refused"], ["note_unclear"], []),
    ("Các bộ, ngành, địa phương (đến cấp xã)", ""): (["group ministries localities"], [], ["đến cấp xã"]),
    ("Các bộ: Nội vụ (khối tổ chức), Tài chính", ""): (["list G09 G12"], [], ["khối tổ chức"]),
    ("Bộ Nội vụ (dự kiến)", ""): (["G09"], [], ["dự kiến"]),
    ("(Dự kiến) Bộ Nội vụ", ""): (["G09"], [], ["Dự kiến"]),
    ("Bộ Nội vụ (?)", ""): (["G09"], [], ["?"]),
    ("Bộ Nội vụ (Thứ trưởng Nguyễn Văn A)", ""): (["G09"], [], ["Thứ trưởng Nguyễn Văn A"]),
    ("Phường Ba Đình (đơn vị thí điểm)", "01"): (["00004"], [], ["đơn vị thí điểm"]),
    # nothing new
    ("Bộ Nội vụ (BNV)", ""): (["G09"], [], []),
    ("Bộ Khoa học và Công nghệ (KH&CN)", ""): (["G06"], [], []),
    ("Bộ Khoa học và Công nghệ (sau đây gọi tắt là Bộ KHCN)", ""): (["G06"], [], []),
    ("Bộ Nội vụ (cơ quan đầu mối)", ""): (["G09"], [], []),
    ("Bộ Nội vụ ()", ""): (["G09"], [], []),
    ("(1) Bộ Nội vụ; (2) Bộ Y tế", ""): (["G09", "G18"], [], []),
    ("(a) Bộ Nội vụ\n(b) Các bộ, ngành", ""): (["G09", "group ministries"], [], []),
}  # fmt: skip


@pytest.mark.parametrize(("cell", "issuer"), NOTES)
def test_no_note_that_may_change_who_is_meant_is_dropped(cell: str, issuer: str) -> None:
    naming = read(cell, issuer)
    reasons = [each.reason for each in naming.unknown]
    assert (brief(cell, issuer), reasons, list(naming.notes)) == NOTES[cell, issuer]


@pytest.mark.parametrize(
    ("cell", "suggested"),
    [
        ("xã Tân Phú, huyện Tân Kỳ, tỉnh Nghệ An", ["17272"]),
        ("phường Ba Đình, quận Ba Đình, thành phố Hà Nội", ["00004"]),
        ("UBND huyện Tân Kỳ", []),
        ("UBND các huyện", []),
        ("UBND cấp huyện", None),
        ("UBND thị xã Sơn Tây", []),
    ],
)
def test_the_level_of_districts_has_ended(cell: str, suggested: list[str] | None) -> None:
    [unknown] = read(cell).unknown
    assert (unknown.text, unknown.reason) == (cell, "district")
    assert suggested is None or [each.code for each in unknown.suggestions] == suggested


def test_a_doubt_is_one_problem() -> None:
    for cell in (
        "phường Hòa Cường, Hà Nội",
        "Phòng Lao động, Thương binh và Xã hội",
        "Các bộ, ngành, trừ Bộ Công an",
    ):
        naming = read(cell)
        assert [each.text for each in naming.unknown] == [cell]
        assert not naming.found


def test_bodies_that_no_catalogue_has_are_told_from_names_that_are_wrong() -> None:
    sorts = {
        each.text: each.sort
        for each in read("Bộ Nội vụ, VNPT, Đại học Bách khoa Hà Nội, Bộ Ngoại vụ, Sở Y tế, BCT").unknown
    }
    assert sorts == {
        "VNPT": "outside", "Đại học Bách khoa Hà Nội": "outside", "Bộ Ngoại vụ": "name", "Sở Y tế": "unit", "BCT": "name",
    }  # fmt: skip


# --- whose units and communes

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
OWN = {
    # (cell, issuer): what it comes to
    ("Sở Y tế", NGHE_AN): ["40.YT"],
    ("Sở Y tế", DA_NANG): ["48.YT"],
    ("Sở Y tế", ""): ["refused"],
    ("Sở Y tế", "G06"): ["refused"],
    ("Sở Y tế", "79"): ["refused"],
    ("Sở Y tế", "40.KHCN"): ["40.YT"],
    ("Sở Y tế", "17272"): ["40.YT"],
    ("Sở Y tế tỉnh Nghệ An", "G06"): ["40.YT"],
    ("Sở Y tế Đà Nẵng", "G06"): ["48.YT"],
    ("Sở Khoa học và Công nghệ", NGHE_AN): ["40.KHCN"],
    ("Sở KH&CN", NGHE_AN): ["40.KHCN"],
    ("Giám đốc Sở KHCN", NGHE_AN): ["40.KHCN head=Giám đốc"],
    ("Công an tỉnh", NGHE_AN): ["40.CA"],
    ("Công an tỉnh", ""): ["refused"],
    ("Công an tỉnh Nghệ An", ""): ["40.CA"],
    ("Công an thành phố", DA_NANG): ["refused"],
    ("Công an xã", "17272"): ["17272.CA"],
    ("UBND tỉnh", NGHE_AN): ["40"],
    ("UBND thành phố", NGHE_AN): ["refused"],
    ("UBND thành phố", DA_NANG): ["48"],
    ("Chủ tịch UBND tỉnh", NGHE_AN): ["40 head=Chủ tịch"],
    ("UBND xã", "17272"): ["17272"],
    ("UBND xã", NGHE_AN): ["refused"],
    ("các sở, ban, ngành", NGHE_AN): ["list 40.CA 40.KHCN 40.YT"],
    ("Các sở, ban, ngành cấp tỉnh", NGHE_AN): ["list 40.CA 40.KHCN 40.YT"],
    ("Thủ trưởng các sở, ban, ngành", NGHE_AN): ["list 40.CA 40.KHCN 40.YT head=Thủ trưởng"],
    ("các sở, ban, ngành, đoàn thể", NGHE_AN): ["list 40.CA 40.HND 40.KHCN 40.YT"],
    ("các sở, ban, ngành liên quan", NGHE_AN): ["refused"],
    ("Giám đốc các Sở: Y tế, Khoa học và Công nghệ", NGHE_AN): ["list 40.YT 40.KHCN head=Giám đốc"],
    ("Giám đốc các Sở: Y tế, Tài chính", NGHE_AN): ["refused"],
    ("UBND các xã, phường, đặc khu", NGHE_AN): [" ".join(["list", *COMMUNES])],
    ("UBND 130 xã, phường", NGHE_AN): [" ".join(["list", *COMMUNES])],
    ("UBND các xã, phường ven biển", NGHE_AN): ["refused", "refused"],
    ("UBND các xã, phường có liên quan", NGHE_AN): ["refused", "refused"],
    ("Các sở, ban, ngành, địa phương", "79"): ["refused"],
    ("Phòng Kinh tế, UBND xã Tân Phú", NGHE_AN): ["17272 unit=Phòng Kinh tế"],
    ("Phòng Kinh tế xã Tân Phú", NGHE_AN): ["17272 unit=Phòng Kinh tế"],
    ("Phòng Kinh tế các xã Tân Phú, Tam Hợp", NGHE_AN): ["refused"],
    ("UBND cấp xã", NGHE_AN): [" ".join(["list", *COMMUNES])],
    ("các địa phương", NGHE_AN): [" ".join(["list", *COMMUNES])],
    ("các địa phương", "G06"): ["group localities"],
    ("Các bộ, ngành, địa phương", NGHE_AN): ["refused"],
    ("UBND xã Tân Phú", NGHE_AN): ["17272"],
    ("UBND các xã: Tân Phú, Tam Hợp", NGHE_AN): ["list 17272 17059"],
    ("phường Hòa Cường", NGHE_AN): ["refused"],
    ("phường Hòa Cường, Đà Nẵng", NGHE_AN): ["20257"],
    ("Vụ Pháp chế", "G06"): ["G06.PC"],
    ("Vụ Pháp chế", "G12"): ["refused"],
    ("Vụ Pháp chế, Bộ Khoa học và Công nghệ", ""): ["G06.PC"],
    ("Đại học Quốc gia Hà Nội", ""): ["DHQGHN"],
}  # fmt: skip


@pytest.mark.parametrize(("cell", "issuer"), OWN)
def test_a_name_belongs_to_somebody(cell: str, issuer: str) -> None:
    assert brief(cell, issuer, WITH_UNITS) == OWN[cell, issuer]


# --- nothing vanishes, nothing is invented

SPOKEN = [
    name
    for agency in (*AGENCIES, *UNITS)
    if agency.level != "commune"
    for name in (agency.name, agency.short_name, *agency.aliases)
    if name
]
COMMUNE_NAMES = [agency.name for agency in AGENCIES if agency.level == "commune"][::37]
BODIES = st.one_of(
    st.sampled_from(SPOKEN),
    st.sampled_from(sorted(GROUPS)),
    st.sampled_from(COMMUNE_NAMES),
    st.sampled_from([name for body in FORMER for name in body.names]),
    st.sampled_from(
        [
            "VNPT", "Trường Đại học Vinh", "Sở Y tế", "các sở, ban, ngành", "UBND các xã, phường", "C06", "Cục A05",
            "các cơ quan liên quan", "Vụ Pháp chế", "Ban Chỉ đạo 57", "UBND các phường Ba Đình, Hoàn Kiếm", "Hà Nội",
            "cơ quan thường trực", "Đồng chí Nguyễn Văn A", "các bộ: Nội vụ, Tài chính", "3 địa phương (Hà Nội, Huế)",
        ]
    ),
)  # fmt: skip
TITLES = st.sampled_from(
    ["", "", "", "Bộ trưởng ", "Giám đốc ", "Chủ tịch UBND ", "Đồng chí Thủ trưởng ", "Lãnh đạo "]
)
AFTER = st.sampled_from(
    ["", "", "", " chủ trì", " (chủ trì)", " (phối hợp)", " phối hợp", " chỉ đạo", " (C06)", " (trừ khối đảng)", " (lần 2)",
     " (phối hợp: Bộ Y tế)", " - Cơ quan Thường trực", " trình Chính phủ", " và đơn vị"]
)  # fmt: skip
BETWEEN = st.sampled_from(
    [
        ", ",
        "; ",
        " và ",
        "\n- ",
        " - ",
        "/",
        ", phối hợp với ",
        " chỉ đạo ",
        ". Phối hợp: ",
        " thuộc ",
        " (",
        ") ",
        " ",
    ]
)


@st.composite
def cells(draw: st.DrawFn) -> str:
    parts = draw(st.lists(st.tuples(TITLES, BODIES, AFTER, BETWEEN), min_size=1, max_size=5))
    text = draw(st.sampled_from(["", "- ", "Chủ trì: ", "Giao "])) + "".join("".join(part) for part in parts)
    if draw(st.booleans()):
        slip = draw(st.integers(0, len(text) - 1))
        text = text[:slip] + text[slip + 1 :]
    return text


@settings(max_examples=200, deadline=None)
@given(cell=cells(), issuer=st.sampled_from(["", "G06", NGHE_AN, "17272"]))
@example("Vụ Pháp chế (Bộ Tư pháp), Bộ Y tế (phối hợp)", "")
def test_nothing_vanishes_and_nothing_is_invented(cell: str, issuer: str) -> None:
    naming = read(cell, issuer, WITH_UNITS)
    told = [text for each in naming.found for text in (each.text, each.unit)]
    told += [each.text for each in (*naming.indefinite, *naming.unknown)]
    told += [*naming.notes, *naming.asides, *naming.roles]
    lost = Counter(words(cell)) - Counter(word for text in told for word in words(text))
    assert not {word for word in lost if word not in CONNECTIVES and len(word) > 1}, (cell, naming)
    printed = name_key(cell)
    for mention in naming.found:
        if mention.kind == "agency" and mention.how == "alias":
            assert any(key in printed for key in _keys(mention.codes[0], issuer)), (cell, mention)


@pytest.mark.parametrize(
    "unit",
    [
        "a,",
        "C06, ",
        "Vụ A, ",
        "phối hợp với ",
        "(chủ trì) ",
        "Bộ Nội vụ (Bộ ",
        "các sở: ",
        "các bộ:\n",
        "các bộ:\nQwe Rty\n",
        "3 bộ:\ncác bộ:\n",
        "các bộ:\nQwe\n3 bộ:\ncác bộ:\n",
        "Chủ tịch các bộ:\nQwe Rty\n",
    ],
)
def test_a_senseless_cell_costs_few_comparisons(unit: str, monkeypatch: pytest.MonkeyPatch) -> None:
    compared, lookups = 0, 0

    def lookup(*args: Any, **options: Any) -> Any:
        nonlocal lookups
        lookups += 1
        return look_up(*args, **options)

    look_up = Directory.lookup
    monkeypatch.setattr(Directory, "lookup", lookup)

    def similarity(left: str, right: str) -> float:
        nonlocal compared
        compared += 1
        return token_sort_ratio(left, right)

    find_agencies((unit * 2_000)[:2_000], WITH_UNITS, similarity, NGHE_AN)
    assert compared <= 300_000  # about 0.3 s
    assert lookups <= 100_000


def words(text: str) -> list[str]:
    return name_key(unicodedata.normalize("NFC", text)).split()


def _keys(code: str, issuer: str) -> set[str]:
    """How an agency may be printed: by a name, in part where the issuer or a list says the rest, or by what it was."""
    agency = WITH_UNITS.agencies[code]
    names = {
        name_key(name) for name in (agency.name, agency.short_name, *agency.aliases, agency.code) if name
    }
    names |= {
        name_key(name) for body in FORMER if body.unit and code in body.successors for name in body.names
    }
    bare = {
        key.removeprefix(head) for key in names for head in ("bo ", "phuong ", "xa ", "tinh ", "thanh pho ")
    }
    around = {"uy ban nhan dan tinh", "uy ban nhan dan xa"} if code in WITH_UNITS.ancestors(issuer) else set()
    stems = {key.removesuffix(" tinh nge an") for key in names if agency.parent_code}
    return names | bare | around | stems


# --- the page that offices check us by

PAGE = (Path(__file__).parents[2] / "docs" / "quy-tac-doc-ten-co-quan.md").read_text(encoding="utf-8")
RULES = [
    tuple(cell.strip() for cell in line.strip("|").split("|"))
    for line in PAGE.splitlines()
    if line.startswith("|") and not line.startswith(("| ô ghi", "|---"))
]
ROLE_WORDS = {"lead": "chủ trì", "co_lead": "đồng chủ trì", "coordinate": "phối hợp", "direct": "chỉ đạo"}
KINDS = {"agency": "", "group": "nhóm ", "list": "danh sách "}


def in_words(cell: str, issuer: str) -> str:
    """What a cell comes to, as the page says it."""
    naming = read(cell, issuer)
    kept = [each for each in naming.unknown if each.sort == "outside" and naming.found]
    if naming.indefinite or len(kept) < len(naming.unknown):
        return "từ chối"
    words = [KINDS[each.kind] + " ".join(each.codes) + _in_words(each) for each in naming.found]
    return "; ".join([*words, *(f"nguyên văn “{each.text}”" for each in kept)])


def _in_words(mention: Mention) -> str:
    role = f" {ROLE_WORDS[mention.role]}" if mention.role else ""
    position = f", chức danh “{mention.position}”" if mention.position else ""
    return role + position + (f", đơn vị “{mention.unit}”" if mention.unit else "")


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule[0])
def test_the_page_of_rules_says_what_is_done(rule: tuple[str, ...]) -> None:
    cell, *issuer, result = rule
    assert in_words(cell, "".join(issuer)) == result
