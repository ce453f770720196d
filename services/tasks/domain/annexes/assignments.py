"""The assignments of a row, from its two cells of agencies, and the problems that a person has to solve first."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from services.tasks.domain.assignments import LEADING, NewAssignment, Role
from shared.imports.rows import Problem
from shared.naming.mentions import Indefinite, Mention, Naming, Unknown
from shared.naming.refusals import (
    ambiguous_problem,
    dissolved_problem,
    nearest_sentences,
    unknown_problem,
)

LEAD, COORDINATE = "lead_text", "coordinate_text"  # the two columns
_NEW_AGENCY = "POST /tasks/v1/agencies"
_DOUBTS = {
    "count_mismatch": (
        "agency_count_mismatch",
        "“{}”: số ghi không bằng số cơ quan kể ra. Sửa số hoặc danh sách.",
        "“{}”: the number is not that of the agencies listed. Correct one of them.",
    ),
    "exception": (
        "agency_exception",
        "“{}” loại trừ một số cơ quan: ghi tên từng cơ quan được giao.",
        "“{}” leaves some agencies out: name each agency that is given the task.",
    ),
    "too_long": (
        "agency_too_long",
        "Ô dài quá để đọc tên cơ quan: rút gọn, mỗi nhiệm vụ một dòng.",
        "The cell is too long to be read for names: shorten it, one task per row.",
    ),
    "elsewhere": (
        "agency_elsewhere",
        "“{}”: nơi được nêu, hoặc nơi ban hành văn bản, không có xã, phường này. Ghi đúng tên kèm tên tỉnh.{}",
        "“{}”: the place named, or that issued the document, has no such commune. Write it with its province's name.{}",
    ),
    "district": (
        "agency_district_ended",
        "“{}” thuộc cấp huyện, đã kết thúc hoạt động từ 01/7/2025: ghi tên xã, phường, đặc khu hiện nay kèm tên tỉnh.{}",
        "“{}” is of the district level, which ended on 1 July 2025: write the present commune with its province's name.{}",
    ),
    "note_unclear": (
        "agency_note_unclear",
        "“{}”: chú thích trong ngoặc có thể đổi cơ quan được giao hoặc vai trò. Ghi tên, vai trò từng cơ quan, hoặc bỏ chú thích.",
        "“{}”: the parenthesis may change who is meant or what they do. Give each agency's name and role, or leave it out.",
    ),
    "role_unclear": (
        "agency_role_unclear",
        "“{}” không rõ ai chủ trì, ai phối hợp: ghi vai trò của từng cơ quan.",
        "“{}” does not tell who leads and who coordinates: give each agency its role.",
    ),
    "repeat": (
        "agency_repeat",
        "“{}” lặp lại ô phía trên, nhưng phía trên cùng cột trong mục này không có ô nào: ghi tên cơ quan.",
        "“{}” repeats the cell above, but there is none above it in this section: name the agency.",
    ),
}


@dataclass(frozen=True, slots=True)
class Assigned:
    """The assignments of a row.

    Attributes:
        assignments: those of the task itself, or of each member's.
        groups: (codes of groups whose members lead, the title of each one's head or "").
        listed: (code of an agency that leads among others, the title of its head or "").
    """

    assignments: tuple[NewAssignment, ...] = ()
    groups: tuple[tuple[tuple[str, ...], str], ...] = ()
    listed: tuple[tuple[str, str], ...] = ()
    problems: tuple[Problem, ...] = ()
    warnings: tuple[Problem, ...] = ()


def assign(lead_text: str, lead: Naming, coordinate: Naming) -> Assigned:
    """The first agency that leads is the lead, further ones lead with it; a group or a list fans out to its members."""
    work = _Work()
    leading = [mention for mention in lead.found if _role(mention, Role.LEAD) in LEADING]
    work.doubts(LEAD, lead, leads=bool(leading))
    work.doubts(COORDINATE, coordinate, leads=True)
    many = any(mention.kind != "agency" for mention in leading)
    taken = {code for mention in leading if mention.kind != "group" for code in mention.codes}
    if not many:
        work.lead(sorted(leading, key=lambda mention: mention.role == "co_lead"))
    for field_name, naming, default in ((LEAD, lead, Role.LEAD), (COORDINATE, coordinate, Role.COORDINATE)):
        for mention in naming.found:
            work.help(field_name, mention, _role(mention, default), taken)
    if not leading and lead_text and not work.problems:
        work.problems.append(_nobody_leads(lead_text) if lead.found else _no_one(LEAD, Indefinite(lead_text)))
    return Assigned(
        work.merged(),
        tuple((mention.codes, mention.position) for mention in leading if mention.kind == "group"),
        tuple((c, m.position) for m in leading if many and m.kind != "group" for c in m.codes),
        tuple(work.problems),
        tuple(work.warnings),
    )


@dataclass(slots=True)
class _Work:
    assignments: list[NewAssignment] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)
    warnings: list[Problem] = field(default_factory=list)

    def doubts(self, name: str, naming: Naming, *, leads: bool) -> None:
        """Report unresolved names: a problem where one may lead; else, or kept as text, a warning."""
        for unknown in naming.unknown:
            aside = name == COORDINATE or unknown.role not in {None, "lead", "co_lead"}
            if unknown.reason == "repeat":
                self.problems.append(_doubt(name, unknown))
            elif unknown.sort == "outside" and leads:
                self.warnings.append(_kept(name, unknown.text))
            else:
                (self.warnings if aside else self.problems).append(_doubt(name, unknown))
        self.warnings += [_noted(name, note) for note in naming.notes]
        for phrase in naming.indefinite:
            aside = name == COORDINATE or phrase.role not in {None, "lead", "co_lead"}
            (self.warnings if aside else self.problems).append(_no_one(name, phrase))

    def lead(self, leading: Sequence[Mention]) -> None:
        codes = dict.fromkeys(code for mention in leading for code in mention.codes)
        roles = {code: Role.CO_LEAD if n else Role.LEAD for n, code in enumerate(codes)}
        for mention in leading:
            for code in mention.codes:
                self._add(code, roles[code], mention)
                if mention.position:
                    self._add(code, Role.ACCOUNTABLE, mention)

    def help(self, name: str, mention: Mention, role: Role, taken: set[str]) -> None:
        if mention.assumed:
            self.warnings.append(_assumed(name, mention.text))
        if role in LEADING:
            if name == COORDINATE:
                self.problems.append(_contradicts(mention.text))
            return
        if mention.kind == "group":
            self.warnings.append(_group_kept(name, mention.text))
            return
        for code in mention.codes:
            if role is not Role.COORDINATE or code not in taken:
                self._add(code, role, mention)

    def _add(self, code: str, role: Role, mention: Mention) -> None:
        self.assignments.append(NewAssignment(code, role, mention.position or None, mention.unit or None))

    def merged(self) -> tuple[NewAssignment, ...]:
        """One assignment for each agency and role, with every title and unit that was named."""
        same: dict[tuple[str, Role], list[NewAssignment]] = {}
        for item in self.assignments:
            same.setdefault((item.agency_code, item.role), []).append(item)
        return tuple(
            NewAssignment(code, role, _joined(i.position for i in items), _joined(i.unit for i in items))
            for (code, role), items in same.items()
        )


def _role(mention: Mention, default: Role) -> Role:
    return Role(mention.role) if mention.role else default


def _joined(words: Iterable[str | None]) -> str | None:
    return "; ".join(dict.fromkeys(word for word in words if word)) or None


def _doubt(name: str, item: Unknown) -> Problem:
    if item.reason == "dissolved":
        return dissolved_problem(name, item.text, item.suggestions, item.valid_to)
    if item.reason == "ambiguous":
        return ambiguous_problem(name, item.text, item.suggestions)
    if item.reason != "no_match":
        code, vi, en = _DOUBTS[item.reason]
        near_vi, near_en = nearest_sentences(item.suggestions)
        return Problem(
            name, code, vi.format(item.text, near_vi), en.format(item.text, near_en), item.suggestions
        )
    if item.sort == "outside":
        return _outside(name, item.text)
    if item.sort == "unit":
        return _unit(name, item)
    return unknown_problem(name, item.text, item.suggestions)


def _outside(name: str, text: str) -> Problem:
    return Problem(
        name,
        "agency_not_found",
        f"“{text}” không có trong danh mục nên không thể một mình chủ trì: ghi cơ quan này bằng {_NEW_AGENCY} rồi nhập lại, "
        "hoặc ghi cơ quan chủ trì có trong danh mục.",
        f"“{text}” is not in the catalogue and cannot lead alone: record it with {_NEW_AGENCY} and import again, or name "
        "an agency of the catalogue that leads.",
    )


def _unit(name: str, item: Unknown) -> Problem:
    near_vi, near_en = nearest_sentences(item.suggestions)
    return Problem(
        name,
        "agency_not_found",
        f"“{item.text}” là đơn vị của một cơ quan, nhưng không rõ của cơ quan nào hoặc danh mục chưa có: ghi kèm tên tỉnh, bộ; "
        f"nếu danh mục chưa có thì ghi đơn vị bằng {_NEW_AGENCY} với parent_code; đơn vị của nơi ban hành văn bản cần văn bản có "
        f"issuer_code, hoặc issued_by khi nhập.{near_vi}",
        f"“{item.text}” is a unit, but whose is not told or it is not in the catalogue: add the province or ministry; record "
        f"it with {_NEW_AGENCY} and its parent_code; for a unit of the issuer give the document's issuer_code, or issued_by "
        f"with the import.{near_en}",
        item.suggestions,
    )


def _no_one(name: str, item: Indefinite) -> Problem:
    if item.whose:
        return Problem(
            name,
            "agency_issuer_unknown",
            f"“{item.text}” là của tỉnh ban hành văn bản, nhưng văn bản không do một tỉnh ban hành hoặc danh mục chưa có các đơn vị "
            f"đó: ghi issuer_code của văn bản hoặc issued_by khi nhập, ghi đơn vị bằng {_NEW_AGENCY}, hoặc ghi tên từng cơ quan.",
            f"“{item.text}” are those of the province that issued the document, but no province did, or they are not recorded: "
            f"give the document's issuer_code or issued_by with the import, record them with {_NEW_AGENCY}, or name each.",
        )
    return Problem(
        name,
        "agency_indefinite",
        f"“{item.text}” không chỉ rõ cơ quan nào: ghi tên từng cơ quan hoặc một nhóm đã có.",
        f"“{item.text}” names no definite agency: name each agency, or a group that is recorded.",
        item.suggestions,
    )


def _nobody_leads(text: str) -> Problem:
    return Problem(
        LEAD,
        "agency_nobody_leads",
        f"“{text}” nêu cơ quan phối hợp hoặc chỉ đạo mà không nêu cơ quan chủ trì: ghi cơ quan chủ trì.",
        f"“{text}” names who coordinates or directs, and nobody who leads: name the lead.",
    )


def _contradicts(text: str) -> Problem:
    return Problem(
        COORDINATE,
        "agency_role_contradicts_column",
        f"“{text}” được ghi là chủ trì trong cột phối hợp: chuyển sang cột chủ trì, hoặc sửa vai trò.",
        f"“{text}” is said to lead in the column of those who coordinate: move it, or correct its role.",
    )


def _assumed(name: str, text: str) -> Problem:
    return Problem(
        name,
        "agency_role_assumed",
        f"“{text}” không ghi vai trò, đứng sau cơ quan được ghi chủ trì: hiểu là phối hợp, kiểm tra lại.",
        f"“{text}” has no role and stands behind an agency that leads: taken to coordinate; please check.",
    )


def _noted(name: str, note: str) -> Problem:
    return Problem(
        name,
        "agency_note",
        f"Chú thích “{note}” đứng kèm tên cơ quan không làm đổi phân công: kiểm tra xem chú thích có đổi việc giao cho ai không.",
        f"The note “{note}” beside an agency's name changes no assignment: check whether it changes who is meant.",
    )


def _kept(name: str, text: str) -> Problem:
    return Problem(
        name,
        "agency_kept_as_text",
        f"“{text}” không có trong danh mục: giữ nguyên văn, không có phân công riêng. Cần theo dõi thì ghi bằng {_NEW_AGENCY}.",
        f"“{text}” is not in the catalogue: kept as text, without an assignment. To follow it up, record it with {_NEW_AGENCY}.",
    )


def _group_kept(name: str, text: str) -> Problem:
    return Problem(
        name,
        "group_kept_as_text",
        f"“{text}” là một nhóm: giữ nguyên văn, không giao riêng từng thành viên phối hợp.",
        f"“{text}” is a group: kept as text, its members get no assignment to coordinate.",
    )
