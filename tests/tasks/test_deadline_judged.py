"""Phrases as offices of every level write them, each judged by a careful reader before it was read.

`right`: last in-time day, period with day/month, or kind; empty where no one day can be told. `plain`: an office would
expect it to be read without a person.
"""

import csv
from pathlib import Path

import pytest

from services.tasks.domain.deadlines import DeadlineFlag, DeadlineKind, Reading, read_deadline
from tests.support.deadlines import outcome

JUDGED = Path(__file__).parents[1] / "data" / "deadline_phrases_judged.csv"
ROWS = list(csv.DictReader(JUDGED.read_text(encoding="utf-8").splitlines(keepends=True)))
TELLING_NOTHING = {DeadlineFlag.URGENT, DeadlineFlag.OPEN_ENDED}  # of whether the reading is right
WAITING = {DeadlineKind.EVENT, DeadlineKind.REFERENCE}


def is_right(reading: Reading, right: str) -> bool:
    kind, due, _ = outcome(reading)
    return (due or kind) == right or (reading.kind in WAITING and right in WAITING)


def needs_a_person(reading: Reading) -> bool:
    unsure = set(reading.flags) - TELLING_NOTHING
    return bool(unsure) and (reading.kind not in WAITING)


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row["phrase"][:50])
def test_none_is_silently_wrong(row: dict[str, str]) -> None:
    reading = read_deadline(row["phrase"])
    definite = reading.kind not in {*WAITING, DeadlineKind.NONE}
    assert not definite or needs_a_person(reading) or is_right(reading, row["right"])


def test_of_the_plain_ones_at_most_one_in_twenty_needs_a_person() -> None:
    plain = [(row, read_deadline(row["phrase"])) for row in ROWS if row["plain"]]
    asked = [
        row["phrase"]
        for row, reading in plain
        if needs_a_person(reading) or not is_right(reading, row["right"])
    ]
    assert len(plain) > 450
    assert len(asked) <= len(plain) // 20, asked
