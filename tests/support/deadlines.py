"""How deadlines are read: the tables are the specification, one phrase and its reading per line."""

from services.tasks.domain.deadlines import Reading


def table(text: str) -> list[tuple[str, ...]]:
    lines = (line for line in text.strip().splitlines() if not line.startswith("# "))
    return [tuple(cell.strip() for cell in line.split("|")) for line in lines]


def outcome(reading: Reading) -> tuple[str, str, str]:
    """A reading in the columns of the tables: kind; last in-time day, or period with day/month; flags : unread words."""
    due = str(reading.due_on or "")
    if recurrence := reading.recurrence:
        due = f"{recurrence.every} {recurrence.due_day or '-'}/{recurrence.due_month or '-'}"
    words = f" : {'; '.join(reading.unread_words)}" if reading.unread_words else ""
    return str(reading.kind), due, " ".join(reading.flags) + words


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
