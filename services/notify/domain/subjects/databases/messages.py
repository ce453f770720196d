"""Alerts about databases, in Vietnamese and English."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from services.notify.domain.formats import instant_en, instant_vi, shortened
from services.notify.domain.subjects.databases.changes import TROUBLES, DatabaseKind


@dataclass(frozen=True, slots=True)
class DatabaseChange:
    """A change of a database, and when it became true; `words_vi` and `words_en` describe a contradiction.

    `trouble_since` is the beginning of the silence in the last alert: a recovery from before then means that there was
    no interruption.
    """

    kind: DatabaseKind
    agency: str
    name: str
    at: datetime
    last_heartbeat_at: datetime | None = None
    words_vi: str = ""
    words_en: str = ""
    trouble_since: datetime | None = None

    @property
    def is_no_loss(self) -> bool:
        return (
            self.kind is DatabaseKind.RECOVERED
            and self.trouble_since is not None
            and self.at <= self.trouble_since
        )

    @property
    def heartbeat_since(self) -> bool:
        """True if a heartbeat came after the silence began without making the database up again."""
        return self.last_heartbeat_at is not None and self.last_heartbeat_at > self.at


_VI: Mapping[DatabaseKind, str] = {
    DatabaseKind.LATE: "Chậm tín hiệu từ {at}: đề nghị {agency} kiểm tra kết nối của {name}{last}.",
    DatabaseKind.DOWN: "Mất tín hiệu từ {at}: đề nghị {agency} khẩn trương khôi phục kết nối của {name}{last}.",
    DatabaseKind.RECOVERED: "Có tín hiệu trở lại từ {at}: {name} của {agency} đã hoạt động bình thường.",
    DatabaseKind.OPENED: "Khai báo không khớp thực tế từ {at}: đề nghị {agency} rà soát {name}; {words}.",
    DatabaseKind.CLOSED: "Khai báo đã khớp thực tế từ {at}: {name} của {agency}; trước đó {words}.",
}
_EN: Mapping[DatabaseKind, str] = {
    DatabaseKind.LATE: "Heartbeat late since {at}: {agency} is asked to check the connection of {name}{last}.",
    DatabaseKind.DOWN: "No heartbeat, down since {at}: {agency} is asked to restore the connection of {name} "
    "without delay{last}.",
    DatabaseKind.RECOVERED: "Heartbeats again since {at}: {name} of {agency} is working normally.",
    DatabaseKind.OPENED: "Declared and seen do not agree since {at}: {agency} is asked to review {name}; {words}.",
    DatabaseKind.CLOSED: "Declared and seen agree again since {at}: {name} of {agency}; before, {words}.",
}


_NO_LOSS_VI = "Không gián đoạn: tín hiệu của {name} ({agency}) gửi đến muộn, cảnh báo từ {alerted} không còn hiệu lực{last}."
_NO_LOSS_EN = "No interruption: heartbeats of {name} ({agency}) arrived late, what was told since {alerted} no longer holds{last}."


def message_vi(change: DatabaseChange) -> str:
    last = ""
    if change.last_heartbeat_at is not None:
        prefix = "từ đó chỉ có tín hiệu lẻ, " if change.heartbeat_since and change.kind in TROUBLES else ""
        last = f"; {prefix}tín hiệu gần nhất lúc {instant_vi(change.last_heartbeat_at)}"
    name = f"“{shortened(change.name)}”"
    template = _NO_LOSS_VI if change.is_no_loss else _VI[change.kind]
    alerted = instant_vi(change.trouble_since) if change.trouble_since else ""
    at = instant_vi(change.at)
    return template.format(
        at=at, agency=change.agency, name=name, last=last, words=change.words_vi, alerted=alerted
    )


def message_en(change: DatabaseChange) -> str:
    """As `message_vi`, in English."""
    last = ""
    if change.last_heartbeat_at is not None:
        prefix = (
            "only single heartbeats since, " if change.heartbeat_since and change.kind in TROUBLES else ""
        )
        last = f"; {prefix}last heartbeat at {instant_en(change.last_heartbeat_at)}"
    name = f"“{shortened(change.name)}”"
    template = _NO_LOSS_EN if change.is_no_loss else _EN[change.kind]
    alerted = instant_en(change.trouble_since) if change.trouble_since else ""
    at = instant_en(change.at)
    return template.format(
        at=at, agency=change.agency, name=name, last=last, words=change.words_en, alerted=alerted
    )
