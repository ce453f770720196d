"""Refusals of printed names that are no known agency, each with a remedy, in the same words for every importer."""

from collections.abc import Sequence
from datetime import date, timedelta

from shared.imports.rows import Problem, Suggestion
from shared.naming.lookup import MAX_COMPARED, Ambiguous, Dissolved, Found, Meaning

_SHOWN = 5  # agencies that one sentence names; `suggestions` has them all
_LONGEST = 200  # characters of the name that a sentence repeats


def name_problem(field: str, text: str, meaning: Meaning | None) -> Problem:
    """The refusal of a name that is not one agency's; a `Found` is refused for being a group, None as not compared."""
    if meaning is None:
        return too_many_unknown_names(field)
    printed = text[:_LONGEST]
    if isinstance(meaning, Found):
        return group_problem(field, printed)
    if isinstance(meaning, Dissolved) and meaning.unit:
        return unit_problem(field, printed, meaning.successors)
    if isinstance(meaning, Dissolved):
        return dissolved_problem(field, printed, meaning.successors, meaning.valid_to)
    if isinstance(meaning, Ambiguous):
        return ambiguous_problem(field, printed, meaning.candidates)
    return unknown_problem(field, printed, meaning.suggestions)


def too_many_unknown_names(field: str) -> Problem:
    """The refusal of a name that was not compared with those that are known (`lookup.Finder`)."""
    return Problem(
        field,
        "too_many_unknown_names",
        f"Các dòng trên đã có {MAX_COMPARED} tên cơ quan không xác định được: sửa chúng trước rồi nhập lại.",
        f"The rows above have {MAX_COMPARED} names that no agency has: correct those first, then import again.",
    )


def group_problem(field: str, text: str) -> Problem:
    return Problem(
        field,
        "agency_is_group",
        f"“{text}” là một nhóm cơ quan: ghi tên hoặc mã của một cơ quan.",
        f"“{text}” is a group of agencies: write the name or code of one agency.",
    )


def dissolved_problem(
    field: str, text: str, successors: Sequence[Suggestion], valid_to: date | None
) -> Problem:
    ended = valid_to + timedelta(days=1) if valid_to else None
    since_vi, since_en = (f" từ {ended:%d/%m/%Y}", f" since {ended}") if ended else ("", "")
    return Problem(
        field,
        "agency_dissolved",
        f"“{text}” không còn{since_vi}: ghi cơ quan kế thừa: {_listed(successors, 'và {} cơ quan khác')}.",
        f"“{text}” is no more{since_en}: write its successor: {_listed(successors, 'and {} more')}.",
        tuple(successors),
    )


def unit_problem(field: str, text: str, owners: Sequence[Suggestion]) -> Problem:
    return Problem(
        field,
        "agency_is_unit",
        f"“{text}” nay là đơn vị của một cơ quan khác: ghi cơ quan ấy: {_listed(owners, 'và {} cơ quan khác')}.",
        f"“{text}” is a unit of another agency now: write that one: {_listed(owners, 'and {} more')}.",
        tuple(owners),
    )


def ambiguous_problem(field: str, text: str, candidates: Sequence[Suggestion]) -> Problem:
    return Problem(
        field,
        "agency_ambiguous",
        f"“{text}” không chỉ rõ một cơ quan: ghi kèm tên tỉnh hoặc bộ chủ quản, hoặc ghi mã: "
        f"{_listed(candidates, 'và {} cơ quan khác')}.",
        f"“{text}” is not one agency's name: add the province or ministry it belongs to, or write the code: "
        f"{_listed(candidates, 'and {} more')}.",
        tuple(candidates),
    )


def unknown_problem(field: str, text: str, suggestions: Sequence[Suggestion]) -> Problem:
    near_vi, near_en = nearest_sentences(suggestions)
    return Problem(
        field,
        "agency_not_found",
        f"Không xác định được cơ quan “{text}”: ghi mã hoặc đúng tên, hoặc thêm tên gọi này cho cơ quan bằng "
        f"`dondoc agencies amend --add-alias` (PATCH /tasks/v1/agencies).{near_vi}",
        f"No agency could be determined for “{text}”: write its code or its name, or give the agency this alias with "
        f"`dondoc agencies amend --add-alias` (PATCH /tasks/v1/agencies).{near_en}",
        tuple(suggestions),
    )


def nearest_sentences(suggestions: Sequence[Suggestion]) -> tuple[str, str]:
    """The nearest names in Vietnamese and in English, each after a space; both empty where there are none."""
    listed = "; ".join(map(_shown, suggestions))
    return (f" Gần nhất: {listed}.", f" Nearest: {listed}.") if listed else ("", "")


def _listed(suggestions: Sequence[Suggestion], more: str) -> str:
    rest = len(suggestions) - _SHOWN
    listed = "; ".join(map(_shown, suggestions[:_SHOWN]))
    return f"{listed} {more.format(rest)}" if rest > 0 else listed


def _shown(item: Suggestion) -> str:
    return f"{item.name} ({item.code})"
