"""The ordinary words of administrative sentences: those that do not change a deadline right beside them.

One syllable each, as Vietnamese is written; to add one, put it in its group. A word that is not here is unread
(`words_unread`) right after a date, or right before one that has no governing word.
"""

# what is done: the first syllables
_VERBS = """
ban bàn báo bầu bãi bảo bồi bố bổ bù cam cần cấp cắm cắt cải cập chấm chấn chấp chia chỉ cho chốt chuẩn
chuyển chủ có công cơ cung cử cụ di dừng đàm đào đánh đầu đấu đẩy đăng đảm đạt đề đền đi điều định đo đón
đóng đôn đồng đối đổi đưa được gắn ghép ghi gia giao giám giải giảm giữ góp gồm gỡ gửi hiện hoàn hỗ hợp họp
hội huy hướng in kê kết khai khánh khẩn khắc khảo khen khởi kiến kiểm kiện kịp ký kỷ làm lấy lắp lập lên
liên loại loạt lồng lựa mời mở mua nâng nắm nêu nghiên nghiệm ngừng nhân nhập niêm nộp ổn phát phân phấn phải
phản phê phòng phối phổ phúc phủ phục quán quản quyết rà ráp rải rút sáp sát sắp sẽ soát soạn số sơ sử sửa
tách tái tất tăng tạm tạo tập tham thanh thay thành tháo thẩm thảo theo thi thiết thư thí thổ thông thống thỏa thu
thuê thúc thực tiêm tiến tiếp tinh tìm tích tính tôn tổ tổng trang tranh trả triển trình trồng truyền trương
trực tuyên tuyển từng ứng vay vận về vượt xác xây xem xét xin xong xóa xuất xử yêu
"""
# and the last: cập nhật tháng 11/2025
_ENDINGS = """
án biến bỏ cầu chọn cương cứu dẫn dời duyệt dưỡng đáp đặt điểm giá hành hóa hồi huấn liệu lời luận lục mẫu
mưu nạp ngân nghị nhật nối phán phép phóng quả rõ sắm sạch sẻ sinh sung thác thầu thế thiện thưởng toàn
triệt trì trí trợ trường tướng vi viên vốn xe xếp yết
"""
# who does it
_AGENCIES = """
an anh án ban bà bệnh bộ các cán cấp chi chính chị chủ chức công cơ cựu cục dân doanh đảng đạo đặc địa đoàn
đồng đốc đơn đội giám hai hàng hđnd hiệp hợp học hội huyện khu kiểm lãnh liên mặt mỗi mọi một ngành ngân
nghiệp người nhánh nhân nhóm những nông ông phòng phố phủ phương phường phụ quan quân quận quốc sát sở tác
tập thanh thành thị thủ thường tiểu tỉnh tịch toàn tòa tổ tổng trấn trận trung trường trưởng trực tướng từng
ty ubnd cp qh tw ttg ttcp tvtu tu btv bcđ mttq uỷ ủy ương văn viên viện vị vpcp vptw vụ xã
"""
# what it is about, and in what words
_MATTERS = """
100 bao bằng bản biết bị bởi cáo cả chào chất chế chí chỉnh chung chương còn cùng của cư danh dịch do dung
dùng dưới dứt dữ dự dựng dục dụng đai đầy đất để điện đoạn đó độ đúng đủ giáo giấy gốc hạ hệ hiệu hình hoạch
hồ hưởng ít kèm kế khác khoa khóa kinh kỹ là lại luật luôn lúc lượng lực lý mà máy mạng mềm mô môi mới mục này
nền ngay nghệ nghiêm ngoài nguyên nhau nhà nhất nhằm nhận nhiệm như ninh nói nội nước ở pháp phần phẩm phí
qua quy quyền ra riêng rộng sách sáng sản suốt tài tâm tầng tắc tảng tại tế thể thiểu thì thuật thuộc thức
tiêu toán tối tờ tra trên trong trụ tư tử tục và vào việc với xuyên xv xvi y ý
"""
AGENCIES = frozenset(_AGENCIES.split())
KNOWN = frozenset(f"{_VERBS} {_ENDINGS} {_AGENCIES} {_MATTERS}".split())

# Phrases in which a word of time or order means no time.
HARMLESS = (
    r"(?:kỷ niệm|tổng kết|sơ kết|kế hoạch|trung hạn)[^,;.:0-9\ue000-\uf8ff]{0,40} [0-9]{1,3} năm(?: ngày)?"
    r"|thứ (?:hai|ba|tư|năm|sáu|bảy|[2-7])|chủ nhật|ngày càng|ngày công|thời gian (?:thực|tới|qua|sớm nhất)|hằng ngày|trước (?:mắt|hết|tiên|đây|đó|pháp luật)|như trước"
    r"|(?:đặt|ứng|trả|đi|định|thu|cọc|thanh toán) trước|(?:trách nhiệm|giải trình|báo cáo|cam kết|trả lời|trình bày)(?: (?:cá nhân|toàn diện|trực tiếp)){0,2} trước(?= (?:thủ tướng|chính phủ|ban|quốc hội|hội đồng|ủy ban|lãnh đạo|chủ tịch|bộ trưởng|pháp luật|đảng|nhân dân|cử tri))"
    r"|sau (?:đại học|đây|đó|sáp nhập|sắp xếp|hợp nhất|tinh gọn|thu hoạch|cai|đầu tư)|năm (?:mới|châu)|quý (?:khách|báu|vị|hiếm)|tuần (?:tra|hoàn)"
    r"|không (?:gian|dùng|để|chỉ|ngừng|gián đoạn|phụ thuộc|khí|quân|tiếp xúc|giấy)|hàng không|quá (?:trình|tải|độ)|gần (?:đây|nhất|dân)|vô tuyến|lần đầu|từng bước|đúng (?:thời )?hạn|trung hạn|dài hạn|ngắn hạn"
    r"|đầu (?:tư|mối|ra|vào|tiên|ngành|đàn)|người đứng đầu|đứng đầu|bước đầu|hàng đầu|ban đầu|dẫn đầu|(?:báo cáo|kế hoạch|số liệu|dự toán|chỉ tiêu|thống kê) (?:tháng|quý|năm|tuần|ngày)"
    r"|kỳ họp thứ|(?:những|các) (?:tháng|ngày)(?= \ue006)|năm học(?= \ue007)|lâu năm|nhiều năm|quanh năm|cả năm|trong năm|ngày (?:lễ|hội)"
)

# hồ sơ tiếp nhận trước ngày 01/7/2025: the day of the objects, not of the task
OF_AN_OBJECT = (
    r"(?:văn bản|hồ sơ|người|dự án|trường hợp|đối tượng|thửa đất|vụ việc|hợp đồng|đơn thư|công dân|trẻ em|trẻ|công trình|nghị quyết"
    r"|quyết định|thẻ|giấy phép|giấy chứng nhận|đề án|nhiệm vụ) (?:(?:đã|được|bị|còn|có|mà) ){0,2}(?:ban hành|tiếp nhận|phê duyệt|sinh"
    r"|nộp|cấp|ký|phát sinh|tồn đọng|thành lập|hình thành|tuyển dụng|hiệu lực|quyết định đầu tư)"
)
