"""Vouchers of Treasury files: each comes whole, once, and under a document that may have been posted before."""

import pytest

from services.finance.domain.imports import vouchers
from tests.finance.treasury import csv, disbursed, outcomes, problems, send
from tests.finance.world import TI, FinanceService, line_body

DAY_ONE, DAY_TWO = "19/05/2025", "20/05/2025"


def row(reference: str, amount: str, day: str = DAY_ONE, agency: str = "G12") -> str:
    """`amount` in triệu đồng."""
    return f"1;{agency};TW;ĐTPT;CĐS;{amount};{day};{reference}"


async def numbers(service: FinanceService) -> list[str]:
    """Of the disbursements that hold."""
    held = await service.rows(
        "SELECT number FROM decisions AS known WHERE kind = 'disburse' AND reverses_id IS NULL AND NOT EXISTS "
        "(SELECT FROM decisions AS undo WHERE undo.reverses_id = known.id) ORDER BY number"
    )
    return [number for (number,) in held]


async def reverse(service: FinanceService, decision_id: str) -> None:
    await service.post(
        f"/decisions/{decision_id}/reversal", {"reason": "Tệp sai", "effective_on": "2025-05-20"}
    )


async def test_a_voucher_comes_whole_and_once(funded: FinanceService) -> None:
    same = "1;G12;TW;ĐTPT;CĐS;10;19/05/2025;PC01"
    twice = await send(funded, csv(same, same, "2;G12;TW;ĐTPT;CĐS;5;19/05/2025;PC01"))
    assert outcomes(twice) == ["accepted"] * 3  # a voucher may have equal lines
    assert await disbursed(funded) == 25 * 10**6
    corrected = await send(funded, csv(same, same, "2;G12;TW;ĐTPT;CĐS;6;19/05/2025;PC01"), partial="true")
    assert problems(corrected)[2] == ["voucher_changed"]
    assert twice["decisions"][0] in corrected["rows"][2]["problems"][0]["detail"]
    third = await send(funded, csv(same, same, same))
    assert outcomes(third) == ["unchanged", "unchanged", "refused"]
    assert await disbursed(funded) == 25 * 10**6
    await funded.post(
        f"/decisions/{twice['decisions'][0]}/reversal", {"reason": "Tệp sai", "effective_on": "2025-05-20"}
    )
    again = await send(funded, csv(same, "2;G12;TW;ĐTPT;CĐS;6;19/05/2025;PC01"))
    assert again["written"] is True
    assert await disbursed(funded) == 16 * 10**6


async def test_a_voucher_with_a_refused_line_is_refused_whole(funded: FinanceService) -> None:
    report = await send(
        funded,
        csv(
            "1;G12;TW;ĐTPT;CĐS;10;19/05/2025;PC01",
            "2;G12;TW;ĐTPT;CĐS;;19/05/2025;PC01",
            "3;G12;TW;ĐTPT;CĐS;1;19/05/2025;PC02",
        ),
        partial="true",
    )
    assert problems(report) == [["voucher_incomplete"], ["required"], []]
    assert await disbursed(funded) == 10**6


async def test_what_the_account_does_not_hold_is_refused_from_the_last_row_up(funded: FinanceService) -> None:
    rows = [f"{n};G12;TW;ĐTPT;CĐS;1.000.000;19/05/2025;PC0{n}" for n in range(1, 6)]
    report = await send(funded, csv(*rows), partial="true")
    assert outcomes(report) == ["accepted"] * 3 + ["refused"] * 2
    assert problems(report)[3:] == [["insufficient"]] * 2
    assert await disbursed(funded) == 3_000 * TI


async def test_a_voucher_of_two_days_is_refused_whole_where_one_of_them_is_short(
    funded: FinanceService,
) -> None:
    rows = (
        row("PC01", "1.000.000"),
        row("PC02", "100.000"),
        row("PC03", "2.800.000", DAY_TWO),  # fits once PC01 takes nothing
        row("PC01", "2.500.000", DAY_TWO),
    )
    dry = await send(funded, csv(*rows), partial="true", dry_run="true")
    report = await send(funded, csv(*rows), partial="true")
    assert problems(report) == problems(dry) == [["voucher_incomplete"], [], [], ["insufficient"]]
    assert [bool(shown["decision_id"]) for shown in report["rows"]] == [False, True, True, False]
    assert len(report["decisions"]) == 2
    assert await disbursed(funded) == 2_900 * TI
    assert await funded.rows("SELECT sum(line_count) FROM decisions WHERE kind = 'disburse'") == [(2,)]
    for kind in ("approve", "allocate"):
        await funded.decide(kind, line_body(4_000 * TI), effective_on="2025-05-01")
    again = await send(funded, csv(*rows))
    assert outcomes(again) == ["accepted", "unchanged", "unchanged", "accepted"]
    assert await disbursed(funded) == 6_400 * TI


