"""Which row of an annex is which task that an earlier import brought: recognised, asked about, never twice, never lost."""

from dataclasses import dataclass, field, replace
from typing import Any
from uuid import UUID, uuid4

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from services.tasks.domain.annexes.places import Place, annex_key, annex_named
from services.tasks.domain.annexes.recognition import Answer, KnownTask, Origin, Recognised, Verdict
from services.tasks.domain.deadlines import read_deadline
from services.tasks.domain.imports import ReadRow, understand
from services.tasks.use_cases.origins import recognise

Printed = tuple[str, str, str]  # section, number, title


def row(section: str, number: str, title: str, annex: str = "", deadline: str = "sớm") -> ReadRow:
    values = {"title": title, "lead_text": "Bộ Nội vụ", "deadline_text": deadline}
    read = understand(1, values, reading=read_deadline(deadline), lead=None, coordinate=None)
    read.place = Place(annex, (section,) if section else (), number)
    return read


def imported(*rows: ReadRow) -> list[KnownTask]:
    return [KnownTask(uuid4(), each.origin, each.place.number) for each in rows if each.origin]


def verdicts(known: list[KnownTask], *rows: ReadRow, **answers: Any) -> list[tuple[str, int | None]]:
    """What each row is, and which of the known tasks by its place in the list."""
    found, _ = recognise(rows, known, {int(key[1:]): answer for key, answer in answers.items()})
    places = {task.id: place for place, task in enumerate(known)}
    return [(each.verdict.value, places.get(each.task.id) if each.task else None) for each in found]


EDUCATION = "Xây dựng đề án chuyển đổi số ngành giáo dục"
HEALTH = "Ban hành kế hoạch kết nối dữ liệu y tế với bảo hiểm"
LAND = "Hoàn thành số hóa hồ sơ đất đai của các xã"
ONE, TWO = row("I", "1", EDUCATION), row("II", "1", HEALTH)


def test_the_same_rows_are_the_same_tasks() -> None:
    assert verdicts(imported(ONE, TWO), ONE, TWO) == [("same", 0), ("same", 1)]
    assert verdicts(imported(ONE, TWO), TWO, ONE) == [("same", 1), ("same", 0)]


def test_one_more_row_brings_one_more_task() -> None:
    moved = row("II", "2", HEALTH)
    assert verdicts(imported(ONE, TWO), ONE, row("II", "1", LAND), moved) == [
        ("same", 0),
        ("new", None),
        ("same", 1),
    ]


def test_spaces_and_capitals_change_nothing() -> None:
    assert verdicts(imported(ONE), row("i.", "1)", f" {EDUCATION.upper()}\n".replace(" ", "  "))) == [
        ("same", 0)
    ]


def test_d_and_the_letter_after_it_are_two_numbers() -> None:
    assert verdicts([], row("3", "d", EDUCATION), row("3", "đ", HEALTH)) == [("new", None), ("new", None)]


def test_other_words_at_the_same_place_are_a_change() -> None:
    assert verdicts(imported(ONE), row("I", "1", EDUCATION, deadline="Tháng 5/2026")) == [("changed", 0)]
    assert verdicts(imported(ONE), row("I", "1", f"{EDUCATION} và đào tạo")) == [("changed", 0)]


def test_what_may_be_an_old_row_under_a_new_number_is_asked() -> None:
    known = imported(ONE, TWO)
    for other in (
        row("I", "7", f"{EDUCATION} và đào tạo"),  # touched up and renumbered
        row("III", "1", EDUCATION, deadline="Tháng 5/2026"),  # moved, with another deadline
        row("I", "7", f"{EDUCATION}, báo cáo Thủ tướng Chính phủ trước kỳ họp"),  # much longer
        row("I", "7", EDUCATION.replace("Xây dựng", "Hoàn thiện")),  # a word replaced
        row("I", "1", LAND),  # another task, or the old one rewritten
    ):
        found, _ = recognise([other], known, {})
        assert (found[0].verdict, found[0].candidates[0]) == (Verdict.QUESTION, known[0]), other.title


