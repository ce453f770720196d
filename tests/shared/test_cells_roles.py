"""Roles as cells give them: lead, co-lead, coordinate, direct."""

import re

import pytest

from tests.support.cells import brief, read, said

ROLES = {
    "A chủ trì": ["A lead"],
    "A chủ trì, phối hợp với B": ["A lead", "B coordinate"],
    "A chủ trì, phối hợp B, C": ["A lead", "B coordinate", "C coordinate"],
    "A chủ trì phối hợp với B": ["A lead", "B coordinate"],
    "Giao A chủ trì, phối hợp cùng B và C": ["A lead", "B coordinate", "C coordinate"],
    "A (chủ trì), B (phối hợp)": ["A lead", "B coordinate"],
    "A (chủ trì), B, C (phối hợp)": ["A lead", "B coordinate", "C coordinate"],
    "A (cơ quan chủ trì); B (cơ quan phối hợp)": ["A lead", "B coordinate"],
    "A (chủ trì, phối hợp với B)": ["A lead", "B coordinate"],
    "A (phối hợp: B, C)": ["A", "B coordinate", "C coordinate"],
    "A (phối hợp với B), C": ["A", "B coordinate", "C"],
    "A (B phối hợp)": ["A", "B coordinate"],
    "A, B (phối hợp)": ["A", "B coordinate"],
    "- Chủ trì: A - Phối hợp: B": ["A lead", "B coordinate"],
    "- Chủ trì: A\n- Phối hợp: B, C": ["A lead", "B coordinate", "C coordinate"],
    "Cơ quan chủ trì: A; Cơ quan phối hợp: B": ["A lead", "B coordinate"],
    "Chủ trì: A. Đồng chủ trì: B. Phối hợp: C": ["A lead", "B co_lead", "C coordinate"],
    "A là cơ quan chủ trì, B là cơ quan phối hợp": ["A lead", "B coordinate"],
    "A chủ trì, B đồng chủ trì, C phối hợp thực hiện": ["A lead", "B co_lead", "C coordinate"],
    "A chỉ đạo B": ["A direct", "B"],
    "A chỉ đạo; B thực hiện": ["A direct", "B lead"],
    "A chỉ đạo B chủ trì, phối hợp với C": ["A direct", "B lead", "C coordinate"],
    "A chịu trách nhiệm; B chủ trì": ["A accountable", "B lead"],
    "A phối hợp với B": ["A", "B coordinate"],
    "Phối hợp với B": ["B coordinate"],
    "CT: A; PH: B": ["A lead", "B coordinate"],
    "A (CT), B (PH)": ["A lead", "B coordinate"],
    "A chủ trì, phối hợp với B; C chủ trì": ["A lead", "B coordinate", "C lead"],
    "A chủ trì, phối hợp với các cơ quan liên quan": ["A lead", "refused coordinate"],
    "A chủ trì xây dựng đề án": ["A lead", "refused coordinate"],
    "A, B, C (phối hợp)": ["refused"],
    "A, B (chủ trì)": ["refused"],
    "- A chủ trì, phối hợp với B\n- C": ["A lead", "refused"],
}
LETTERS = {"A": ("Bộ Nội vụ", "G09"), "B": ("Bộ Tài chính", "G12"), "C": ("Bộ Y tế", "G18")}


@pytest.mark.parametrize("pattern", ROLES)
def test_roles_as_they_are_written(pattern: str) -> None:
    codes = {letter: code for letter, (_, code) in LETTERS.items()}
    cell = re.sub(r"\b[ABC]\b", lambda match: LETTERS[match.group()][0], pattern)
    expected = [
        " ".join([codes.get(each.split()[0], each.split()[0]), *each.split()[1:]]) for each in ROLES[pattern]
    ]
    assert brief(cell) == expected


def test_who_stands_behind_a_lead_without_a_role_is_taken_to_help_and_said_so() -> None:
    lead, other = read("Bộ Nội vụ (chủ trì), Bộ Tài chính").found
    assert (said(lead), lead.assumed) == ("G09 lead", False)
    assert (said(other), other.assumed) == ("G12 coordinate", True)
