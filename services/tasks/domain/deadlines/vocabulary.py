"""The ordinary words of administrative sentences: what may stand right beside a deadline without changing it.

One syllable each, as Vietnamese is written; to teach a new one, add it to its group. A word that is not here is told to
a person when it stands right after a date, or right before one that has no governing word.
"""

# what is done
_VERBS = """
ban báo bảo bàn bổ bố bồi cải cam cấp cập chấm chấn chia chỉ cho chủ chuẩn chuyển công cơ có cụ cung đảm đánh đào đạt
đầu đăng đẩy đề điều định đổi đôn đưa được ghi giải giám giao gồm gửi hiện họp hoàn hỗ hợp hướng huy in kê kết khai
khánh khắc khẩn khởi kiểm kiện kiến ký lắp làm lập lấy lên lồng lựa mở mua nâng nêu nộp nghiên nghiệm nhập ổn phải phân
phát phấn phê phổ phối phục quán quản quyết rà sắp sẽ sơ số sử sửa tái tạo tăng tập tất tham thành tháo thay thẩm theo thi
thí thiết thông thu thúc thực tích tiến tiếp tinh tính tổ tổng trả trang tranh trình triển trực truyền tuyên tuyển từng
ứng vận về xác xem xét xong xuất xử xây xóa yêu cần cơ kịp kết hội đồng đối đón gắn gia góp giảm giữ khảo khen kiện
liên loại mời nắm nhân niêm phản phòng phủ sát soát soạn sáp tham thỏa thẩm thống thuê tiêm tìm tôn trồng vay vượt đi đóng khẩn bù bầu thông tạm khai trương cử chốt
"""
# who does it
_AGENCIES = """
bộ ngành ủy uỷ ban nhân dân ubnd hđnd sở tỉnh thành phố xã phường huyện quận thị trấn đặc khu đơn vị cơ quan chính phủ
thủ tướng quốc hội đảng đoàn trung ương văn phòng vpcp vptw cục vụ viện tổng công ty tập chi nhánh trường học bệnh doanh
nghiệp hội đồng ngân hàng tòa án kiểm sát mặt trận tổ chức hiệp liên công an quân đội lãnh đạo bộ trưởng giám đốc chủ
tịch thường trực tiểu nhóm địa phương cấp toàn các những mọi mỗi một hai người cán công viên
"""
# what it is about, and in what words
_MATTERS = """
để nhằm tại trong và với do bởi bằng của là thì mà từ đến việc nội dung kế hoạch đề án dự chương trình văn bản nghị quyết
định luật thông tư chỉ thị quyết hồ sơ dữ liệu hệ thống nền tảng cơ sở hạ tầng kỹ thuật thủ tục dịch vụ kinh phí ngân sách
vốn nhiệm vụ giải pháp tiến độ chất lượng danh mục tiêu chuẩn chí phương án quy chế mô hình sản phẩm tài liệu số máy thiết
bị trụ nhà đất đai giấy tờ cư tra soát rộng thức nghiệm thiện tất chỉnh hiệu lực khoa học nghệ sáng mới an toàn ninh mạng
y tế giáo dục đào môi chính khai xuyên suốt cầu ý chung riêng đúng đủ 100 tối thiểu ít nhất trên dưới cả ngay luôn kết
quả vào lên ra nước điện tử phần mềm chế hành cáo biết tục hợp duyệt dứt dựng dùng dụng đoạn trung tâm hóa quyền lý toán
phẩm trước cáo khác qua nhận gốc lại nhau theo đã này đó dự kiến nguyên tắc tháng khóa xvi xv hết ngoài thể
"""
_NOT_BESIDE = {
    "trước",
    "tháng",
    "từ",
    "đến",
    "hết",
    "đã",
    "từng",
}  # grammar's own words are accounted for by the grammar
KNOWN = frozenset(f"{_VERBS} {_AGENCIES} {_MATTERS}".split()) - _NOT_BESIDE

# Phrases in which a word of time or order tells no time.
HARMLESS = (
    r"(?:kỷ niệm|tổng kết|sơ kết|kế hoạch|trung hạn)[^,;.:0-9\ue000-\uf8ff]{0,40} [0-9]{1,3} năm(?: ngày)?"
    r"|thứ (?:hai|ba|tư|năm|sáu|bảy|[2-7])|chủ nhật|ngày càng|ngày công|thời gian (?:thực|tới|qua|sớm nhất)|hằng ngày|trước (?:mắt|hết|tiên|đây|đó|pháp luật)|như trước"
    r"|(?:đặt|ứng|trả|đi|định|thu|cọc|thanh toán) trước|(?:trách nhiệm|giải trình|báo cáo|cam kết|trả lời|trình bày)(?: (?:cá nhân|toàn diện|trực tiếp)){0,2} trước(?= (?:thủ tướng|chính phủ|ban|quốc hội|hội đồng|ủy ban|lãnh đạo|chủ tịch|bộ trưởng|pháp luật|đảng|nhân dân|cử tri))"
    r"|sau (?:đại học|đây|đó|sáp nhập|sắp xếp|hợp nhất|tinh gọn|thu hoạch|cai|đầu tư)|năm (?:mới|châu)|quý (?:khách|báu|vị|hiếm)|tuần (?:tra|hoàn|lễ)"
    r"|không (?:gian|dùng|để|chỉ|ngừng|gián đoạn|phụ thuộc|khí|quân|tiếp xúc|giấy)|hàng không|vô tuyến|lần đầu|từng bước|đúng (?:thời )?hạn|trung hạn|dài hạn|ngắn hạn"
    r"|đầu (?:tư|mối|ra|vào|tiên|ngành|đàn)|người đứng đầu|đứng đầu|bước đầu|hàng đầu|ban đầu|dẫn đầu|(?:báo cáo|kế hoạch|số liệu|dự toán|chỉ tiêu|thống kê) (?:tháng|quý|năm|tuần|ngày)"
    r"|lâu năm|nhiều năm|quanh năm|cả năm|trong năm|ngày (?:đêm|lễ|hội|nghỉ)"
)
