"""Units and communes are meant by whose document it is."""

import pytest

from tests.support.cells import COMMUNES, DA_NANG, NGHE_AN, WITH_UNITS, brief

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
