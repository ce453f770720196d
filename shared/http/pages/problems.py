"""Meaning and remedy of each problem code, from `problems.json`, which is generated from the code."""

import json
from dataclasses import dataclass
from functools import cache
from html import escape
from http import HTTPStatus
from pathlib import Path
from typing import Any

from shared.errors import NotFound
from shared.http.pages.layout import both, link, links

FILE = Path(__file__).parent / "problems.json"
PATH = "/problems"
# What the caller of a refused request can do, whatever its code; None is a row of an imported file.
ADVICE: dict[int | None, tuple[str, str]] = {
    400: (
        "Máy chủ không đọc được yêu cầu. Kiểm tra cú pháp JSON, mã UTF-8 và tiêu đề Content-Type rồi gửi lại.",
        "The request cannot be read. Check that its body is well-formed JSON in UTF-8 and that Content-Type says so.",
    ),
    401: (
        "Thiếu khóa API còn hiệu lực. Gửi tiêu đề Authorization: Bearer và khóa; nếu khóa đã hết hạn hoặc bị thu hồi, đề nghị đơn vị vận hành cấp khóa mới.",
        "A valid API key is missing. Send the header Authorization: Bearer with the key; where it has expired or was revoked, ask the operator for a new one.",
    ),
    403: (
        "Khóa có hiệu lực nhưng không được làm việc này, hoặc gắn với cơ quan khác. Dùng khóa khác, hoặc đề nghị đơn vị vận hành cấp quyền.",
        "The key is valid, but not for this, or it is bound to another agency. Use another key, or ask the operator for the right.",
    ),
    404: (
        "Không có đối tượng hoặc địa chỉ này. Kiểm tra mã, đường dẫn, và ngày được hỏi (as_of, known_at).",
        "There is no such thing or address. Check the code, the path, and the day asked about (as_of, known_at).",
    ),
    405: (
        "Địa chỉ này không nhận phương thức HTTP đó. Xem tài liệu API.",
        "The address does not take that HTTP method. See the API reference.",
    ),
    408: (
        "Yêu cầu không đến đủ trong thời gian cho phép. Kiểm tra đường truyền rồi gửi lại cả yêu cầu.",
        "The request did not arrive whole in time. Check the connection and send all of it again.",
    ),
    409: (
        "Yêu cầu tự nó đúng nhưng trái với điều đã ghi. Đọc lại hiện trạng rồi quyết định; gửi lại y nguyên sẽ bị từ chối như cũ.",
        "The request is right by itself, but not beside what is recorded. Read how things stand and decide; sent unchanged it is refused again.",
    ),
    410: (
        "Đối tượng này từng có nhưng không còn. Bỏ nó khỏi hệ thống của đơn vị, hoặc tạo mới.",
        "This was here and is no more. Drop it from your system, or make a new one.",
    ),
    412: (
        "Bản ghi đã thay đổi sau lần đọc gần nhất. Đọc lại, lấy ETag mới, rồi gửi thay đổi kèm If-Match.",
        "The record has changed since it was read. Read it again, take the new ETag, and send the change with If-Match.",
    ),
    413: (
        "Nội dung lớn hơn giới hạn. Chia nhỏ hoặc rút gọn rồi gửi lại.",
        "What was sent is larger than the limit. Split or shorten it.",
    ),
    415: (
        "Địa chỉ này đọc nội dung loại khác. Gửi đúng loại nội dung mà tài liệu API nêu, với tiêu đề Content-Type của loại đó.",
        "This address reads bodies of another kind. Send the kind that the API reference names, and say so in Content-Type.",
    ),
    422: (
        "Yêu cầu có giá trị chưa đúng. Sửa theo field và errors trong câu trả lời; gửi lại y nguyên sẽ bị từ chối như cũ.",
        "A value of the request is wrong. Correct what field and errors of the answer name; sent unchanged it is refused again.",
    ),
    428: (
        "Thiếu điều kiện If-Match. Đọc bản ghi rồi gửi kèm ETag của lần đọc đó.",
        "The condition If-Match is missing. Read the record and send the ETag of that read.",
    ),
    429: (
        "Gửi nhanh hơn giới hạn của một khóa hoặc một địa chỉ mạng. Chờ số giây ghi ở Retry-After rồi gửi lại.",
        "Sent faster than one key or one network address may. Wait the seconds that Retry-After gives, then send it again.",
    ),
    500: (
        "Lỗi ngoài dự kiến của hệ thống; chưa có gì được ghi. Báo đơn vị vận hành kèm giá trị X-Request-Id.",
        "An unexpected failure of the system; nothing was written. Tell the operator the value of X-Request-Id.",
    ),
    503: (
        "Tạm thời không phục vụ được; chưa có gì được ghi. Gửi lại sau số giây ghi ở Retry-After, với cùng Idempotency-Key.",
        "Cannot serve for the moment; nothing was written. Send it again after the seconds that Retry-After gives, under the same Idempotency-Key.",
    ),
    None: (
        "Mã này nằm trong báo cáo nhập tệp, ở một dòng bị từ chối hoặc được ghi chú. Sửa dòng đó rồi nhập lại tệp.",
        "This code stands in the report of an import, at a row that is refused or remarked upon. Correct the row and import the file again.",
    ),
}


