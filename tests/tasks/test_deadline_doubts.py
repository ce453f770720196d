"""Dates that are no deadline, or not surely the last day: each is ignored or flagged, and what is plain stays plain."""

import pytest

from services.tasks.domain.deadlines import read_deadline
from tests.support.deadlines import outcome, table

# phrase | kind | last in-time day, or period day/month | flags : unread words
DOUBTS = """
# what is no deadline, or not surely one: former dates, occasions, lower bounds, laws in force
thay cho thời hạn 30/6/2025                                                 | none      |              | undated period_ignored
thay vì 30/6/2025                                                           | none      |              | undated period_ignored
thay vì ngày 30/6/2025                                                      | none      |              | undated period_ignored
hoàn thành trước ngày 30/9/2025 thay vì 30/6/2025                           | date      | 2025-09-29   | words_unread : thay vì 30/6/2025
hoàn thành trước ngày 30/9/2025 (thay cho thời hạn 30/6/2025)               | date      | 2025-09-29   | words_unread : thay cho thời hạn 30/6/2025
Điều chỉnh thời hạn thành 30/9/2025 thay cho 30/6/2025                      | date      | 2025-09-30   | words_unread : thay cho 30/6/2025
Quá hạn (30/6/2025)                                                         | none      |              | undated period_ignored
quá hạn 30/6/2025                                                           | none      |              | undated period_ignored
đã quá hạn từ 30/6/2025                                                     | date      | 2025-06-30   | words_unread : đã
so với trước ngày 30/6/2025                                                 | none      |              | undated period_ignored
tăng 10% so với trước ngày 30/6/2025                                        | none      |              | undated period_ignored
so với ngày 30/6/2025                                                       | none      |              | undated period_ignored
so với năm 2024                                                             | none      |              | undated period_ignored
trong trước tháng 9/2025                                                    | date      | 2025-08-31   | words_unread : trong
đến hết trước năm 2026                                                      | date      | 2025-12-31   | words_unread : hết
trước trong tháng 9/2025                                                    | month     | 2025-09-30   | words_unread : trước
đầu quý IV và cuối quý IV/2025                                              | none      |              | undated several_dates vague_part
đầu quý IV/2025 và cuối quý IV/2025                                         | none      |              | undated several_dates vague_part
ít nhất đến ngày 15/11/2025                                                 | date      | 2025-11-15   | words_unread : ít nhất
tối thiểu đến hết năm 2025                                                  | year      | 2025-12-31   | words_unread : tối thiểu
có thể đến 15/11/2025                                                       | date      | 2025-11-15   | words_unread : có thể
có thể trước ngày 15/11/2025                                                | date      | 2025-11-14   | words_unread : có thể
dự kiến trước ngày 15/11/2025                                               | date      | 2025-11-14   |
dự kiến 15/11/2025                                                          | date      | 2025-11-15   |
Dự kiến tháng 11/2025                                                       | month     | 2025-11-30   |
thời điểm chốt số liệu 31/12/2025                                           | none      |              | undated period_ignored
chốt số liệu ngày 31/12/2025                                                | none      |              | undated period_ignored
nhân dịp 19/8/2025                                                          | date      | 2025-08-19   | words_unread : nhân dịp
dịp 2/9/2025                                                                | date      | 2025-09-02   | words_unread : dịp
chào mừng Đại hội Đảng (01/2026)                                            | month     | 2026-01-31   | words_unread : chào mừng đại hội đảng (
kỷ niệm 80 năm Quốc khánh 02/9/2025                                         | date      | 2025-09-02   | words_unread : kỷ niệm 80 năm quốc khánh
Hoàn thành dịp kỷ niệm 80 năm Quốc khánh 02/9/2025                          | date      | 2025-09-02   | words_unread : dịp kỷ niệm 80 năm quốc khánh
chào mừng kỷ niệm 95 năm ngày thành lập Đảng 03/02/2025                     | date      | 2025-02-03   | words_unread : chào mừng kỷ niệm 95 năm ngày thành lập đảng
ngày làm việc cuối cùng của tháng 12/2025                                   | none      |              | undated working_days
trước ngày làm việc cuối cùng của tháng 12/2025                             | none      |              | undated working_days
báo cáo tại phiên họp tháng 8/2025                                          | event     |              |
Báo cáo Chính phủ tại phiên họp thường kỳ tháng 8/2025                      | event     |              |
Luật có hiệu lực từ ngày 01/7/2025                                          | none      |              | undated citation_ignored
Nghị định này có hiệu lực thi hành từ ngày 01/7/2025                        | none      |              | undated citation_ignored
Nghị định có hiệu lực kể từ ngày 15/8/2025                                  | none      |              | undated citation_ignored
trước ngày thanh tra 15/9/2025                                              | date      | 2025-09-15   | words_unread : trước ngày thanh tra
trước ngày kiểm tra 15/9/2025                                               | date      | 2025-09-15   | words_unread : trước ngày kiểm tra
trước ngày họp 15/9/2025                                                    | date      | 2025-09-14   |
trước ngày hội nghị 15/9/2025                                               | date      | 2025-09-14   |
trước ngày thành lập tỉnh 01/7/2025                                         | date      | 2025-06-30   |
trước ngày báo cáo 01/7/2025                                                | date      | 2025-07-01   | words_unread : trước ngày báo cáo
# starts, ends and standing duties in other words
Từ năm 2026, thường xuyên                                                   | standing  |              |
Thường xuyên, từ năm 2026                                                   | standing  |              |
Thường xuyên, hằng năm                                                      | standing  |              |
Thường xuyên hằng năm                                                       | standing  |              |
Hằng năm, thường xuyên                                                      | standing  |              |
khởi công tháng 3/2026, khánh thành quý IV/2027                             | quarter   | 2027-12-31   |
khởi công từ quý I/2026, hoàn thành cuối 2027                               | year      | 2027-12-31   |
nửa cuối tháng 9/2025                                                       | month     | 2025-09-30   |
nửa đầu tháng 9/2025                                                        | none      |              | undated vague_part
ngày 31, tháng 12, năm 2025                                                 | date      | 2025-12-31   |
ngày 31, tháng 12 năm 2025                                                  | date      | 2025-12-31   |
Công bố kết quả Đợt 2 tháng 11/2025                                         | month     | 2025-11-30   |
Giai đoạn 1 tháng 9/2025                                                    | month     | 2025-09-30   |
Nghị quyết phiên họp Chính phủ thường kỳ tháng 7/2025                       | none      |              | undated
Theo Nghị quyết phiên họp Chính phủ thường kỳ tháng 7/2025                  | reference |              |
30 ngày kể từ ngày 15/10/2025                                               | event     |              | relative
trong vòng 30 ngày kể từ ngày 15/10/2025                                    | event     |              | relative
trong 10 ngày làm việc kể từ ngày 15/10/2025                                | event     |              | relative working_days
trong thời hạn 03 tháng kể từ ngày 15/10/2025                               | event     |              | relative
"""


@pytest.mark.parametrize("row", table(DOUBTS), ids=lambda row: row[0][:50])
def test_doubts(row: tuple[str, ...]) -> None:
    assert outcome(read_deadline(row[0])) == row[1:]
