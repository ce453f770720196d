"""How a deadline is read: the tables below are the specification, one phrase and its reading per line."""

import csv
import re
import sys
import unicodedata
from datetime import date, timedelta
from pathlib import Path
from types import FrameType

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.tasks.domain.deadlines import (
    FLAG_SENTENCES,
    DeadlineFlag,
    DeadlineKind,
    Period,
    Recurrence,
    accounting,
    contexts,
    cues,
    deciding,
    durations,
    forms,
    marks,
    mentions,
    read_deadline,
    recurrences,
    spelling,
    tokens,
    words,
)
from shared.errors import InvalidInput

SAMPLE = (Path(__file__).parents[1] / "data" / "deadline_phrases_sample.csv").read_text(encoding="utf-8")
RECURRENCES = {"monthly": "month", "quarterly": "quarter", "yearly": "year", "": None}


def table(text: str) -> list[tuple[str, ...]]:
    return [tuple(cell.strip() for cell in line.split("|")) for line in text.strip().splitlines()]


@pytest.mark.parametrize("row", list(csv.DictReader(SAMPLE.splitlines())), ids=lambda row: row["phrase"][:40])
def test_real_phrases(row: dict[str, str]) -> None:
    reading = read_deadline(row["phrase"])
    assert (reading.kind, str(reading.start_on or ""), str(reading.due_on or "")) == (
        row["kind"],
        row["start"],
        row["due"],
    )
    assert (reading.recurrence.every if reading.recurrence else None) == RECURRENCES[row["recurrence"]]
    assert reading.text == row["phrase"]