def test_a_question_can_be_answered() -> None:
    known = imported(ONE, TWO)
    asked = row("I", "7", f"{EDUCATION} và đào tạo")
    assert verdicts(known, asked, _0=Answer.NEW) == [("new", None)]
    assert verdicts(known, asked, _0=known[0].id) == [("same", 0)]
    assert verdicts(known, asked, _0=uuid4()) == [("answer_wrong", None)]
    assert verdicts(known, asked, row("I", "8", LAND), _0=known[0].id, _1=known[0].id) == [
        ("same", 0),
        ("answer_wrong", None),
    ]
    changed = row("I", "1", EDUCATION, deadline="Tháng 5/2026")
    assert verdicts(known, changed, _0=Answer.NEW) == [("new", None)]
    assert verdicts(known, ONE, _0=Answer.NEW) == [("same", 0)]


def test_two_annexes_live_side_by_side() -> None:
    first = row("I", "1", EDUCATION, "Phụ lục I")
    second = row("I", "1", HEALTH, "Phụ lục II")
    assert verdicts(imported(first), second) == [("new", None)]
    assert verdicts(imported(first, second), second, first) == [("same", 1), ("same", 0)]
    assert verdicts(imported(first), replace(first, place=Place("PHỤ LỤC SỐ 1", ("I",), "1"))) == [
        ("same", 0)
    ]


def test_the_same_words_in_another_annex_are_asked_about_not_taken() -> None:
    first, second = row("I", "1", EDUCATION, "Phụ lục I"), row("I", "1", EDUCATION, "Phụ lục II")
    assert verdicts(imported(first), second) == [("question", None)]
    assert verdicts(imported(first, second), first, second) == [("same", 0), ("same", 1)]


def test_an_annex_that_was_not_named_may_be_any() -> None:
    named = row("I", "1", EDUCATION, "Phụ lục I")
    assert verdicts(imported(ONE), named) == [("same", 0)]
    assert verdicts(imported(named), ONE) == [("same", 0)]
    assert verdicts(imported(ONE), row("II", "4", EDUCATION, "Phụ lục I")) == [("same", 0)]


def test_words_that_stand_twice_are_told_apart_by_number_then_by_section() -> None:
    known = imported(row("I", "1", EDUCATION), row("II", "1", EDUCATION))
    same = verdicts(known, row("I", "1", EDUCATION), row("II", "1", EDUCATION), row("III", "1", EDUCATION))
    assert same == [("same", 0), ("same", 1), ("new", None)]
    assert verdicts(known, row("I", "4", EDUCATION), row("II", "9", EDUCATION)) == [("same", 0), ("same", 1)]
    asked = verdicts(known, row("II", "1", EDUCATION), row("III", "1", EDUCATION))
    assert asked == [
        ("question", None),
        ("question", None),
    ]  # a section was put before them, or one went and one came


def test_a_number_that_repeats_is_refused_the_second_time() -> None:
    assert verdicts([], ONE, row("I", "1", LAND), row("I", "2", LAND)) == [
        ("new", None), ("repeated", None), ("new", None),
    ]  # fmt: skip
    assert verdicts([], row("I", "", LAND), row("I", "", EDUCATION), row("I", "", LAND))[-1] == (
        "repeated",
        None,
    )


def test_tasks_that_the_file_no_longer_gives_are_named() -> None:
    known = imported(ONE, TWO, row("I", "2", LAND, "Phụ lục II"))
    _, missing = recognise([replace(ONE, place=Place("Phụ lục I", ("I",), "1"))], known, {})
    assert missing == [known[1]]
    _, everything = recognise([ONE], known, {})
    assert everything == known[1:]


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Phụ lục I", "PHỤ LỤC SỐ 1"), ("PL02", "Phụ lục II: Danh mục nhiệm vụ"), ("PL.IV", "phụ lục 4"),
        ("Phụ lục II-A", "Phụ lục 2A"), ("Danh  mục 1", "danh mục 1"),
    ],
)  # fmt: skip
def test_annexes_that_are_one(one: str, other: str) -> None:
    assert annex_key(one) == annex_key(other)


