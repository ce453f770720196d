"""What an alert says, in two languages."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime

from services.notify.domain.budgets import tenths_of_percent
from services.notify.domain.signals import SignalKind
from shared.runtime.clock import LOCAL_ZONE

LONGEST_TITLE = 200  # characters of a title or deliverable inside a message; the payload carries them whole
MONTHS = (
    "January", "February", "March", "April", "May", "June",
    "July", "August", "September", "October", "November", "December",
)  # fmt: skip  # strftime would ask the machine's locale


@dataclass(frozen=True, slots=True)
class Subject:
    """What the sentence is about."""

    agency: str
    title: str
    due_on: date
    deliverable: str | None


def message_vi(subject: Subject, today: date) -> str:
    """The sentence as true on `today`, which after an outage is not the milestone's own day."""
    days = (subject.due_on - today).days
    due = _day_vi(subject.due_on)
    what = f"“{_shortened(subject.title)}”"
    if days > 0:
        sentence = f"Còn {days} ngày đến hạn ({due}): đề nghị {subject.agency} hoàn thành {what}"
    elif days == 0:
        sentence = f"Hôm nay đến hạn ({due}): đề nghị {subject.agency} hoàn thành {what}"
    else:
        sentence = f"Quá hạn {-days} ngày (hạn {due}): đề nghị {subject.agency} khẩn trương hoàn thành {what}"
    return sentence + (f"; sản phẩm: {_shortened(subject.deliverable)}." if subject.deliverable else ".")


def message_en(subject: Subject, today: date) -> str:
    """As `message_vi`, in English."""
    days = (subject.due_on - today).days
    due = _day_en(subject.due_on)
    count = f"{abs(days)} day" + ("s" if abs(days) != 1 else "")
    when = f"Due in {count}" if days > 0 else "Due today" if days == 0 else f"Overdue by {count}"
    what = f"“{_shortened(subject.title)}”" + (" without delay" if days < 0 else "")
    sentence = f"{when} ({due}): {subject.agency} is asked to complete {what}"
    return sentence + (f"; deliverable: {_shortened(subject.deliverable)}." if subject.deliverable else ".")


# --- databases ----------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class DatabaseNews:
    """What became true of a database, and when. The words are those of a contradiction.

    `trouble_since` is what was told last of a silence: a return from before then says that there was none.
    """

    kind: SignalKind
    agency: str
    name: str
    at: datetime
    last_heartbeat_at: datetime | None = None
    words_vi: str = ""
    words_en: str = ""
    trouble_since: datetime | None = None

    @property
    def was_no_loss(self) -> bool:
        return (
            self.kind is SignalKind.RECOVERED
            and self.trouble_since is not None
            and self.at <= self.trouble_since
        )

    @property
    def heard_since(self) -> bool:
        """Whether a heartbeat came after it fell silent, which did not make it up again."""
        return self.last_heartbeat_at is not None and self.last_heartbeat_at > self.at


_SILENCES = frozenset({SignalKind.LATE, SignalKind.DOWN})
_DATABASE_VI: Mapping[SignalKind, str] = {
    SignalKind.LATE: "Chậm tín hiệu từ {at}: đề nghị {agency} kiểm tra kết nối của {name}{last}.",
    SignalKind.DOWN: "Mất tín hiệu từ {at}: đề nghị {agency} khẩn trương khôi phục kết nối của {name}{last}.",
    SignalKind.RECOVERED: "Có tín hiệu trở lại từ {at}: {name} của {agency} đã hoạt động bình thường.",
    SignalKind.OPENED: "Khai báo không khớp thực tế từ {at}: đề nghị {agency} rà soát {name}; {words}.",
    SignalKind.CLOSED: "Khai báo đã khớp thực tế từ {at}: {name} của {agency}; trước đó {words}.",
}
_DATABASE_EN: Mapping[SignalKind, str] = {
    SignalKind.LATE: "Heartbeat late since {at}: {agency} is asked to check the connection of {name}{last}.",
    SignalKind.DOWN: "No heartbeat, down since {at}: {agency} is asked to restore the connection of {name} "
    "without delay{last}.",
    SignalKind.RECOVERED: "Heartbeats again since {at}: {name} of {agency} is working normally.",
    SignalKind.OPENED: "Declared and seen do not agree since {at}: {agency} is asked to review {name}; {words}.",
    SignalKind.CLOSED: "Declared and seen agree again since {at}: {name} of {agency}; before, {words}.",
}