# phrase | kind | first day | last in-time day
DATED = """
Tháng 5/2025                                   | month   | 2025-05-01 | 2025-05-31
05/2025                                        | month   | 2025-05-01 | 2025-05-31
THÁNG 5-2025                                   | month   | 2025-05-01 | 2025-05-31
T5/2025                                        | month   | 2025-05-01 | 2025-05-31
T.5 năm 2025                                   | month   | 2025-05-01 | 2025-05-31
tháng mười một năm 2025                        | month   | 2025-11-01 | 2025-11-30
hoàn thành trong tháng 11 năm 2025             | month   | 2025-11-01 | 2025-11-30
cuối tháng 12/2025                             | month   | 2025-12-01 | 2025-12-31
hạ tuần tháng 12/2025                          | month   | 2025-12-01 | 2025-12-31
chậm nhất đến hết tháng 02/2028                | month   | 2028-02-01 | 2028-02-29
đến tháng 6/2026                               | month   | 2026-06-01 | 2026-06-30
Trình Chính phủ tháng 12/2025                  | month   | 2025-12-01 | 2025-12-31
tại Kỳ họp thứ 10 (tháng 10/2025)              | month   | 2025-10-01 | 2025-10-31
quý IV/2025                                    | quarter | 2025-10-01 | 2025-12-31
Quý 4 năm 2025                                 | quarter | 2025-10-01 | 2025-12-31
Q4/2025                                        | quarter | 2025-10-01 | 2025-12-31
hết quý III/2025                               | quarter | 2025-07-01 | 2025-09-30
quý tư năm 2025                                | quarter | 2025-10-01 | 2025-12-31
quý cuối năm 2025                              | quarter | 2025-10-01 | 2025-12-31
Qúy IV-2025                                    | quarter | 2025-10-01 | 2025-12-31
trong quý I năm 2026                           | quarter | 2026-01-01 | 2026-03-31
6 tháng đầu năm 2026                           | half    | 2026-01-01 | 2026-06-30
trong 6 tháng cuối năm 2025                    | half    | 2025-07-01 | 2025-12-31
sáu tháng cuối năm 2025                        | half    | 2025-07-01 | 2025-12-31
nửa đầu năm 2026                               | half    | 2026-01-01 | 2026-06-30
9 tháng đầu năm 2025                           | date    | 2025-01-01 | 2025-09-30
năm 2025                                       | year    | 2025-01-01 | 2025-12-31
2025                                           | year    | 2025-01-01 | 2025-12-31
cuối năm 2025                                  | year    | 2025-01-01 | 2025-12-31
trước khi kết thúc năm 2025                    | year    | 2025-01-01 | 2025-12-31
đến năm 2030                                   | year    | 2030-01-01 | 2030-12-31
hoàn thành đến năm 2030                        | year    | 2030-01-01 | 2030-12-31
Thời hạn thực hiện kế hoạch: đến năm 2030      | year    | 2030-01-01 | 2030-12-31
xong trong 2025                                | year    | 2025-01-01 | 2025-12-31
Bộ Công an hoàn thành năm 2025                 | year    | 2025-01-01 | 2025-12-31
15/11/2025                                     | date    |            | 2025-11-15
15-11-2025                                     | date    |            | 2025-11-15
15.11.2025                                     | date    |            | 2025-11-15
2025-11-15                                     | date    |            | 2025-11-15
15/11 năm 2025                                 | date    |            | 2025-11-15
ngày 15 tháng 11 năm 2025                      | date    |            | 2025-11-15
29/02/2028                                     | date    |            | 2028-02-29
đến hết ngày 31/12/2025                        | date    |            | 2025-12-31
chậm nhất là ngày 31/3/2026                    | date    |            | 2026-03-31
muộn nhất 31/3/2026                            | date    |            | 2026-03-31
không muộn hơn ngày 31/3/2026                  | date    |            | 2026-03-31
không sau ngày 31/3/2026                       | date    |            | 2026-03-31
Hạn cuối: 15/11/2025                           | date    |            | 2025-11-15
Tổ chức Hội nghị sơ kết ngày 20/12/2025        | date    |            | 2025-12-20
trước 30/6/2026                                | date    |            | 2026-06-29
trước ngày 01 tháng 7 năm 2026                 | date    |            | 2026-06-30
trước thứ Sáu, ngày 14/11/2025                 | date    |            | 2025-11-13
truoc ngay 15/11/2025                          | date    |            | 2025-11-14
trước (ngày) 15/11/2025                        | date    |            | 2025-11-14
(hoàn thành) trong tháng 11/2025                | month   | 2025-11-01 | 2025-11-30
từ (ngày) 01/5/2026                             | date    |            | 2026-05-01
trước tháng 6/2026                             | date    |            | 2026-05-31
trước quý IV/2025                              | date    |            | 2025-09-30
trước năm 2026                                 | date    |            | 2025-12-31
trước 17 giờ 00 ngày 15/10/2025                | date    |            | 2025-10-15
trước 0 giờ ngày 15/10/2025                    | date    |            | 2025-10-14
từ ngày 01/5/2026                              | date    |            | 2026-05-01
kể từ 01/5/2026                                | date    |            | 2026-05-01
từ tháng 5/2026                                | date    |            | 2026-05-01
ngay từ đầu năm 2026                           | date    |            | 2026-01-01
bắt đầu tháng 7/2026                           | date    |            | 2026-07-01
từ 01/5 đến 31/5/2026                          | date    | 2026-05-01 | 2026-05-31
từ 01/11 đến 31/3/2026                         | date    | 2025-11-01 | 2026-03-31
từ ngày 15 đến ngày 20/11/2025                 | date    | 2025-11-15 | 2025-11-20
15-20/11/2025                                  | date    | 2025-11-15 | 2025-11-20
từ 15 đến 20/11/2025                           | date    | 2025-11-15 | 2025-11-20
từ tháng 5 đến tháng 9/2025                    | month   | 2025-05-01 | 2025-09-30
tháng 5-9/2025                                 | month   | 2025-05-01 | 2025-09-30
quý III-IV/2025                                | quarter | 2025-07-01 | 2025-12-31
trong 2 năm 2025-2026                          | year    | 2025-01-01 | 2026-12-31
từ năm 2026 đến năm 2030                       | year    | 2026-01-01 | 2030-12-31
hoàn thành trong giai đoạn 2026-2030           | year    | 2026-01-01 | 2030-12-31
giai đoạn 2025-2030                            | year    | 2025-01-01 | 2030-12-31
từ nay đến hết quý I/2026                      | quarter | 2026-01-01 | 2026-03-31
"""