@dataclass(frozen=True)
class Situation:
    """A use of a code: `status` is None in a row of an import; {…} marks what varies in a sentence."""

    status: int | None
    detail: str
    detail_en: str

    @property
    def title(self) -> str:
        return "" if self.status is None else HTTPStatus(self.status).phrase


@cache
def catalogue() -> dict[str, tuple[Situation, ...]]:
    """Every code with its situations."""
    read = json.loads(FILE.read_text(encoding="utf-8"))
    return {code: tuple(Situation(**each) for each in found) for code, found in read.items()}


def situations(code: str) -> tuple[Situation, ...]:
    found = catalogue().get(code)
    if found is None:
        raise NotFound(
            "problem_code_unknown",
            f"Không có mã lỗi này: xem danh sách tại {PATH}.",
            f"There is no such problem code: see the list at {PATH}.",
        )
    return found


def as_json(code: str) -> dict[str, Any]:
    return {
        "type": f"{PATH}/{code}",
        "code": code,
        "situations": [
            {
                "status": each.status,
                "title": each.title,
                "detail": each.detail,
                "detail_en": each.detail_en,
                "advice": ADVICE[each.status][0],
                "advice_en": ADVICE[each.status][1],
            }
            for each in situations(code)
        ],
    }


def as_html(code: str) -> str:
    found = situations(code)
    parts = [f"<h1><code>{escape(code)}</code></h1>"]
    for status in dict.fromkeys(each.status for each in found):
        met = [each for each in found if each.status == status]
        where = f"HTTP {status} {met[0].title}" if status else "Dòng của tệp nhập / row of an import"
        sentences = "".join(f"<blockquote>{both(each.detail, each.detail_en)}</blockquote>" for each in met)
        parts += [f"<h2>{escape(where)}</h2>", sentences, "<h2>Cách xử lý / What to do</h2>"]
        parts.append(both(*ADVICE[status]))
    parts.append(f"<p>{link(PATH, 'Mọi mã lỗi / every code')}</p>")
    return "\n".join(parts)


def index_as_html() -> str:
    rows = [(f"{PATH}/{code}", code, found[0].detail) for code, found in catalogue().items()]
    intro = both(
        "Hệ thống khác rẽ nhánh theo mã; phần {…} trong câu là phần thay đổi.",
        "Other systems branch on the code; {…} in a sentence is what varies.",
    )
    return f"<h1>Mã lỗi / Problem codes</h1>\n{intro}\n{links(rows)}"