_NO_LOSS_VI = "Không gián đoạn: tín hiệu của {name} ({agency}) gửi đến muộn, cảnh báo từ {told} không còn hiệu lực{last}."
_NO_LOSS_EN = "No interruption: heartbeats of {name} ({agency}) arrived late, what was told since {told} no longer holds{last}."


def database_vi(news: DatabaseNews) -> str:
    last = ""
    if news.last_heartbeat_at is not None:
        only = "từ đó chỉ có tín hiệu lẻ, " if news.heard_since and news.kind in _SILENCES else ""
        last = f"; {only}tín hiệu gần nhất lúc {_instant_vi(news.last_heartbeat_at)}"
    name = f"“{_shortened(news.name)}”"
    template = _NO_LOSS_VI if news.was_no_loss else _DATABASE_VI[news.kind]
    told = _instant_vi(news.trouble_since) if news.trouble_since else ""
    at = _instant_vi(news.at)
    return template.format(at=at, agency=news.agency, name=name, last=last, words=news.words_vi, told=told)


def database_en(news: DatabaseNews) -> str:
    """As `database_vi`, in English."""
    last = ""
    if news.last_heartbeat_at is not None:
        only = "only single heartbeats since, " if news.heard_since and news.kind in _SILENCES else ""
        last = f"; {only}last heartbeat at {_instant_en(news.last_heartbeat_at)}"
    name = f"“{_shortened(news.name)}”"
    template = _NO_LOSS_EN if news.was_no_loss else _DATABASE_EN[news.kind]
    told = _instant_en(news.trouble_since) if news.trouble_since else ""
    at = _instant_en(news.at)
    return template.format(at=at, agency=news.agency, name=name, last=last, words=news.words_en, told=told)


# --- budgets ------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class BudgetNews:
    """How a budget stands on a day; money in đồng.

    `to_spend` (disbursed, and what can still be) and `expected` are said of one that is behind, `since` (first allocation) and `months` of an idle one, `by` of one that is
    not allocated in time.
    """

    kind: SignalKind
    agency: str
    level: str
    year: int
    day: date
    approved: int
    allocated: int
    unallocated: int
    disbursed: int
    to_spend: int
    expected: int
    since: date | None
    months: int
    by: date


_FUNDS_VI = {
    "central": "ngân sách trung ương",
    "province": "ngân sách cấp tỉnh",
    "commune": "ngân sách cấp xã",
}
_FUNDS_EN = {"central": "central", "province": "provincial", "commune": "commune"}
_BUDGET_VI: Mapping[SignalKind, str] = {
    SignalKind.BEHIND: "Giải ngân chậm (đến ngày {day}): đề nghị {agency} đẩy nhanh giải ngân {fund}; mới giải ngân "
    "{disbursed}, đạt {rate} tổng số phải giải ngân trong năm ({to_spend}), trong khi theo tiến độ thời gian cần đạt "
    "{expected}.",
    SignalKind.IDLE: "Chưa giải ngân (đến ngày {day}): đề nghị {agency} triển khai giải ngân {fund}; đã phân bổ "
    "{allocated}, lần đầu ngày {since}, sau {months} tháng vẫn chưa giải ngân.",
    SignalKind.UNALLOCATED: "Chưa phân bổ hết (đến ngày {day}): đề nghị {agency} khẩn trương phân bổ {fund}; còn "
    "{unallocated} trong {approved} được duyệt chưa phân bổ, quá mốc {by}.",
}
_BUDGET_EN: Mapping[SignalKind, str] = {
    SignalKind.BEHIND: "Disbursement behind (by {day}): {agency} is asked to speed up disbursing the {fund}; {disbursed} disbursed, "
    "{rate} of the {to_spend} to be spent in the year, where even spending would be {expected}.",
    SignalKind.IDLE: "Nothing disbursed (by {day}): {agency} is asked to begin disbursing the {fund}; {allocated} allocated, "
    "first on {since}, and nothing disbursed after {months}.",
    SignalKind.UNALLOCATED: "Not all allocated (by {day}): {agency} is asked to allocate the {fund} without delay; "
    "{unallocated} of {approved} approved is unallocated after {by}.",
}