@pytest.mark.parametrize(("phrase", "kind", "start", "due"), table(DATED))
def test_dated_forms(phrase: str, kind: str, start: str, due: str) -> None:
    reading = read_deadline(phrase)
    assert (reading.kind, str(reading.start_on or ""), str(reading.due_on)) == (kind, start, due)
    assert reading.flags == ()


# sentence | last in-time day: another date in it belongs to something else
IN_SENTENCES = """
Thường xuyên rà soát, hoàn thành trước 15/11/2025                                                   | 2025-11-14
Thực hiện Thông báo số 45-TB/TGV ngày 30/9/2025, hoàn thành trước ngày 15/11/2025                   | 2025-11-14
Theo Nghị quyết số 71/NQ-CP ngày 01/4/2025 của Chính phủ, hoàn thành trong quý III/2025             | 2025-09-30
Thực hiện Kết luận tại Thông báo số 07-TB/CQTTBCĐ ngày 15/10/2025, đến hết 30/11/2025 phải xong     | 2025-11-30
Trình ban hành Nghị định thay thế Nghị định số 73/2019/NĐ-CP trong tháng 11/2025                    | 2025-11-30
Nghị quyết số 193/2025/QH15 có hiệu lực từ ngày 19/02/2025; hoàn thành trước ngày 01/7/2026         | 2026-06-30
Theo Quyết định số 1527 ngày 10/10/2025 của Thủ tướng, thời hạn trong tháng 11/2025                 | 2025-11-30
Ngày 15/10/2025, Thủ tướng yêu cầu hoàn thành trước ngày 15/11/2025                                 | 2025-11-14
Ban hành Chiến lược kinh tế số đến năm 2030, tầm nhìn đến năm 2045 trong quý IV/2025                | 2025-12-31
Hoàn thành trước ngày 15/11/2025 Kế hoạch năm 2026 và Chiến lược đến năm 2030                       | 2025-11-14
Xây dựng dự toán năm 2026 trong tháng 11/2025                                                       | 2025-11-30
Báo cáo số liệu tính đến 31/12/2025 trước ngày 15/01/2026                                           | 2026-01-14
Báo cáo quý IV/2025 trước ngày 10/01/2026                                                           | 2026-01-09
100% xã hoàn thành 40/61 tiện ích trong quý IV/2025                                                 | 2025-12-31
Trước ngày 15/11/2025, 12 tỉnh hoàn thành kết nối                                                   | 2025-11-14
Triển khai ngay trong năm 2025, hoàn thành trước ngày 30/10/2025                                    | 2025-10-29
Hoàn thành trong quý IV/2025 (chậm nhất ngày 20/12/2025)                                            | 2025-12-20
Trước ngày 15/12/2025 (trong quý IV/2025)                                                           | 2025-12-14
Trong tháng 10/2025, chậm nhất là ngày 15/11/2025                                                   | 2025-11-15
Đầu năm 2026, chậm nhất tháng 3/2026                                                                | 2026-03-31
Thí điểm từ tháng 9/2025, hoàn thành trước ngày 15/12/2025                                          | 2025-12-14
Sau ngày 01/10/2025, hoàn thành trước ngày 15/11/2025                                               | 2025-11-14
Lùi thời hạn từ 30/6/2025 sang 30/9/2025                                                            | 2025-09-30
Trong 30 ngày, trước ngày 15/11/2025                                                                | 2025-11-14
Thực hiện theo lộ trình, chậm nhất đến hết tháng 02/2026                                            | 2026-02-28
Báo cáo theo Nghị quyết số 57-NQ/TW, thời hạn 31/12/2025                                            | 2025-12-31
Đến hết năm 2025, hồ sơ trực tuyến đạt 80%                                                          | 2025-12-31
Phủ sóng 5G toàn quốc đến năm 2030                                                                  | 2030-12-31
Ngân hàng Nhà nước hoàn thành trong tháng 11/2025                                                   | 2025-11-30
"""


