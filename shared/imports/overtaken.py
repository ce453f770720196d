"""Imports are judged before they are written; what they are judged by may change in between."""

from shared.errors import Conflict


class Overtaken(Conflict):
    """The import is to be judged again, by what is recorded now; nothing of it was written."""


def overtaken() -> Overtaken:
    return Overtaken(
        "import_overtaken",
        "Trong lúc nhập, dữ liệu liên quan đã thay đổi nhiều lần liên tiếp; chưa ghi gì. Nhập lại tệp.",
        "While the file was being imported, what it is compared with changed several times; nothing was written. Import it again.",
    )