def budget_vi(news: BudgetNews) -> str:
    """The sentence as true on the news' day, which after an outage is not the examination's own."""
    return _BUDGET_VI[news.kind].format(
        day=_day_vi(news.day),
        agency=news.agency,
        fund=f"{_FUNDS_VI[news.level]} năm {news.year}",
        rate=_rate(news).replace(".", ","),
        since=_day_vi(news.since or news.day),
        months=news.months,
        by=_day_vi(news.by),
        **{name: money_vi(amount) for name, amount in _amounts(news).items()},
    )


def budget_en(news: BudgetNews) -> str:
    """As `budget_vi`, in English."""
    return _BUDGET_EN[news.kind].format(
        day=_day_en(news.day),
        agency=news.agency,
        fund=f"{_FUNDS_EN[news.level]} budget of {news.year}",
        rate=_rate(news),
        since=_day_en(news.since or news.day),
        months=f"{news.months} month" + ("s" if news.months != 1 else ""),
        by=_day_en(news.by),
        **{name: money_en(amount) for name, amount in _amounts(news).items()},
    )


def _amounts(news: BudgetNews) -> dict[str, int]:
    names = ("approved", "allocated", "unallocated", "disbursed", "to_spend", "expected")
    return {name: getattr(news, name) for name in names}


def _rate(news: BudgetNews) -> str:
    return f"{_one_place(tenths_of_percent(news.disbursed, news.to_spend) or 0)}%"


def money_vi(dong: int) -> str:
    """As offices write it, to one place: 1.234,5 tỉ đồng; below a million as it is."""
    return _money(dong, ("đồng", "triệu đồng", "tỉ đồng")).translate(_VIETNAMESE_MARKS)


def money_en(dong: int) -> str:
    """1,234.5 billion đồng."""
    return _money(dong, ("đồng", "million đồng", "billion đồng"))


_VIETNAMESE_MARKS = str.maketrans(",.", ".,")
_MILLION, _BILLION = 10**6, 10**9
_NEXT_UNIT = 10_000  # tenths: 999.95 million is a billion already


def _money(dong: int, units: tuple[str, str, str]) -> str:
    if dong < _MILLION:
        return f"{dong:,} {units[0]}"
    millions = _tenths(dong, _MILLION)
    if millions < _NEXT_UNIT:
        return f"{_one_place(millions)} {units[1]}"
    return f"{_one_place(_tenths(dong, _BILLION))} {units[2]}"


def _tenths(dong: int, unit: int) -> int:
    """Halves up, in integers, so that binary fractions move no figure."""
    return (20 * dong + unit) // (2 * unit)


def _one_place(tenths: int) -> str:
    whole, place = divmod(tenths, 10)
    return f"{whole:,}.{place}" if place else f"{whole:,}"


# --- days and titles ----------------------------------------------------------------------------------------------


def _day_vi(day: date) -> str:
    return f"{day:%d/%m/%Y}"


def _day_en(day: date) -> str:
    return f"{day.day} {MONTHS[day.month - 1]} {day.year}"


def _instant_vi(instant: datetime) -> str:
    local = instant.astimezone(LOCAL_ZONE)
    return f"{local:%H:%M} ngày {_day_vi(local.date())}"


def _instant_en(instant: datetime) -> str:
    local = instant.astimezone(LOCAL_ZONE)
    return f"{local:%H:%M} on {_day_en(local.date())}"


def _shortened(text: str) -> str:
    """One line without its final full stop; cut between words where it is long."""
    line = " ".join(text.split()).rstrip(".;, ")
    if len(line) <= LONGEST_TITLE:
        return line
    return line[:LONGEST_TITLE].rsplit(" ", 1)[0].rstrip(".;, ") + "…"