@pytest.mark.parametrize(("sentence", "due"), table(IN_SENTENCES))
def test_the_governed_date_of_a_sentence(sentence: str, due: str) -> None:
    reading = read_deadline(sentence)
    assert (str(reading.due_on), reading.flags) == (due, ())


# phrase | every | day | month of the period | flags
RECURRING = """
định kỳ hằng tháng                                     | month   |    |    |
Báo cáo hàng quý                                       | quarter |    |    |
hằng năm                                               | year    |    |    |
định kỳ trước ngày 20 hàng tháng                       | month   | 19 |    |
trước ngày 25 mỗi tháng                                | month   | 24 |    |
ngày 20 hằng tháng                                     | month   | 20 |    |
từ ngày 20 đến ngày 25 hằng tháng                      | month   | 25 |    |
trước ngày 01 hằng tháng                               | month   |    |    |
mỗi tháng một lần                                      | month   |    |    |
1 lần/quý                                              | quarter |    |    |
định kỳ vào cuối quý                                   | quarter |    |    |
định kỳ hằng quý trước ngày 15 của tháng cuối quý      | quarter | 14 |    |
hằng quý, trước ngày 10 của tháng đầu quý sau          | quarter | 9  | 1  |
hằng quý, trước ngày 01 của tháng cuối quý             | quarter |    | 2  |
trước ngày 15/12 hằng năm                              | year    | 14 |    |
đến ngày 30 tháng 11 hằng năm                          | year    | 30 | 11 |
hằng năm, trước ngày 31/01 năm sau                     | year    | 30 | 1  |
quý I hằng năm                                         | year    |    | 3  |
trước quý II hằng năm                                  | year    |    | 3  |
trước tháng 12 hằng năm                                | year    |    | 11 |
trước ngày 20 hằng quý                                 | quarter | 19 |    | ambiguous
thường xuyên, báo cáo hằng quý                         | quarter |    |    |
định kỳ hằng tháng đến hết năm 2025                    | month   |    |    | bounded
từ ngày 01/01/2026, báo cáo hằng quý                   | quarter |    |    | bounded
báo cáo hằng tháng đến hết năm                         | month   |    |    | year_missing bounded
hằng tuần                                              | week    |    |    |
báo cáo định kỳ                                        |         |    |    | period_unknown
định kỳ 6 tháng                                        | half    |    |    |
3 tháng một lần                                        | quarter |    |    |
hằng tháng, quý, năm                                   |         |    |    | period_unknown
ngày 15 và 30 hằng tháng                               |         |    |    | several_dates
trước ngày 15/6 và 15/12 hằng năm                      |         |    |    | several_dates
trước ngày 32 hằng tháng                               |         |    |    | invalid_date
"""


@pytest.mark.parametrize(("phrase", "every", "day", "month", "flags"), table(RECURRING))
def test_recurring_forms(phrase: str, every: Period, day: str, month: str, flags: str) -> None:
    reading = read_deadline(phrase)
    expected = Recurrence(every, int(day) if day else None, int(month) if month else None) if every else None
    assert (reading.kind, reading.recurrence, " ".join(reading.flags)) == ("recurring", expected, flags)
    assert reading.due_on is None


