"""The page of rules by which offices check us says what is done."""

from pathlib import Path

import pytest

from shared.naming.mentions import Mention
from tests.support.cells import read

PAGE = (Path(__file__).parents[2] / "docs" / "quy-tac-doc-ten-co-quan.md").read_text(encoding="utf-8")
RULES = [
    tuple(cell.strip() for cell in line.strip("|").split("|"))
    for line in PAGE.splitlines()
    if line.startswith("|") and not line.startswith(("| ô ghi", "|---"))
]
ROLE_WORDS = {"lead": "chủ trì", "co_lead": "đồng chủ trì", "coordinate": "phối hợp", "direct": "chỉ đạo"}
KINDS = {"agency": "", "group": "nhóm ", "list": "danh sách "}


def in_words(cell: str, issuer: str) -> str:
    """What a cell comes to, as the page says it."""
    naming = read(cell, issuer)
    kept = [each for each in naming.unknown if each.sort == "outside" and naming.found]
    if naming.indefinite or len(kept) < len(naming.unknown):
        return "từ chối"
    words = [KINDS[each.kind] + " ".join(each.codes) + _in_words(each) for each in naming.found]
    return "; ".join([*words, *(f"nguyên văn “{each.text}”" for each in kept)])


def _in_words(mention: Mention) -> str:
    role = f" {ROLE_WORDS[mention.role]}" if mention.role else ""
    position = f", chức danh “{mention.position}”" if mention.position else ""
    return role + position + (f", đơn vị “{mention.unit}”" if mention.unit else "")


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule[0])
def test_the_page_of_rules_says_what_is_done(rule: tuple[str, ...]) -> None:
    cell, *issuer, result = rule
    assert in_words(cell, "".join(issuer)) == result
