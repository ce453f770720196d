import logging

import pytest

from shared.errors import TooLarge
from shared.imports.rows import Problem, guarded


def reads(text: str) -> str:
    return str(1 // len(text))


def test_a_row_that_breaks_is_its_own_problem_and_stands_in_the_log(caplog: pytest.LogCaptureFixture) -> None:
    failed: list[Problem] = []

    def fail(problem: Problem) -> str:
        failed.append(problem)
        return "refused"

    with caplog.at_level(logging.ERROR):
        read = [guarded(number, lambda text=text: reads(text), fail) for number, text in ((7, ""), (8, "a"))]
    assert read == ["refused", "1"]
    [problem] = failed
    assert (problem.field, problem.code) == ("row", "row_failed")
    assert "dòng 7" in problem.detail
    assert "Row 7" in problem.detail_en
    [record] = caplog.records
    assert record.exc_info
    assert record.exc_info[0] is ZeroDivisionError


def test_a_refusal_of_the_whole_file_stays_one() -> None:
    def refuse() -> str:
        raise TooLarge("too_many", "Quá nhiều.", "Too many.")

    with pytest.raises(TooLarge):
        guarded(1, refuse, lambda problem: problem.code)