# phrase | kind | flags
WITHOUT_A_DATE = """
thường xuyên                                                   | standing  |
Thường xuyên, kịp thời                                         | standing  |
Thường xuyên, liên tục                                         | standing  |
kinh phí chi thường xuyên                                      | none      | undated
tại Kỳ họp thứ 10                                              | event     |
trước kỳ họp cuối năm                                          | event     |
có hiệu lực thi hành cùng thời điểm với luật                   | event     |
kể từ ngày ký                                                  | event     |
ngay sau khi Luật được thông qua                               | event     | conditional
khi có yêu cầu                                                 | event     | conditional
trước Tết Nguyên đán 2026                                      | event     |
trong vòng 30 ngày kể từ ngày ký                               | event     | relative
trong vòng 30 ngày kể từ ngày 15/10/2025                       | event     | relative
chậm nhất 15 ngày trước khi khai mạc                           | event     | relative
trong 10 ngày làm việc                                         | event     | relative working_days
theo Quyết định phê duyệt của từng nền tảng                    | reference |
theo chương trình lập pháp của Quốc hội                        | reference |
theo đúng lộ trình đã đề ra                                    | reference |
Theo dõi, đôn đốc các đơn vị                                   | none      | undated
dữ liệu theo thời gian thực                                    | none      | undated
                                                               | none      | undated
khẩn trương                                                    | none      | undated urgent
sớm                                                            | none      | undated urgent
ngay                                                           | none      | undated urgent
bảo đảm hiệu quả, đúng tiến độ                                 | none      | undated
40/61                                                          | none      | undated
đến 10/12 nhiệm vụ                                             | none      | undated
hỗ trợ người dân 24/7                                                           | none      | undated
Nghị định số 118/2025/NĐ-CP                                    | none      | undated
NQ193/2025/QH15                                                | none      | undated
Sửa đổi Luật Khoa học và Công nghệ (2013)                      | none      | undated
dự án 2025 tỷ đồng                                             | none      | undated
tăng trưởng bình quân hằng năm                                 | none      | undated
Chiến lược phát triển đến năm 2030                             | none      | undated horizon_ignored
Đề án nhân lực đến năm 2030, định hướng đến năm 2045           | none      | undated horizon_ignored
chỉ tiêu đến năm 2030: 80% dịch vụ                             | none      | undated horizon_ignored
chỉ tiêu đến hết năm 2025: 80%                                 | none      | undated horizon_ignored
Mục tiêu: đến năm 2030 đạt 80%                                 | none      | undated horizon_ignored
nâng lên 2% GDP trong 5 năm tiếp theo                          | none      | undated horizon_ignored
Quy định số 05-QĐ/BCĐTW ngày 27/8/2025                         | none      | undated citation_ignored
Nghị quyết số 57-NQ/TW của Bộ Chính trị ngày 22 tháng 12 năm 2024 | none   | undated citation_ignored
Kết luận của Thủ tướng tại cuộc họp ngày 15/10/2025            | none      | undated citation_ignored
Quyết định số 06 ban hành vào ngày 06/01/2022                  | none      | undated citation_ignored
Thông tư 02/2025                                               | none      | undated citation_ignored
Nghị định 47/2024 ngày 9/5/2024                                | none      | undated citation_ignored
quy hoạch giai đoạn 2025-2030                                  | none      | undated period_ignored
dự toán ngân sách 2025 - 2026                                  | none      | undated period_ignored
nhiệm vụ năm 2025                                              | none      | undated period_ignored
Luật Đất đai năm 2024                                          | none      | undated period_ignored
báo cáo tháng 5/2025                                           | none      | undated period_ignored
số liệu tính đến ngày 9/3/2026                                 | none      | undated period_ignored
trước ngày 15/11                                               | none      | undated year_missing
15/11/25                                                       | none      | undated year_missing
trong tháng 11                                                 | none      | undated year_missing
quý IV                                                         | none      | undated year_missing
6 tháng cuối năm                                               | none      | undated year_missing
trong năm nay                                                  | none      | undated year_missing
năm nay                                                        | none      | undated year_missing
31/02/2026                                                     | none      | undated invalid_date
29/02/2025                                                     | none      | undated invalid_date
trước ngày 30/02                                               | none      | undated invalid_date
31/11                                                          | none      | undated invalid_date
tháng 13/2025                                                  | none      | undated invalid_date
quý V/2025                                                     | none      | undated invalid_date
từ 31/5/2026 đến 01/5/2026                                     | none      | undated invalid_date
15/11/0025                                                     | none      | undated year_out_of_range
năm 9999                                                       | none      | undated year_out_of_range
đầu tháng 12/2025                                              | none      | undated vague_part
giữa năm 2026                                                  | none      | undated vague_part
khoảng tháng 11/2025                                           | none      | undated vague_part
tuần 2 tháng 11/2025                                           | none      | undated vague_part
sau ngày 15/11/2025                                            | none      | undated after_only
trước ngày 15/8/2026 âm lịch                                   | none      | undated ambiguous
trong quý này                                                  | none      | undated relative
trước ngày 15/11/2025 và 20/12/2025                            | none      | undated several_dates
quý III hoặc quý IV/2025                                       | none      | undated several_dates
tháng 10, 11, 12/2025                                          | none      | undated several_dates
trong các năm 2025, 2026                                       | none      | undated several_dates
Giai đoạn 1 trước ngày 30/6/2025, giai đoạn 2 trước ngày 31/12/2025 | none | undated several_dates
Bộ A: trước ngày 15/10/2025; Bộ B: 20/12/2025                  | none      | undated several_dates
Bộ A trước ngày 15/10/2025, Bộ B trình tháng 12/2025           | none      | undated several_dates
Trước ngày 15/11/2025, định kỳ hằng tháng báo cáo              | none      | undated ambiguous several_dates
"""


