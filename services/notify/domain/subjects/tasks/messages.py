"""Alerts about deadlines, in Vietnamese and English."""

from dataclasses import dataclass
from datetime import date

from services.notify.domain.formats import day_en, day_vi, shortened


@dataclass(frozen=True, slots=True)
class DueTask:
    """A task and the agency that is asked to complete it."""

    agency: str
    title: str
    due_on: date
    deliverable: str | None


def message_vi(task: DueTask, today: date) -> str:
    """The message for `today`, which after an outage is later than the day of the milestone."""
    days = (task.due_on - today).days
    due = day_vi(task.due_on)
    what = f"“{shortened(task.title)}”"
    if days > 0:
        sentence = f"Còn {days} ngày đến hạn ({due}): đề nghị {task.agency} hoàn thành {what}"
    elif days == 0:
        sentence = f"Hôm nay đến hạn ({due}): đề nghị {task.agency} hoàn thành {what}"
    else:
        sentence = f"Quá hạn {-days} ngày (hạn {due}): đề nghị {task.agency} khẩn trương hoàn thành {what}"
    return sentence + (f"; sản phẩm: {shortened(task.deliverable)}." if task.deliverable else ".")


def message_en(task: DueTask, today: date) -> str:
    """As `message_vi`, in English."""
    days = (task.due_on - today).days
    due = day_en(task.due_on)
    count = f"{abs(days)} day" + ("s" if abs(days) != 1 else "")
    when = f"Due in {count}" if days > 0 else "Due today" if days == 0 else f"Overdue by {count}"
    what = f"“{shortened(task.title)}”" + (" without delay" if days < 0 else "")
    sentence = f"{when} ({due}): {task.agency} is asked to complete {what}"
    return sentence + (f"; deliverable: {shortened(task.deliverable)}." if task.deliverable else ".")
