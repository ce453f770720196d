"""Cells of a Treasury file: units, and the words for kind, level, nature and field."""

import re
from collections.abc import Iterable, Mapping
from enum import StrEnum

from services.finance.domain.ledger import Field, Kind, Level, Nature
from shared.errors import InvalidInput
from shared.text.folding import fold


class Unit(StrEnum):
    DONG = "dong"
    MILLION = "million"
    BILLION = "billion"


UNIT_VI: Mapping[Unit, str] = {Unit.DONG: "đồng", Unit.MILLION: "triệu đồng", Unit.BILLION: "tỉ đồng"}
SCALE: Mapping[Unit, int] = {Unit.DONG: 1, Unit.MILLION: 10**6, Unit.BILLION: 10**9}
_UNITS = {
    "trieu dong": Unit.MILLION, "trieu": Unit.MILLION, "ti dong": Unit.BILLION, "ty dong": Unit.BILLION, "ti": Unit.BILLION,
    "ty": Unit.BILLION, "dong": Unit.DONG, "vnd": Unit.DONG,
}  # fmt: skip
KINDS = {
    "disburse": Kind.DISBURSE, "giai ngan": Kind.DISBURSE, "chi": Kind.DISBURSE, "thuc chi": Kind.DISBURSE,
    "tam ung": Kind.DISBURSE, "thanh toan": Kind.DISBURSE, "chi ngan sach": Kind.DISBURSE, "rut du toan": Kind.DISBURSE,
    "recover": Kind.RECOVER, "thu hoi": Kind.RECOVER, "nop tra": Kind.RECOVER, "thu hoi nop tra": Kind.RECOVER,
    "hoan tra": Kind.RECOVER, "nop tra ngan sach": Kind.RECOVER, "nop khoi phuc": Kind.RECOVER,
    "thu hoi tam ung": Kind.RECOVER, "giam chi": Kind.RECOVER,
}  # fmt: skip
LEVELS = {
    "central": Level.CENTRAL, "trung uong": Level.CENTRAL, "tw": Level.CENTRAL, "nstw": Level.CENTRAL,
    "ngan sach trung uong": Level.CENTRAL,
    "province": Level.PROVINCE, "tinh": Level.PROVINCE, "cap tinh": Level.PROVINCE, "ngan sach tinh": Level.PROVINCE,
    "nsdp tinh": Level.PROVINCE, "ngan sach cap tinh": Level.PROVINCE,
    "commune": Level.COMMUNE, "xa": Level.COMMUNE, "cap xa": Level.COMMUNE, "ngan sach xa": Level.COMMUNE,
    "nsdp xa": Level.COMMUNE, "ngan sach cap xa": Level.COMMUNE,
}  # fmt: skip
NATURES = {
    "capital": Nature.CAPITAL, "dtpt": Nature.CAPITAL, "dau tu": Nature.CAPITAL, "dau tu phat trien": Nature.CAPITAL,
    "chi dau tu": Nature.CAPITAL, "chi dau tu phat trien": Nature.CAPITAL,
    "recurrent": Nature.RECURRENT, "thuong xuyen": Nature.RECURRENT, "chi thuong xuyen": Nature.RECURRENT,
    "tx": Nature.RECURRENT, "ctx": Nature.RECURRENT,
}  # fmt: skip
FIELDS = {
    "science innovation": Field.SCIENCE_INNOVATION, "khcn dmst": Field.SCIENCE_INNOVATION,
    "khcn": Field.SCIENCE_INNOVATION, "khoa hoc cong nghe doi moi sang tao": Field.SCIENCE_INNOVATION,
    "khoa hoc cong nghe va doi moi sang tao": Field.SCIENCE_INNOVATION,
    "khoa hoc cong nghe": Field.SCIENCE_INNOVATION, "khoa hoc va cong nghe": Field.SCIENCE_INNOVATION,
    "digital transformation": Field.DIGITAL_TRANSFORMATION, "cds": Field.DIGITAL_TRANSFORMATION,
    "chuyen doi so": Field.DIGITAL_TRANSFORMATION,
    "defence security": Field.DEFENCE_SECURITY, "qpan": Field.DEFENCE_SECURITY, "qp an": Field.DEFENCE_SECURITY,
    "quoc phong an ninh": Field.DEFENCE_SECURITY, "quoc phong va an ninh": Field.DEFENCE_SECURITY,
}  # fmt: skip

_UNIT = re.compile(rf"\b({'|'.join(_UNITS)})\b")
_STATED_UNIT = re.compile(rf"\bdon vi(?: tinh)? (?:nghin |ngan |1 000 )?({'|'.join(_UNITS)})$")
_THOUSANDS = re.compile(r"\b(?:nghin|ngan|000) (?:dong|vnd|trieu|ti|ty)\b")


def find_units(heading: str, above: Iterable[str]) -> set[Unit]:
    """The units that the heading, "Số tiền (triệu đồng)", and the rows above it name: "Đơn vị tính: tỉ đồng".

    Raises InvalidInput `unit_unknown` for thousands.
    """
    lines = [fold(text) for text in above]
    matches = [match for match in (_UNIT.search(fold(heading)), *map(_STATED_UNIT.search, lines)) if match]
    if any(_THOUSANDS.search(match.string) for match in matches):
        raise InvalidInput(
            "unit_unknown",
            "Đơn vị tính của tệp là nghìn: chỉ nhận đồng, triệu đồng hoặc tỉ đồng, hãy đổi tệp sang một trong các đơn vị đó.",
            "The file counts in thousands: only đồng, triệu đồng or tỉ đồng are taken, convert the file to one of these.",
            field="file",
        )
    return {_UNITS[match[1]] for match in matches}
