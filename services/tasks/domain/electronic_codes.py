"""The two printed forms of one electronic code: `H26.19` (QĐ 20/2020/QĐ-TTg) and `000.00.19.H26` (QCVN 102:2016)."""

import re

from shared.errors import InvalidInput

MAX_LENGTH = 35  # QĐ 20/2020/QĐ-TTg

_ELECTRONIC = re.compile(r"[A-Z][A-Z0-9]{2}(\.[A-Z0-9]+)*")
_QCVN_102 = re.compile(r"([0-9A-Z]{3})\.([0-9A-Z]{2})\.([0-9A-Z]{2})\.([A-Z][0-9A-Z]{2})")
_WIDTHS = (2, 2, 3)  # below the first level, from the top down


def electronic_code(value: str) -> str | None:
    """The code as QĐ 20/2020/QĐ-TTg writes it, from either form; None when it is neither."""
    value = value.strip().upper()
    old = _QCVN_102.fullmatch(value)
    if old:
        fourth, third, second, first = old.groups()
        levels = [first, second, third, fourth]
        while len(levels) > 1 and not levels[-1].strip("0"):
            levels.pop()
        return ".".join(levels)
    return value if len(value) <= MAX_LENGTH and _ELECTRONIC.fullmatch(value) else None


def qcvn_102_code(value: str) -> str | None:
    """The older form of the same code; None when it has no such form (too many levels, or a level too wide)."""
    code = electronic_code(value)
    if code is None:
        return None
    first, *rest = code.split(".")
    if len(rest) > len(_WIDTHS) or any(
        len(part) != width for part, width in zip(rest, _WIDTHS, strict=False)
    ):
        return None
    padded = rest + ["0" * width for width in _WIDTHS[len(rest) :]]
    return ".".join([*reversed(padded), first])


# scheme of an identifier -> how it writes the code
FORMS = {"electronic_code": electronic_code, "qcvn_102": qcvn_102_code}


def forms_of(value: str) -> tuple[str, ...]:
    """The forms that an electronic code has, one or both; none for other text."""
    return tuple(code for form in FORMS.values() if (code := form(value)) is not None)


def check_form(scheme: str, value: str, field: str) -> None:
    """An electronic code is written in the form of its scheme, in capitals; codes of other schemes are as they are."""
    form = FORMS.get(scheme)
    if form is None or form(value) == value:
        return
    meant = form(value) or form("H26.19")
    raise InvalidInput(
        "electronic_code_invalid",
        f"“{value}” không đúng mẫu mã định danh điện tử {scheme}: ghi như {meant}.",
        f"“{value}” is not written as {scheme} writes electronic codes: write it like {meant}.",
        field=field,
    )