@pytest.mark.parametrize(("phrase", "kind", "flags"), table(WITHOUT_A_DATE))
def test_what_has_no_date_is_kept_and_flagged(phrase: str, kind: str, flags: str) -> None:
    reading = read_deadline(phrase)
    assert (reading.kind, " ".join(reading.flags)) == (kind, flags)
    assert (reading.start_on, reading.due_on, reading.recurrence) == (None, None, None)


def test_a_duty_beside_a_dated_task_is_flagged() -> None:
    reading = read_deadline("Hoàn thành nền tảng trước ngày 15/11/2025; định kỳ hằng tháng báo cáo tiến độ")
    assert (reading.due_on, reading.flags) == (date(2025, 11, 14), ("also_recurring",))


def test_before_can_include_the_day_but_not_a_month() -> None:
    assert read_deadline("trước ngày 15/11/2025", before_includes_day=True).due_on == date(2025, 11, 15)
    assert read_deadline("trước tháng 6/2026", before_includes_day=True).due_on == date(2026, 5, 31)
    assert read_deadline("trước ngày 20 hằng tháng", before_includes_day=True).recurrence == Recurrence(
        "month", 20
    )


@pytest.mark.parametrize(
    ("phrase", "due"),
    [
        ("trước ngày 15/11 năm nay", date(2025, 11, 14)),
        ("quý IV năm nay", date(2025, 12, 31)),
        ("cuối năm nay", date(2025, 12, 31)),
        ("trước ngày 15/11", None),
        ("quý IV", None),
    ],
)
def test_the_day_of_the_document_gives_only_this_year(phrase: str, due: date | None) -> None:
    assert read_deadline(phrase, date(2025, 10, 15)).due_on == due


def test_a_deadline_before_its_document_is_flagged() -> None:
    assert read_deadline("tháng 5/2025", date(2025, 10, 15)).flags == ("past_issue",)
    assert read_deadline("tháng 5/2025", date(2025, 5, 31)).flags == ()


def test_every_flag_and_kind_is_specified_above() -> None:
    tables = WITHOUT_A_DATE + RECURRING
    elsewhere = {
        "also_recurring", "past_issue", "words_unread", "digits_corrected", "open_ended", "legacy_encoding",
    }  # fmt: skip
    assert {flag for flag in DeadlineFlag if not re.search(rf"\b{flag}\b", tables)} == elsewhere
    assert all(
        re.search(rf"\| {kind}\b", DATED + WITHOUT_A_DATE) for kind in set(DeadlineKind) - {"recurring"}
    )
    assert list(FLAG_SENTENCES) == list(DeadlineFlag)


