"""Further phrases of every kind that field_phrases.csv has, each with its reading, flags and unread words."""

import pytest

from services.tasks.domain.deadlines import read_deadline
from tests.support.deadlines import outcome, table

# phrase | kind | last in-time day, or period day/month | flags : unread words
VARIANTS = """
# numbers owned by the noun before them
Đề án 06 tháng 9/2026                                                                            | month     | 2026-09-30   |
Kỳ họp thứ 10 tháng 10/2025                                                                      | month     | 2025-10-31   |
Đợt 1 tháng 8/2025                                                                               | month     | 2025-08-31   |
Đợt 1: tháng 8/2025                                                                              | month     | 2025-08-31   |
Giai đoạn 1 năm 2025                                                                             | year      | 2025-12-31   |
Giai đoạn 2 quý III/2026                                                                         | quarter   | 2026-09-30   |
Họp lần 2 tháng 8/2025                                                                           | month     | 2025-08-31   |
Tổ 06 tháng 9/2025                                                                               | month     | 2025-09-30   |
Hoàn thành đợt 1 trước ngày 30/6/2025                                                            | date      | 2025-06-29   |
Đợt 2/2025                                                                                       | none      |              | undated
Báo cáo đợt 2/2025 trước ngày 15/7/2025                                                          | date      | 2025-07-14   |
theo Phụ lục 3/2025                                                                              | none      |              | undated
Báo cáo Đề án 06 tháng 9/2026                                                                    | none      |              | undated period_ignored
hoàn thành 9/10 năm 2026                                                                         | none      |              | undated ambiguous
đạt 9/10 năm 2026                                                                                | none      |              | undated period_ignored
Kết nối 63 tháng 9/2025                                                                          | month     | 2025-09-30   | words_unread : 63
đến phiên họp 2 tháng 1 năm 2025                                                                 | month     | 2025-01-31   | words_unread : 2
Triển khai Đề án 06 năm 2025                                                                     | none      |              | undated period_ignored
# starts and ends
từ 01/7/2025, hết 2025 phải xong                                                                 | year      | 2025-12-31   |
từ tháng 4/2026, chậm nhất cuối 2029 đi vào vận hành                                             | year      | 2029-12-31   |
từ 01/7/2025, thời gian 12 tháng                                                                 | event     |              | relative
từ ngày 15/8/2025 trong vòng 30 ngày                                                             | event     |              | relative
triển khai từ quý III/2025, thời gian thực hiện 18 tháng                                         | event     |              | relative
Khởi công từ 01/7/2025, hoàn thành trước Tết Nguyên đán 2026                                     | event     |              |
Vận hành từ ngày 01/7/2025, báo cáo trước ngày 15/8/2025                                         | none      |              | undated several_dates
Vận hành thử nghiệm từ ngày 01/10/2025, vận hành chính thức từ ngày 01/01/2026                   | none      |              | undated several_dates
hoàn thành sáp nhập trước ngày 30/8/2025 để vận hành từ ngày 01/9/2025                           | date      | 2025-08-29   |
Bảo đảm hoạt động thông suốt, không gián đoạn kể từ ngày 01/7/2025                               | date      | 2025-07-01   |
chấm dứt sử dụng bản giấy từ ngày 01/01/2026                                                     | date      | 2026-01-01   |
Không sử dụng bản giấy sau ngày 31/12/2025                                                       | none      |              | undated after_only
có hiệu lực đến ngày 31/12/2025                                                                  | date      | 2025-12-31   | words_unread : hiệu lực
tạm dừng đến 30/6/2025                                                                           | date      | 2025-06-30   | words_unread : tạm dừng
# standing duties and open ends
Thực hiện thường xuyên từ năm 2026                                                               | standing  |              |
Thường xuyên, bắt đầu từ tháng 6/2025                                                            | standing  |              |
Thường xuyên trong năm 2025                                                                      | standing  |              | bounded
thường xuyên giai đoạn 2026-2030                                                                 | standing  |              | bounded
Thường xuyên; báo cáo trước ngày 15/12/2025                                                      | date      | 2025-12-14   | also_recurring
Năm 2026 và các năm tiếp theo                                                                    | year      | 2026-12-31   | open_ended
Quý III/2025 và thường xuyên                                                                     | quarter   | 2025-09-30   | open_ended
Tháng 6/2025 và duy trì thường xuyên                                                             | month     | 2025-06-30   | open_ended
từ năm 2025 trở đi                                                                               | none      |              | undated open_ended
Từ quý I/2026 và các năm tiếp theo                                                               | none      |              | undated open_ended
Tháng 12/2025 trở đi                                                                             | month     | 2025-12-31   | open_ended
từ 01/7/2025 đến khi hoàn thành                                                                  | none      |              | undated open_ended
Hoàn thành trong năm 2025 và duy trì trong các năm tiếp theo                                     | year      | 2025-12-31   | ambiguous
# before an event that has a day
trước khi Nghị định có hiệu lực (15/8/2025)                                                      | date      | 2025-08-14   |
trước thời điểm sáp nhập 01/7/2025                                                               | date      | 2025-06-30   |
trước Đại hội 20/10/2025                                                                         | date      | 2025-10-19   |
trước kỳ họp thứ 10 (20/10/2025)                                                                 | date      | 2025-10-19   |
Trước phiên họp ngày 25/9/2025                                                                   | date      | 2025-09-24   |
trước Tết Nguyên đán (17/02/2026)                                                                | date      | 2026-02-16   |
trước ngày Quốc khánh 2/9/2025                                                                   | date      | 2025-09-01   |
trước thời hạn 30/6/2025                                                                         | date      | 2025-06-29   |
trước thứ Hai (15/9/2025)                                                                        | date      | 2025-09-14   |
sau kỳ họp thứ 10 (20/10/2025)                                                                   | none      |              | undated after_only
trước Hội nghị tháng 11/2025                                                                     | none      |              | undated
trước Quốc hội ngày 20/10/2025                                                                   | date      | 2025-10-20   | words_unread : trước quốc hội
giải trình trước Quốc hội ngày 20/10/2025                                                        | date      | 2025-10-20   |
Chịu trách nhiệm trước Thủ tướng Chính phủ về tiến độ, hoàn thành trước ngày 30/9/2025           | date      | 2025-09-29   |
# days before a day
chậm nhất 10 ngày trước ngày 15/11/2025                                                          | date      | 2025-11-05   |
trước ngày 15/11/2025 tối thiểu 10 ngày                                                          | date      | 2025-11-05   |
chậm nhất 2 tuần trước ngày 30/6/2025                                                            | date      | 2025-06-16   |
trước 15 ngày so với ngày 30/6/2025                                                              | date      | 2025-06-15   |
chậm nhất 01 tháng trước ngày 30/6/2025                                                          | none      |              | undated relative
trong 30 ngày trước ngày 30/6/2025                                                               | none      |              | undated relative
trước ngày 30/6/2025 ít nhất 03 ngày làm việc                                                    | none      |              | undated working_days
Chậm nhất 10 ngày trước ngày khai mạc Kỳ họp (20/10/2025)                                        | date      | 2025-10-19   | words_unread : chậm nhất 10 ngày
30 ngày sau ngày 30/6/2025                                                                       | event     |              | relative
# events, conditions, references
tại kỳ họp giữa năm 2026 của HĐND                                                                | event     |              |
Tại Kỳ họp thường lệ giữa năm 2025                                                               | event     |              |
Trước phiên họp thường kỳ tháng 9/2025                                                           | event     |              |
trình HĐND tại kỳ họp gần nhất                                                                   | event     |              |
Trình Quốc hội tại Kỳ họp thứ 10 (tháng 10-11/2025)                                              | month     | 2025-11-30   |
tại phiên họp tháng 9/2025 của Chính phủ                                                         | event     |              |
trước Đại hội XIV của Đảng                                                                       | event     |              |
Khi có hướng dẫn của Trung ương                                                                  | event     |              | conditional
Ngay sau khi Quyết định được ký                                                                  | event     |              | conditional
Theo kế hoạch được phê duyệt                                                                     | reference |              | conditional
Theo chỉ đạo của Thủ tướng                                                                       | reference |              |
Sau khi Quốc hội thông qua, hoàn thành trong tháng 12/2025                                       | month     | 2025-12-31   | words_unread : sau khi quốc hội thông qua
Ngay sau khi có Nghị quyết của Quốc hội, chậm nhất ngày 31/12/2025                               | date      | 2025-12-31   |
# horizons, periods, cited days, what was done
tầm nhìn 2045                                                                                    | none      |              | undated horizon_ignored
ứng dụng trí tuệ nhân tạo đến năm 2030                                                           | none      |              | undated horizon_ignored
đến năm 2030, tầm nhìn 2045                                                                      | year      | 2030-12-31   |
Quy hoạch thời kỳ 2021-2030, tầm nhìn đến 2050                                                   | none      |              | undated horizon_ignored period_ignored
Tại cuộc họp ngày 15/9/2025, Thủ tướng giao Bộ Tài chính báo cáo trước ngày 30/9/2025            | date      | 2025-09-29   |
Kết luận cuộc họp ngày 15/9/2025                                                                 | none      |              | undated citation_ignored
Báo cáo tháng 9/2025 trước ngày 25/9/2025                                                        | date      | 2025-09-24   |
Kế hoạch 5 năm 2026-2030, trình trước ngày 30/11/2025                                            | date      | 2025-11-29   |
đã hoàn thành trước ngày 15/5/2025                                                               | date      | 2025-05-14   | words_unread : đã
# recurrences
số liệu từ ngày 15 tháng trước đến ngày 14 tháng báo cáo, gửi trước ngày 20 hằng tháng           | recurring | month 19/-   |
từ ngày 20 đến 25 hằng tháng                                                                     | recurring | month 25/-   |
từ ngày 25 đến ngày cuối tháng                                                                   | recurring | month -/-    | words_unread : đến
trong 5 ngày đầu hằng tháng                                                                      | recurring | month -/-    | words_unread : 5 ngày đầu
hằng tháng, trước ngày 10 tháng kế tiếp                                                          | recurring | month 9/-    |
Báo cáo hằng tuần vào chiều thứ Năm                                                              | recurring | week 4/-     |
trước thứ Sáu hằng tuần                                                                          | recurring | week 4/-     |
hằng ngày                                                                                        | recurring | day -/-      |
12 tháng/lần                                                                                     | recurring | year -/-     |
2 lần/năm                                                                                        | recurring |              | period_unknown
2 tuần/lần                                                                                       | recurring |              | period_unknown
Trước ngày 10 tháng cuối mỗi quý                                                                 | recurring | quarter 9/-  |
định kỳ hàng quý (trước ngày 25 tháng cuối quý)                                                  | recurring | quarter 24/- |
Ngày cuối cùng của quý                                                                           | recurring | quarter -/-  |
báo cáo tháng trước ngày 20 hằng tháng, báo cáo quý trước ngày 20 tháng cuối quý                 | recurring |              | period_unknown
hằng quý, giai đoạn 2026 - 2030                                                                  | recurring | quarter -/-  | bounded
# slips, look-alikes and other encodings
trứơc ngày 30/6/2026                                                                             | date      | 2026-06-29   |
trươc ngày 30/6/2026                                                                             | date      | 2026-06-29   |
trưóc ngày 30/6/2026                                                                             | date      | 2026-06-29   |
trước ngay 30/6/2026                                                                             | date      | 2026-06-29   |
Trƣớc ngày 30/6/2026                                                                             | date      | 2026-06-29   |
trướ ngày 30/6/2026                                                                              | date      | 2026-06-30   | words_unread : trướ
Ðến 30/6/2026                                                                                    | date      | 2026-06-30   |
đên ngày 30/6/2026                                                                               | date      | 2026-06-30   |
qúy IV/2025                                                                                      | quarter   | 2025-12-31   |
trước ngày 3l/12/2025                                                                            | date      | 2025-12-30   | digits_corrected
Trước ngày 3O/O6/2O26                                                                            | date      | 2026-06-29   | digits_corrected
Tháng O9/2025                                                                                    | month     | 2025-09-30   | digits_corrected
Quý lll/2025                                                                                     | quarter   | 2025-09-30   | digits_corrected
Quý IV n¨m 2025                                                                                  | none      |              | undated legacy_encoding
Tr­íc ngµy 30/6/2026                                                                             | none      |              | undated legacy_encoding
Thaùng 9/2025                                                                                    | none      |              | undated legacy_encoding
ngày 30 tháng sáu năm 2025                                                                       | date      | 2025-06-30   |
# several
Hoàn thành trước ngày 30/6/2025 đối với cấp tỉnh, 30/9/2025 đối với cấp xã                       | none      |              | undated several_dates
Năm 2025 đạt 50%, năm 2026 đạt 100%                                                              | none      |              | undated several_dates
Hoàn thành dự thảo quý III/2025, trình quý IV/2025                                               | none      |              | undated several_dates
trước ngày 31/12/2025 hoặc khi có yêu cầu                                                        | date      | 2025-12-30   | words_unread : hoặc khi có yêu cầu
khởi công 19/8/2025, hoàn thành trong năm 2027                                                   | year      | 2027-12-31   |
tuần thứ 3 tháng 9/2025                                                                          | none      |              | undated vague_part
trước 24 giờ ngày 30/6/2025                                                                      | date      | 2025-06-30   |
# starts that are no start, and ranges whose year is said once
khởi công quý III/2025, hoàn thành quý IV/2027                                                   | quarter   | 2027-12-31   |
Nghiên cứu từ năm 2025, trình năm 2026                                                           | year      | 2026-12-31   |
từ 15/9/2025, 6 tháng                                                                            | date      | 2025-09-15   | words_unread : 6 tháng
100 ngày đêm từ 01/9/2025                                                                        | date      | 2025-09-01   | words_unread : 100 ngày
trình Chính phủ trong từ tháng 9/2025                                                            | date      | 2025-09-01   | words_unread : trong
từ tháng 9/2025; tổng kết tháng 12/2026                                                          | month     | 2026-12-31   |
từ tháng 11 đến hết quý IV/2025                                                                  | quarter   | 2025-12-31   |
từ 15/12 đến hết tháng 1/2026                                                                    | month     | 2026-01-31   |
15/11 - 20/11/2025                                                                               | date      | 2025-11-20   |
đến 2027 và các năm tiếp theo                                                                    | year      | 2027-12-31   | open_ended
# more recurrences
định kỳ vào ngày 15 và ngày cuối tháng                                                           | recurring |              | several_dates
mỗi 3 tháng                                                                                      | recurring | quarter -/-  |
01 lần/06 tháng                                                                                  | recurring | half -/-     |
Định kỳ hàng tuần (thứ 6)                                                                        | recurring | week 5/-     |
chậm nhất thứ Tư hằng tuần                                                                       | recurring | week 3/-     |
vào ngày 25 tháng thứ ba của quý                                                                 | recurring | quarter 25/- |
Từ tháng 9/2025, định kỳ hằng tháng báo cáo trước ngày 25                                        | recurring | month 24/-   | bounded
Thời gian chốt số liệu: từ 15/12/2024 đến 14/6/2025                                              | none      |              | undated period_ignored
# marks and doubts
30/6/2025 (?)                                                                                    | date      | 2025-06-30   | words_unread : ?
> 30/6/2025                                                                                      | date      | 2025-06-30   | words_unread : >
30/6/2025 + 7 ngày                                                                               | date      | 2025-06-30   | words_unread : + 7 ngày
15/11/2025/20/11/2025                                                                            | date      | 2025-11-15   | words_unread : /20/11/2025
2025-11-15 00:00:00                                                                              | date      | 2025-11-15   |
trước A80 (02/9/2025)                                                                            | date      | 2025-09-02   | words_unread : trước
trước thanh tra 15/9/2025                                                                        | date      | 2025-09-15   | words_unread : trước thanh tra
trong giờ hành chính ngày 12/10/2025                                                             | date      | 2025-10-12   |
"""

ROWS = table(VARIANTS)


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row[0][:50])
def test_variants(row: tuple[str, ...]) -> None:
    assert outcome(read_deadline(row[0])) == row[1:]


def test_unread_words_and_their_flag_go_together() -> None:
    readings = [read_deadline(row[0]) for row in ROWS]
    assert all(bool(reading.unread_words) == ("words_unread" in reading.flags) for reading in readings)
