"""The registry of subjects: events, reminders, filters and the API's description follow from SUBJECTS."""

from collections.abc import Mapping

from services.notify.use_cases.reminders.subject import AnySubject
from services.notify.use_cases.subjects import budgets, databases, tasks

SUBJECTS: Mapping[str, AnySubject] = {
    subject.kind: subject for subject in (tasks.SUBJECT, databases.SUBJECT, budgets.SUBJECT)
}


class SubjectSettings(budgets.BudgetSettings):
    """The settings of all subjects."""