@pytest.mark.parametrize(
    ("one", "other"), [("Phụ lục I", "Phụ lục II"), ("Phụ lục", "Phụ lục I"), ("Phụ lục 1A", "Phụ lục 1B")]
)
def test_annexes_that_are_two(one: str, other: str) -> None:
    assert annex_key(one) != annex_key(other)


def test_a_line_that_names_an_annex() -> None:
    assert annex_named("PHỤ LỤC III") == "Phụ lục III"
    assert annex_named("Phụ lục 2. Nhiệm vụ giao năm 2026") == "Phụ lục 2"
    assert annex_named("Phụ lục kèm theo Nghị quyết") == ""
    assert annex_named("PL trang") == ""


# --- any history of edits


SUBJECTS = [
    "giáo dục",
    "y tế",
    "đất đai",
    "dân cư",
    "bảo hiểm",
    "hộ tịch",
    "thuế",
    "hải quan",
    "doanh nghiệp",
]
WORKS = [
    "Xây dựng cơ sở dữ liệu",
    "Ban hành kế hoạch",
    "Kết nối nền tảng",
    "Báo cáo kết quả",
    "Sửa đổi nghị định",
]
ADDED = [" năm 2026", " và đào tạo", ", trình Thủ tướng", " theo quy định"]


@dataclass
class Duty:
    """What the document means, whatever is printed: `name` never changes; `done` are the tasks recorded for it."""

    name: UUID
    section: str
    title: str
    deadline: str = "sớm"
    done: set[UUID] = field(default_factory=set)