@pytest.mark.parametrize(
    "parts",
    [
        ("fortnight",),
        ("week", 8),
        ("day", 1),
        ("half", None, 7),
        ("month", 0),
        ("month", 32),
        ("quarter", None, 4),
        ("month", None, 2),
    ],
)
def test_impossible_recurrences_are_refused(parts: tuple[object, ...]) -> None:
    with pytest.raises(InvalidInput) as refusal:
        Recurrence(*parts)  # type: ignore[arg-type]  # what a stored or posted value could hold
    assert refusal.value.code == "invalid_recurrence"


DAYS = st.dates(date(2000, 1, 2), date(2099, 12, 31))
WRITTEN_DAYS = st.sampled_from(
    [
        "{d}/{m}/{y}",
        "{d:02}/{m:02}/{y}",
        "{d}-{m}-{y}",
        "{d}.{m}.{y}",
        "{d} tháng {m} năm {y}",
        "{d:02} tháng {m:02}/{y}",
    ]
)
GOVERNORS = st.sampled_from(
    [
        ("", 0),
        ("trước ngày ", -1),
        ("hoàn thành trước ", -1),
        ("chậm nhất ngày ", 0),
        ("đến hết ngày ", 0),
        ("từ ngày ", 0),
    ]
)


@given(DAYS, WRITTEN_DAYS, GOVERNORS)
def test_any_day_in_any_form_reads_back(day: date, form: str, governor: tuple[str, int]) -> None:
    words, shift = governor
    reading = read_deadline(words + form.format(d=day.day, m=day.month, y=day.year))
    assert (reading.kind, reading.due_on, reading.flags) == ("date", day + timedelta(days=shift), ())


@given(DAYS, st.sampled_from(["quý {q}/{y}", "trong quý {r} năm {y}", "hết Quý {r}/{y}", "Q{q}/{y}"]))
def test_any_quarter_reads_back(day: date, form: str) -> None:
    quarter = (day.month + 2) // 3
    reading = read_deadline(form.format(q=quarter, r=("I", "II", "III", "IV")[quarter - 1], y=day.year))
    assert reading.kind == "quarter"
    assert reading.start_on == date(day.year, 3 * quarter - 2, 1)
    assert reading.due_on is not None
    assert (reading.due_on + timedelta(days=1)).day == 1
    assert reading.start_on <= day <= reading.due_on


PHRASES = [row[0] for text in (DATED, IN_SENTENCES, RECURRING, WITHOUT_A_DATE) for row in table(text)]
READ = st.sampled_from([phrase for phrase in PHRASES if phrase])


def meaning(text: str) -> tuple[object, ...]:
    reading = read_deadline(text)
    assert reading.text == text
    return reading.kind, reading.start_on, reading.due_on, reading.recurrence, reading.flags


@given(READ, st.sampled_from([str.upper, str.lower, str.swapcase]), st.sampled_from(["NFC", "NFD"]))
def test_case_and_unicode_form_do_not_matter(phrase: str, case: object, form: str) -> None:
    assert callable(case)
    assert meaning(unicodedata.normalize(form, case(phrase))) == meaning(phrase)  # type: ignore[arg-type]  # the two forms mypy knows as literals


@given(READ, st.sampled_from(["\u00a0", "  ", "\t", "\n", " \u200b"]))
def test_kinds_of_space_do_not_matter(phrase: str, space: str) -> None:
    assert meaning(f"{space}{phrase.replace(' ', space)}{space}") == meaning(phrase)