async def test_a_decision_s_lines_are_cut_between_vouchers(
    funded: FinanceService, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(vouchers, "MAX_LINES", 3)
    rows = (row("PC01", "1"), row("PC02", "2"), row("PC03", "3"), row("PC02", "4"), row("PC03", "5"))
    report = await send(funded, csv(*rows), number="KB/19")
    first, second = report["decisions"]
    assert [shown["decision_id"] for shown in report["rows"]] == [first, first, second, first, second]
    assert await numbers(funded) == ["KB/19", "KB/19-2"]


async def test_a_voucher_longer_than_a_decision_is_refused(
    funded: FinanceService, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(vouchers, "MAX_LINES", 2)
    rows = [row("PC01", str(n)) for n in range(1, 4)] + [row("PC02", "1"), row("PC02", "1", DAY_TWO)]
    report = await send(funded, csv(*rows, row("PC02", "2", DAY_TWO)), partial="true")
    assert problems(report) == [["voucher_too_long"]] * 3 + [[]] * 3
    assert await disbursed(funded) == 4 * 10**6


async def test_a_refused_voucher_takes_no_money_from_the_others(funded: FinanceService) -> None:
    rows = (row("PC01", "1.500.000"), row("PC02", "1.400.000"), row("PC03", "1.500.000"), row("PC02", "1"))
    report = await send(funded, csv(*rows), partial="true")
    assert problems(report) == [[], ["voucher_incomplete"], [], ["insufficient"]]
    assert await disbursed(funded) == 3_000 * TI


async def test_a_document_s_later_file_is_posted_beside_the_earlier_ones(funded: FinanceService) -> None:
    rows = [row("PC01", "1"), row("PC02", "2", DAY_TWO)]
    first = await send(funded, csv(*rows), number="KB/05")
    rows.append(row("PC03", "3"))
    dry = await send(funded, csv(*rows), number="KB/05", dry_run="true")
    assert outcomes(dry) == ["unchanged", "unchanged", "accepted"]
    assert (await send(funded, csv(*rows), number="KB/05"))["written"] is True
    rows.append(row("PC04", "4"))
    assert (await send(funded, csv(*rows), number="KB/05"))["written"] is True
    assert await numbers(funded) == ["KB/05", "KB/05", "KB/05-2", "KB/05-3"]
    await reverse(funded, first["decisions"][0])
    assert outcomes(await send(funded, csv(*rows), number="KB/05")) == ["accepted", *["unchanged"] * 3]
    assert await numbers(funded) == ["KB/05", "KB/05", "KB/05-2", "KB/05-3"]
    assert await disbursed(funded) == 10 * 10**6


async def test_a_voucher_that_lost_a_line_is_a_changed_one(funded: FinanceService) -> None:
    whole = (row("PC01", "1"), row("PC01", "2"), row("PC01", "2"), row("PC02", "3"))
    posted = (await send(funded, csv(*whole)))["decisions"][0]
    less = await send(funded, csv(*whole[:2], whole[3]), partial="true")
    assert problems(less) == [["voucher_changed"], ["voucher_changed"], []]
    assert posted in less["rows"][0]["problems"][0]["detail"]
    assert [shown["decision_id"] for shown in less["rows"]] == [None, None, posted]
    assert less["written"] is False


@pytest.mark.parametrize("unread", [row("PC01", "x"), row("PC01", "2", agency="G99"), row("", "2")])
async def test_a_line_that_may_only_be_unreadable_is_not_lost(funded: FinanceService, unread: str) -> None:
    await send(funded, csv(row("PC01", "1"), row("PC01", "2")))
    report = await send(funded, csv(row("PC01", "1"), unread), partial="true")
    assert outcomes(report) == ["unchanged", "refused"]


async def test_a_voucher_of_two_days_names_both_decisions(funded: FinanceService) -> None:
    rows = (row("PC01", "1"), row("PC01", "2", DAY_TWO))
    posted = (await send(funded, csv(*rows)))["decisions"]
    again = await send(funded, csv(*rows))
    assert [shown["decision_id"] for shown in again["rows"]] == posted
    changed = await send(funded, csv(*rows, row("PC01", "3")), partial="true")
    assert all(decision in changed["rows"][2]["problems"][0]["detail"] for decision in posted)
    for decision in posted:
        await reverse(funded, decision)
    assert (await send(funded, csv(*rows, row("PC01", "3"))))["written"] is True