class Annexes(RuleBasedStateMachine):
    """An office edits its annexes and imports them again. Answers are those of one who knows the document."""

    def __init__(self) -> None:
        super().__init__()
        self.annexes: dict[str, list[Duty]] = {"Phụ lục I": [], "Phụ lục II": []}
        self.known: dict[UUID, KnownTask] = {}
        self.owner: dict[UUID, UUID] = {}  # of each task, the duty it was recorded for
        self.silent: list[str] = []

    def _duties(self) -> list[Duty]:
        return [duty for duties in self.annexes.values() for duty in duties]

    @rule(annex=st.sampled_from(["Phụ lục I", "Phụ lục II"]), place=st.integers(0, 8), section=st.sampled_from("ABC"),
          work=st.sampled_from(WORKS), subject=st.sampled_from(SUBJECTS))  # fmt: skip
    def insert(self, annex: str, place: int, section: str, work: str, subject: str) -> None:
        self.annexes[annex].insert(place, Duty(uuid4(), section, f"{work} {subject}"))

    @precondition(lambda self: self._duties())
    @rule(data=st.data())
    def remove(self, data: st.DataObject) -> None:
        gone = data.draw(st.sampled_from(self._duties()))
        for duties in self.annexes.values():
            duties[:] = [duty for duty in duties if duty is not gone]

    @precondition(lambda self: self._duties())
    @rule(data=st.data(), added=st.sampled_from(ADDED))
    def reword(self, data: st.DataObject, added: str) -> None:
        data.draw(st.sampled_from(self._duties())).title += added

    @precondition(lambda self: self._duties())
    @rule(data=st.data())
    def replace_word(self, data: st.DataObject) -> None:
        duty = data.draw(st.sampled_from(self._duties()))
        duty.title = duty.title.replace("Xây dựng", "Hoàn thiện").replace("Ban hành", "Trình ban hành")

    @precondition(lambda self: self._duties())
    @rule(data=st.data(), deadline=st.sampled_from(["Tháng 5/2026", "Quý I/2027"]))
    def postpone(self, data: st.DataObject, deadline: str) -> None:
        data.draw(st.sampled_from(self._duties())).deadline = deadline

    @precondition(lambda self: self._duties())
    @rule(data=st.data(), section=st.sampled_from("ABCD"))
    def move_to_section(self, data: st.DataObject, section: str) -> None:
        data.draw(st.sampled_from(self._duties())).section = section

    @rule(old=st.sampled_from("ABC"), new=st.sampled_from("DEF"))
    def rename_section(self, old: str, new: str) -> None:
        for duty in self._duties():
            duty.section = new if duty.section == old else duty.section

    @rule(turned=st.booleans())
    def import_all(self, *, turned: bool) -> None:
        """As printed: numbered anew in each section; what is asked is answered truly, until nothing is asked."""
        printed = list(self._print())
        printed = printed[::-1] if turned else printed
        rows, duties = [each for each, _ in printed], [duty for _, duty in printed]
        answers: dict[int, Answer | UUID] = {}
        for _ in range(3):
            found, _ = recognise(rows, list(self.known.values()), answers)
            asked = {n for n, each in enumerate(found) if each.verdict in {Verdict.QUESTION, Verdict.CHANGED}}
            if not asked:
                break
            for n in asked:
                mine = [task for task, owner in self.owner.items() if owner == duties[n].name]
                answers[n] = mine[0] if mine else Answer.NEW
        assert not asked, "a true answer settles a question"
        assert len(found) == len(rows)
        self._record(rows, duties, found)

    def _print(self) -> list[tuple[ReadRow, Duty]]:
        printed = []
        for annex, duties in self.annexes.items():
            numbers: dict[str, int] = {}
            for duty in sorted(duties, key=lambda duty: duty.section):
                numbers[duty.section] = number = numbers.get(duty.section, 0) + 1
                printed.append((row(duty.section, str(number), duty.title, annex, duty.deadline), duty))
        return printed

    def _record(self, rows: list[ReadRow], duties: list[Duty], found: list[Recognised]) -> None:
        recorded = zip(rows, duties, found, strict=True)
        # new ones last: of two duties of the same words either may have the task of the other
        for each, duty, is_ in sorted(recorded, key=lambda one: one[2].verdict is Verdict.NEW):
            assert is_.verdict in {Verdict.NEW, Verdict.SAME}, "every row is written or accounted for"
            task = is_.task.id if is_.task else uuid4()
            if is_.verdict is Verdict.NEW:
                self.owner[task] = duty.name
                if any(owner == duty.name for other, owner in self.owner.items() if other != task):
                    self.silent.append(f"twice: {duty.title}")
            elif self.owner[task] != duty.name and self._distinguishable(duty, task):
                self.silent.append(f"taken for another: {duty.title}")
            else:
                self.owner[task] = duty.name
            duty.done.add(task)
            origin = each.origin
            assert origin is not None
            self.known[task] = KnownTask(task, origin, each.ref)

    def _distinguishable(self, duty: Duty, task: UUID) -> bool:
        """Two duties of the same words are each other's equal to all who read the file."""
        return self.known[task].origin.title.casefold() != duty.title.casefold()

    @invariant()
    def nothing_twice_and_nothing_taken_for_another(self) -> None:
        assert not self.silent

    @invariant()
    def a_task_is_one_rows(self) -> None:
        claimed = [task for duty in self._duties() for task in duty.done]
        assert len(claimed) == len(set(claimed)) or all(
            self._same_words(task) for task in claimed if claimed.count(task) > 1
        )

    def _same_words(self, task: UUID) -> bool:
        titles = {duty.title for duty in self._duties() if task in duty.done}
        return len(titles) == 1


Annexes.TestCase.settings = settings(max_examples=60, stateful_step_count=25, deadline=None)
TestAnnexes = Annexes.TestCase


def test_an_origin_is_what_a_row_is_known_by() -> None:
    assert ONE.origin == Origin(Place("", ("I",), "1"), EDUCATION, ONE.digest)
    assert replace(ONE, digest="").origin is None
