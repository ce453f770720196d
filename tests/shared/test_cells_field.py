"""The cells of a file of field data, and cells that repeat the one above."""

from pathlib import Path

import pytest

from shared.naming.cells import repeats_above
from tests.support.cells import COMMUNES, NGHE_AN, brief, read
from tests.support.names import rows

DATA = Path(__file__).parents[1] / "data"
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
