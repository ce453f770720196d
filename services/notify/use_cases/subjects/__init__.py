"""The subjects of reminders. One that is listed here is consumed, reminded of, filtered by and described everywhere."""

from collections.abc import Mapping

from services.notify.use_cases.reminders.subject import AnySubject
from services.notify.use_cases.subjects import budgets, databases, tasks

SUBJECTS: Mapping[str, AnySubject] = {
    subject.kind: subject for subject in (tasks.SUBJECT, databases.SUBJECT, budgets.SUBJECT)
}


class SubjectSettings(budgets.BudgetSettings):
    """The settings of all subjects."""