CITATIONS = st.sampled_from(
    [
        "Thực hiện Thông báo số 45-TB/TGV ngày 30/9/2025, ",
        "Triển khai Nghị quyết số 57-NQ/TW ngày 22/12/2024 của Bộ Chính trị, ",
        "Theo Nghị định số 118/2025/NĐ-CP, ",
        "Căn cứ Kế hoạch số 02-KH/BCĐTW ngày 19 tháng 6 năm 2025; ",
    ]
)
FIRM = st.sampled_from(
    [row[0] for row in table(DATED) if row[0].startswith(("trước", "hoàn thành", "chậm nhất", "đến"))]
)


@given(CITATIONS, FIRM)
def test_a_cited_document_does_not_change_the_reading(citation: str, phrase: str) -> None:
    assert meaning(citation + phrase) == meaning(phrase)


PIECES = st.lists(
    st.one_of(
        st.sampled_from(
            ["trước", "từ", "đến", "hằng", "tháng", "quý", "năm", "ngày", "IV", "2025", "15/11", "31/02/2026"]
        ),
        READ,
        st.text(max_size=8),
    ),
    max_size=8,
)


@given(PIECES, st.none() | DAYS)
def test_any_text_is_kept_and_its_reading_makes_sense(pieces: list[str], issued_on: date | None) -> None:
    text = " ".join(pieces)
    reading = read_deadline(text, issued_on)
    assert reading.text == text
    dated = reading.kind in {"date", "month", "quarter", "half", "year"}
    assert dated == (reading.due_on is not None)
    assert ("undated" in reading.flags) == (reading.kind == "none")
    assert reading.recurrence is None or reading.kind == "recurring"
    if reading.start_on and reading.due_on:
        assert reading.start_on <= reading.due_on
    assert list(reading.flags) == sorted(set(reading.flags), key=list(DeadlineFlag).index)


HOSTILE = [
    "15/11/2025 ",
    "tháng 5, ",
    "từ 01/5 đến ",
    "1/aaaa-",
    "hằng tháng, quý, năm ",
    "nghị quyết số ",
    "tại kỳ họp ",
    "trước ngày khai giảng ",
    "chậm nhất 5 ngày trước ngày 15/11/2025 ",
    "trước 3O/6/2026 (",
    "đợt 1 tháng 8/2025 và ",
    "\u0301\u0323",
    "(" * 9,
]


def calls(text: str) -> int:
    count = 0

    def profile(_frame: FrameType, _event: str, _arg: object) -> None:
        nonlocal count
        count += 1

    sys.setprofile(profile)
    try:
        read_deadline(text)
    finally:
        sys.setprofile(None)
    return count


@pytest.mark.parametrize("seed", HOSTILE, ids=repr)
def test_work_grows_in_step_with_the_text(seed: str) -> None:
    small, large = (calls((seed * size)[:size]) for size in (10_000, 40_000))
    assert large < 4 * small + 1_000


def test_a_huge_hostile_text_is_read() -> None:
    reading = read_deadline("từ 01/5 đến " * 17_000 + "15/11/2025")
    assert len(reading.text) > 200_000
    assert reading.kind in DeadlineKind


MODULES = (
    spelling,
    marks,
    words,
    durations,
    recurrences,
    forms,
    cues,
    contexts,
    mentions,
    deciding,
    accounting,
    tokens,
)


def patterns() -> list[str]:
    found: list[str] = []
    for module in MODULES:
        for value in vars(module).values():
            items = value if isinstance(value, tuple) else (value,)
            flat = [part for item in items for part in (item if isinstance(item, tuple) else (item,))]
            found += [part.pattern for part in flat if isinstance(part, re.Pattern)]
    return found


def test_no_pattern_can_backtrack_without_bound() -> None:
    unbounded = [
        pattern
        for pattern in patterns()
        if re.search(r"[*+]|\{\d*,\}", re.sub(r"\[[^\]]*\]|\\.", "x", pattern))
    ]
    # one class each, run over once: marks after four marks, a space, a word
    assert unbounded == [spelling._MARKS.pattern, spelling._SPACES.pattern, spelling._WORD.pattern]
    assert len(patterns()) > 60
