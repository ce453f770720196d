"""A cell is refused where a person must decide: notes, districts, names that no catalogue has."""

import pytest

from tests.support.cells import NGHE_AN, brief, read

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
