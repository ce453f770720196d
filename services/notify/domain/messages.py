"""What an alert says, in two languages."""

from dataclasses import dataclass
from datetime import date

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
    due = f"{subject.due_on:%d/%m/%Y}"
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
    due = f"{subject.due_on.day} {MONTHS[subject.due_on.month - 1]} {subject.due_on.year}"
    count = f"{abs(days)} day" + ("s" if abs(days) != 1 else "")
    when = f"Due in {count}" if days > 0 else "Due today" if days == 0 else f"Overdue by {count}"
    what = f"“{_shortened(subject.title)}”" + (" without delay" if days < 0 else "")
    sentence = f"{when} ({due}): {subject.agency} is asked to complete {what}"
    return sentence + (f"; deliverable: {_shortened(subject.deliverable)}." if subject.deliverable else ".")


def _shortened(text: str) -> str:
    """One line without its final full stop; cut between words where it is long."""
    line = " ".join(text.split()).rstrip(".;, ")
    if len(line) <= LONGEST_TITLE:
        return line
    return line[:LONGEST_TITLE].rsplit(" ", 1)[0].rstrip(".;, ") + "…"
